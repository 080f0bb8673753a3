import Logging
import NIOCore
import NIOPosix
import Terminal

#if canImport(Glibc)
    import Glibc
#endif

/// The POS API of one terminal: WebSocket on the configured addresses (pos-protocol, section 1). Everything runs on one event loop.
public final class POSServer: Sendable {
    /// The ports opened; `nil` for one that the configuration leaves closed.
    public struct Ports: Sendable, Hashable {
        public var port: Int?
        public var tlsPort: Int?
    }

    public enum ShutdownReason: Sendable {
        /// Connections are closed 1001 "terminal restart".
        case restart
        /// A journal write failed: connections are closed 1011 and nothing more is told (pos-protocol, section 5).
        case journalFailed
    }

    /// What lives on the loop.
    private struct Interior {
        var door: FrontDoor
        var desk: POSFrontDesk
        var listeners: [any Channel] = []
    }

    private let configuration: POSServerConfiguration
    private let logger: Logger
    private let loop: any EventLoop
    private let interior: NIOLoopBoundBox<Interior>
    private let presence: AsyncStream<(POSPresence, TransactionID)>.Continuation
    private let presenceTask: Task<Void, Never>
    private let eventTask: Task<Void, Never>

    /// - Parameter eventLoop: where all of it runs; one of the process's shared loops unless given.
    /// - Throws: `.tls` when certificate or key do not serve.
    public init(
        configuration: POSServerConfiguration, terminal: any PaymentTerminal, operations: any OperationPerforming = NoOperations(),
        clock: any ServerClock = SystemServerClock(), logger: Logger,
        eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) throws(POSServerError) {
        let tls = try configuration.tls?.makeContext()
        let (stream, presence) = AsyncStream.makeStream(of: (POSPresence, TransactionID).self)
        let desk = POSFrontDesk(
            configuration: configuration, terminal: terminal, operations: operations, clock: clock, logger: logger, loop: eventLoop,
            presence: presence)
        let door = FrontDoor(configuration: configuration, tls: tls, clock: clock, logger: logger) { peer, isTrusted in
            WebSocketHandler(
                session: POSConnection(frontDesk: desk, peer: peer, isTrusted: isTrusted), messageLimit: configuration.messageLimit,
                binaryAllowed: false, slowReader: .drop(after: configuration.queueLimit), closingTime: configuration.times.closing,
                messageTime: configuration.times.message)
        }
        self.configuration = configuration
        self.logger = logger
        self.presence = presence
        loop = eventLoop
        interior = .makeBoxSendingValue(Interior(door: door, desk: desk), eventLoop: eventLoop)
        presenceTask = Task {
            for await (presence, transaction) in stream { await terminal.presence(presence, of: transaction) }
        }
        let (loop, interior) = (loop, interior)
        let events = operations.events()
        eventTask = Task {
            for await event in events { loop.execute { interior.value.desk.handle(.happened(event)) } }
        }
    }

    deinit {
        presence.finish()
        eventTask.cancel()
    }

    /// Opens the ports. Once.
    /// - Throws: `.listen` naming the address and port that could not be opened; none is open then.
    public func start() async throws(POSServerError) -> Ports {
        var ports = Ports(port: configuration.port, tlsPort: configuration.tls == nil ? nil : configuration.tlsPort)
        if configuration.plainFromAnywhere {
            logger.warning(
                "UNENCRYPTED POS connections are accepted from other machines: everyone on the network can read and change them (pos.plainFromAnywhere)"
            )
        }
        do throws(POSServerError) {
            for address in configuration.addresses {
                if let port = ports.port { ports.port = try await listen(address, port, tlsOnly: false) }
                if let port = ports.tlsPort { ports.tlsPort = try await listen(address, port, tlsOnly: true) }
            }
        } catch {
            await closeListeners()
            throw error
        }
        let (interior, origins) = (interior, configuration.origins.union(ownOrigins(ports)))
        try? await loop.submit { interior.value.door.rules = HandshakeRules(origins: origins) }.get()
        return ports
    }

    /// Closes ports and connections; returns when all are gone, at the latest after the closing time.
    /// - Parameter event: told to those that asked for its topic, before their connections are closed.
    public func shutdown(_ reason: ShutdownReason = .restart, announcing event: TerminalEvent? = nil) async {
        await closeListeners()
        let (interior, loop) = (interior, loop)
        let allClosed = loop.flatSubmit {
            interior.value.door.shut()
            if let event { interior.value.desk.handle(.happened(event)) }
            switch reason {
            case .restart: interior.value.desk.handle(.shutdown(.goingAway, "terminal restart"))
            case .journalFailed: interior.value.desk.handle(.shutdown(.internalError, "internal error"))
            }
            return EventLoopFuture.andAllComplete(interior.value.door.channels.values.map(\.closeFuture), on: loop)
        }
        try? await allClosed.get()
        eventTask.cancel()
        presence.finish()
        await presenceTask.value
    }

    /// Takes effect for new connections.
    public func replaceTLS(_ tls: POSServerTLS) async throws(POSServerError) {
        let context = try tls.makeContext()
        let interior = interior
        try? await loop.submit { interior.value.door.tls = context }.get()
    }

    private func listen(_ address: String, _ port: Int, tlsOnly: Bool) async throws(POSServerError) -> Int {
        let interior = interior
        do {
            let channel = try await ServerBootstrap(group: loop)
                .serverChannelOption(.backlog, value: 64)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                // Dead idle peers are found by the kernel: probes after a minute of silence, gone after four without an answer.
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
                .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 60)
                .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 15)
                .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 4)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try interior.value.door.accept(channel, tlsOnly: tlsOnly) }
                }
                .bind(host: address, port: port).get()
            try await loop.submit { interior.value.listeners.append(channel) }.get()
            return channel.localAddress?.port ?? port
        } catch {
            throw POSServerError(
                .listen, "\(address) port \(port) cannot be opened: \(error)",
                remedy: "Another program may use it, or the address is not this machine's.")
        }
    }

    private func closeListeners() async {
        let (interior, loop) = (interior, loop)
        let closed = loop.flatSubmit {
            let listeners = interior.value.listeners
            interior.value.listeners = []
            return EventLoopFuture.andAllComplete(listeners.map { $0.close() }, on: loop)
        }
        try? await closed.get()
    }

    /// Origins of the pages that this server serves itself.
    private func ownOrigins(_ ports: Ports) -> Set<String> {
        var origins: Set<String> = []
        for host in Set(configuration.addresses).union(["localhost", "127.0.0.1", "::1"]) {
            let name = host.contains(":") ? "[\(host)]" : host
            if let port = ports.port { origins.formUnion(["http://\(name):\(port)", "https://\(name):\(port)"]) }
            if let port = ports.tlsPort { origins.insert("https://\(name):\(port)") }
        }
        return origins
    }
}
