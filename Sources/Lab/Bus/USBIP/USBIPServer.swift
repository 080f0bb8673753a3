import Glibc
import Logging
import Synchronization
import USB

/// Exports the virtual devices of a bus over TCP, as `usbipd` exports real ones: `usbip list -r 127.0.0.1` shows them and
/// `usbip attach -r 127.0.0.1 -b lab-1` plugs one into that machine's kernel. Listens on loopback only: the protocol knows no keys.
public final class USBIPServer: Sendable {
    private struct State {
        var isClosed = false
        var connections: [ObjectIdentifier: BusConnection] = [:]
        /// Who has imported what.
        var imported: [USBBusPath: USBIPSession] = [:]
    }

    private final class Shared: Sendable {
        let bus: MemoryBus
        let logger: Logger
        let state = Mutex(State())

        init(_ bus: MemoryBus, _ logger: Logger) {
            self.bus = bus
            self.logger = logger
        }
    }

    /// Where it listens.
    public let port: Int
    private let shared: Shared
    private let acceptor: BusAcceptor

    /// - Parameter port: 0 for any.
    public init(
        serving bus: MemoryBus, port: Int, logger: Logger = Logger(label: "lab.usbip")
    ) throws(USBError) {
        let shared = Shared(bus, logger)
        let (listener, port) = try LoopbackSocket.listen(port: port)
        self.shared = shared
        self.port = port
        acceptor = try BusAcceptor("lab-usbip", listener: listener) { Self.serve($0, shared) }
    }

    /// Ends all connections, as unplugging every device would. The bus itself stays open.
    public func close() async {
        await acceptor.close()
        let connections = shared.state.withLock { state in
            state.isClosed = true
            return Array(state.connections.values)
        }
        for connection in connections { connection.close() }
        for connection in connections { await connection.ended() }
    }

    private static func serve(_ descriptor: Int32, _ shared: Shared) {
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        do throws(USBError) {
            let connection = try BusConnection(descriptor)
            let isAccepted = shared.state.withLock { state in
                if !state.isClosed { state.connections[ObjectIdentifier(connection)] = connection }
                return !state.isClosed
            }
            guard isAccepted else { return }
            let peer = Peer(connection, shared)
            do throws(USBError) {
                try connection.start("lab-usbip-peer", reading: { { peer.take($0) } }, onEnd: { peer.ended($0) })
            } catch {
                shared.state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
                throw error
            }
        } catch {
            shared.logger.error("importer not served", metadata: ["error": "\(error)"])
        }
    }

    /// One connection: operations first, then one device's transfers.
    private final class Peer: Sendable {
        private struct Progress {
            var decoder = USBIPDecoder()
            var session: (path: USBBusPath, session: USBIPSession)?
        }

        private let connection: BusConnection
        private let shared: Shared
        private let progress = Mutex(Progress())

        init(_ connection: BusConnection, _ shared: Shared) {
            self.connection = connection
            self.shared = shared
        }

        func take(_ bytes: ArraySlice<UInt8>) -> String? {
            progress.withLock { $0.decoder.append(bytes) }
            while true {
                // Apart from the session's work, which calls the port and comes back on whatever thread.
                let (step, session) = progress.withLock { ($0.decoder.next(), $0.session?.session) }
                switch step {
                case .needMore: return nil
                case .malformed(let reason): return reason
                case .request(.deviceList):
                    connection.send(USBIPReply.deviceList(shared.bus.devices.enumerated().map { Self.export($1, $0) }))
                case .request(.importDevice(let busID)): importDevice(busID)
                case .request(let request): if let reason = session?.received(request) { return reason }
                }
            }
        }

        func ended(_ reason: String?) {
            if let reason { shared.logger.warning("importer sent something malformed", metadata: ["reason": "\(reason)"]) }
            let imported = progress.withLock { $0.session }
            imported?.session.ended()
            shared.state.withLock { state in
                state.connections[ObjectIdentifier(connection)] = nil
                if let imported, state.imported[imported.path] === imported.session { state.imported[imported.path] = nil }
            }
        }

        private func importDevice(_ busID: String) {
            let devices = shared.bus.devices.enumerated().map { Self.export($1, $0) }
            guard let device = devices.first(where: { $0.busID == busID }), let port = try? shared.bus.port(device.info.path) else {
                return connection.send(USBIPReply.importRefused(.noDevice))
            }
            let session = USBIPSession(port, connection)
            let isFree = shared.state.withLock { state in
                guard state.imported[device.info.path] == nil else { return false }
                state.imported[device.info.path] = session
                return true
            }
            guard isFree else { return connection.send(USBIPReply.importRefused(.busy)) }
            progress.withLock { progress in
                progress.session = (device.info.path, session)
                progress.decoder.phase = .transfers
            }
            let connection = connection
            port.whenRemoved { connection.close() }
            connection.send(USBIPReply.imported(device))
        }

        private static func export(_ info: USBDeviceInfo, _ index: Int) -> USBIPExport {
            USBIPExport(info: info, number: UInt32(clamping: index + 1))
        }
    }
}

/// TCP on loopback.
enum LoopbackSocket {
    /// A listening socket and its port.
    static func listen(port: Int) throws(USBError) -> (descriptor: Int32, port: Int) {
        guard let number = UInt16(exactly: port) else { throw USBError(.unavailable, "There is no port \(port).") }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw BusSocket.failed("socket") }
        var isOn: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 4) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard status else {
            let error = BusSocket.failed("listening on port \(port)")
            Glibc.close(descriptor)
            throw error
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
