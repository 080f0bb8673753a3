import Glibc
import Synchronization

/// Runs blocking calls one after the other on one thread, and answers asynchronously.
final class CommandThread: Sendable {
    private struct Queue {
        var jobs: [@Sendable () -> Void] = []
        var isEnding = false
    }

    /// Shared with the running thread.
    private final class Mailbox: Sendable {
        let queue = Mutex(Queue())
        let wakeup: Wakeup
        init(_ wakeup: Wakeup) { self.wakeup = wakeup }
    }

    private let mailbox: Mailbox
    private let thread: DedicatedThread

    init(_ name: String) throws(USBError) {
        let mailbox = Mailbox(try Wakeup())
        self.mailbox = mailbox
        thread = try DedicatedThread(name) {
            while true {
                let (jobs, isEnding) = mailbox.queue.withLock { queue in
                    defer { queue.jobs = [] }
                    return (queue.jobs, queue.isEnding)
                }
                for job in jobs { job() }
                if jobs.isEmpty {
                    if isEnding { return }
                    var poll = pollfd(fd: mailbox.wakeup.descriptor, events: Int16(POLLIN), revents: 0)
                    _ = Glibc.poll(&poll, 1, -1)
                    mailbox.wakeup.silence()
                }
            }
        }
    }

    /// Runs `body` on the thread. Throws what it throws, and `.closed` after `end()`.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws(USBError) -> Value) async throws(USBError) -> Value {
        let result: Result<Value, USBError> = await withCheckedContinuation { continuation in
            let isAccepted = mailbox.queue.withLock { queue in
                guard !queue.isEnding else { return false }
                queue.jobs.append { continuation.resume(returning: Result(catching: body)) }
                return true
            }
            if isAccepted {
                mailbox.wakeup.ring()
            } else {
                continuation.resume(returning: .failure(USBError(.closed, "The bus was closed.")))
            }
        }
        return try result.get()
    }

    /// Finishes what is queued and ends the thread.
    func end() async {
        askToEnd()
        await thread.ended()
    }

    private func askToEnd() {
        mailbox.queue.withLock { $0.isEnding = true }
        mailbox.wakeup.ring()
    }

    deinit { askToEnd() }
}
