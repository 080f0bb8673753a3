import Glibc
import Synchronization
import USB

/// A thread that accepts connections on a listening socket.
final class BusAcceptor: Sendable {
    private final class Shared: Sendable {
        let wakeup: Wakeup
        let isEnding = Atomic(false)
        init() throws(USBError) { wakeup = try Wakeup() }
    }

    private let shared: Shared
    private let thread: DedicatedThread

    /// Takes over `listener`; closes it when the thread ends. `onConnection` is called on the thread and owns the descriptor.
    init(_ name: String, listener: Int32, onConnection: @escaping @Sendable (Int32) -> Void) throws(USBError) {
        do throws(USBError) {
            let shared = try Shared()
            self.shared = shared
            thread = try DedicatedThread(name) { Self.accept(listener, shared, onConnection) }
        } catch {
            Glibc.close(listener)
            throw error
        }
    }

    /// Accepts nobody any more; returns when the thread is gone.
    func close() async {
        shared.isEnding.store(true, ordering: .releasing)
        shared.wakeup.ring()
        await thread.ended()
    }

    private static func accept(_ listener: Int32, _ shared: Shared, _ onConnection: (Int32) -> Void) {
        defer { Glibc.close(listener) }
        while true {
            var polled = [
                pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
                pollfd(fd: shared.wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            poll(&polled, nfds_t(polled.count), -1)
            if shared.isEnding.load(ordering: .acquiring) { return }
            guard polled[0].revents != 0 else { continue }
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else {
                // Out of descriptors, for one: the connection stays in the queue, so pause.
                poll(nil, 0, 100)
                continue
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            onConnection(descriptor)
        }
    }
}
