import Glibc
import Synchronization
import USB

/// One end of a socket of the lab's buses, with a thread that reads it. Writing happens at once where the socket takes it; what it does not
/// take is written by the thread, so that nobody who sends ever waits.
final class BusConnection: Sendable {
    private struct State {
        /// -1 when closed.
        var descriptor: Int32
        var unsent: [UInt8] = []
        /// Somebody is writing, without the lock; what is to be sent meanwhile waits in `unsent`.
        var isWriting = false
        var isEnding = false
    }

    /// Shared with the running thread.
    private final class Shared: Sendable {
        let state: Mutex<State>
        let wakeup: Wakeup

        init(_ descriptor: Int32, _ wakeup: Wakeup) {
            state = Mutex(State(descriptor: descriptor))
            self.wakeup = wakeup
        }

        func look() -> (descriptor: Int32, hasUnsent: Bool, isEnding: Bool) {
            state.withLock { ($0.descriptor, !$0.unsent.isEmpty && !$0.isWriting, $0.isEnding) }
        }

        deinit {
            // Of a connection that was never started.
            let descriptor = state.withLock { $0.descriptor }
            if descriptor >= 0 { Glibc.close(descriptor) }
        }
    }

    private let shared: Shared
    private let thread: Mutex<DedicatedThread?> = Mutex(nil)

    /// A peer that leaves this much unread is given up.
    private static let mostUnsent = 16 << 20

    /// Takes over the connected socket `descriptor`, closes it when the thread ends.
    init(_ descriptor: Int32) throws(USBError) {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        do throws(USBError) {
            shared = Shared(descriptor, try Wakeup())
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    /// Makes what a connection does with the bytes that arrive; it answers what was malformed, which ends the connection.
    typealias Reading = (ArraySlice<UInt8>) -> String?

    /// Starts reading. All closures are called on the connection's thread and must not block; `reading` once, at the start, and `onEnd` once,
    /// with the reason where the peer sent something malformed.
    func start(
        _ name: String, reading: @escaping @Sendable () -> Reading, onEnd: @escaping @Sendable (String?) -> Void
    ) throws(USBError) {
        let shared = shared
        let thread = try DedicatedThread(name) {
            let reason = Self.read(shared, reading())
            shared.state.withLock { state in
                // Whoever writes just now closes it afterwards.
                if !state.isWriting { Glibc.close(state.descriptor) }
                state.descriptor = -1
                state.unsent = []
            }
            onEnd(reason)
        }
        self.thread.withLock { $0 = thread }
    }

    /// The same for the frames between lab and terminal.
    func start(
        _ name: String, onFrame: @escaping @Sendable (BusFrame) -> Void, onEnd: @escaping @Sendable (String?) -> Void
    ) throws(USBError) {
        try start(
            name,
            reading: {
                var decoder = BusFrameDecoder()
                return { bytes in
                    decoder.append(bytes)
                    while true {
                        switch decoder.next() {
                        case .needMore: return nil
                        case .frame(let frame): onFrame(frame)
                        case .malformed(let reason): return reason
                        }
                    }
                }
            }, onEnd: onEnd)
    }

    func send(_ frame: BusFrame) { send(frame.bytes) }

    /// Sends bytes; nothing happens when the connection has ended.
    func send(_ bytes: [UInt8]) {
        let turn = shared.state.withLock { state -> Turn in
            guard state.descriptor >= 0, !state.isEnding else { return .nothing }
            if state.unsent.isEmpty, !state.isWriting {
                state.isWriting = true
                return .write(state.descriptor)
            }
            state.unsent += bytes
            if state.unsent.count > Self.mostUnsent { state.isEnding = true }
            // Whoever writes looks once more afterwards.
            return state.isWriting && !state.isEnding ? .nothing : .thread
        }
        switch turn {
        case .nothing: break
        case .thread: shared.wakeup.ring()
        case .write(let descriptor): write(bytes, descriptor)
        }
    }

    private enum Turn {
        case nothing
        case thread
        case write(Int32)
    }

    /// Without the lock: the peer may run, and answer, before the call returns.
    private func write(_ bytes: [UInt8], _ descriptor: Int32) {
        let sent = max(0, Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)))
        let needsThread = shared.state.withLock { state in
            state.isWriting = false
            guard state.descriptor >= 0 else {
                Glibc.close(descriptor)
                return false
            }
            state.unsent.insert(contentsOf: bytes.dropFirst(sent), at: 0)
            return !state.unsent.isEmpty || state.isEnding
        }
        if needsThread { shared.wakeup.ring() }
    }

    /// Asks the thread to end.
    func close() {
        shared.state.withLock { $0.isEnding = true }
        shared.wakeup.ring()
    }

    /// Waits until the thread is gone, after `close()` or the peer's end.
    func ended() async {
        await thread.withLock { $0 }?.ended()
    }

    private static func flush(_ state: inout State) {
        guard !state.isWriting else { return }
        while !state.unsent.isEmpty {
            let sent = Glibc.send(state.descriptor, state.unsent, state.unsent.count, Int32(MSG_NOSIGNAL))
            // Full, or broken; the reading thread notices the latter.
            guard sent > 0 else { return }
            state.unsent.removeFirst(sent)
        }
    }

    /// Reads until the end. Answers what was malformed, if that was the end.
    private static func read(_ shared: Shared, _ take: Reading) -> String? {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        // Looked at again only when somebody rang: the one who sends holds the lock while the peer is already answering.
        var (descriptor, hasUnsent, isEnding) = shared.look()
        while !isEnding {
            var polled = (
                pollfd(fd: descriptor, events: Int16(hasUnsent ? POLLIN | POLLOUT : POLLIN), revents: 0),
                pollfd(fd: shared.wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            )
            withUnsafeMutableBytes(of: &polled) { _ = poll($0.baseAddress?.assumingMemoryBound(to: pollfd.self), 2, -1) }
            if polled.1.revents != 0 { shared.wakeup.silence() }
            if Int32(polled.0.revents) & POLLOUT != 0 { shared.state.withLock { flush(&$0) } }
            if polled.1.revents != 0 || Int32(polled.0.revents) & POLLOUT != 0 { (descriptor, hasUnsent, isEnding) = shared.look() }
            guard !isEnding, Int32(polled.0.revents) & ~POLLOUT != 0 else { continue }
            let count = Glibc.recv(descriptor, &block, block.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { return nil }
            if let reason = take(block.prefix(count)) { return reason }
        }
        return nil
    }
}

/// Addresses of Unix domain sockets.
enum BusSocket {
    /// A new stream socket, not inherited by child processes.
    static func make() throws(USBError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failed("socket") }
        return descriptor
    }

    /// Calls `bind` or `connect` with the address of `path`.
    static func with(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws(USBError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < room else {
            throw USBError(.unavailable, "The socket's path has \(bytes.count) bytes; 1 to \(room - 1) are possible.")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    static func failed(_ action: String) -> USBError {
        USBError(.unavailable, "The lab's USB bus: \(action): \(String(cString: strerror(errno))).")
    }
}
