import Glibc
import Logging
import Synchronization
import USB

/// Serves a bus to other processes over a Unix domain socket: the lab's end. When a terminal goes, killed or not, what it had open is
/// closed, and the next may connect.
public final class SocketBusServer: Sendable {
    private struct State {
        var sessions: [ObjectIdentifier: SocketBusSession] = [:]
        var isClosed = false
    }

    /// Shared with the thread that accepts.
    private final class Shared: Sendable {
        let bus: any USBBus
        let logger: Logger
        let state = Mutex(State())
        let side = Broadcast<[UInt8]>(keeping: 256)
        let clients = Broadcast<Int>(keeping: 0)

        init(_ bus: any USBBus, _ logger: Logger) {
            self.bus = bus
            self.logger = logger
        }

        func forget(_ session: SocketBusSession) {
            state.withLock { state in
                state.sessions[ObjectIdentifier(session)] = nil
                clients.say(state.sessions.count)
            }
        }
    }

    private let shared: Shared
    private let path: String
    private let acceptor: BusAcceptor

    /// Listens at `path`, which only this user may connect to; a socket left there by an earlier process is replaced.
    public init(serving bus: any USBBus, at path: String, logger: Logger = Logger(label: "lab.bus")) throws(USBError) {
        let shared = Shared(bus, logger)
        self.shared = shared
        self.path = path
        acceptor = try BusAcceptor("lab-bus-accept", listener: try Self.listen(at: path)) { Self.serve($0, shared) }
    }

    /// Sends a side message to every connected terminal. Answers whether there was one.
    @discardableResult
    public func sendSide(_ bytes: [UInt8]) -> Bool {
        let sessions = shared.state.withLock { Array($0.sessions.values) }
        for session in sessions { session.sendSide(bytes) }
        return !sessions.isEmpty
    }

    /// The terminals' side messages. Those that came before the first call are kept for it (up to 256).
    public func sideMessages() -> AsyncStream<[UInt8]> { shared.side.listen() }

    /// How many terminals are connected: now, and after every change. One that has gone is no longer counted when everything it had open
    /// is closed.
    public func clients() -> AsyncStream<Int> { shared.clients.listen(first: shared.state.withLock { $0.sessions.count }) }

    /// Ends all connections and removes the socket. The bus itself stays open.
    public func close() async {
        let sessions: [SocketBusSession]? = shared.state.withLock { state in
            guard !state.isClosed else { return nil }
            state.isClosed = true
            return Array(state.sessions.values)
        }
        guard let sessions else { return }
        await acceptor.close()
        unlink(path)
        for session in sessions { await session.close() }
        shared.side.finish()
        shared.clients.finish()
    }

    private static func listen(at path: String) throws(USBError) -> Int32 {
        let descriptor = try BusSocket.make()
        do throws(USBError) {
            unlink(path)
            guard try BusSocket.with(path, { bind(descriptor, $0, $1) }) == 0 else { throw BusSocket.failed("bind \(path)") }
            // Nobody can connect before `listen`.
            guard chmod(path, 0o600) == 0, Glibc.listen(descriptor, 4) == 0 else { throw BusSocket.failed("listen \(path)") }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func serve(_ descriptor: Int32, _ shared: Shared) {
        do throws(USBError) {
            let session = SocketBusSession(shared.bus, try BusConnection(descriptor))
            let isAccepted = shared.state.withLock { state in
                guard !state.isClosed else { return false }
                state.sessions[ObjectIdentifier(session)] = session
                shared.clients.say(state.sessions.count)
                return true
            }
            guard isAccepted else { return }
            do throws(USBError) {
                try session.start(
                    onSide: { shared.side.say($0) },
                    onEnd: { session, reason in
                        if let reason { shared.logger.warning("terminal sent a malformed frame", metadata: ["reason": "\(reason)"]) }
                        shared.forget(session)
                    })
            } catch {
                shared.forget(session)
                throw error
            }
        } catch {
            shared.logger.error("terminal not served", metadata: ["error": "\(error)"])
        }
    }
}
