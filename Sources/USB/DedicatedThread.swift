import Glibc
import Synchronization

/// A thread of its own for what blocks: waiting in C libraries and in the kernel, which Swift's cooperative threads must not do.
package final class DedicatedThread: Sendable {
    private struct State {
        var hasEnded = false
        var isJoined = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// What the new thread gets; shared with nobody else.
    private final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let thread: pthread_t
    private let state: SharedState

    /// Apart from the thread object, so that the running thread does not keep that alive.
    private final class SharedState: Sendable {
        let mutex = Mutex(State())
    }

    /// - Parameter name: at most 15 bytes, as `ps -T` shows it.
    package init(_ name: String, body: @escaping @Sendable () -> Void) throws(USBError) {
        let state = SharedState()
        let start = Start {
            Self.nameThisThread(name)
            body()
            let waiters = state.mutex.withLock { state in
                state.hasEnded = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
        let argument = Unmanaged.passRetained(start)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            throw USBError(.unavailable, "No thread \(name): \(String(cString: strerror(status))).")
        }
        self.thread = thread
        self.state = state
    }

    private static func nameThisThread(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, name, name.utf8.count)
        close(file)
    }

    /// Waits until the body has returned and the thread is gone. Whoever asks the body to return does so before.
    package func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.mutex.withLock { state in
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
        let isFirst = state.mutex.withLock { state in
            defer { state.isJoined = true }
            return !state.isJoined
        }
        // The body is over: this waits only for the thread's last instructions.
        if isFirst { pthread_join(thread, nil) }
    }

    deinit {
        if !state.mutex.withLock({ $0.isJoined }) { pthread_detach(thread) }
    }
}
