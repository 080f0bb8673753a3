import Logging
import NIOCore
import NIOPosix
import Terminal

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

    private let configuration: POSServerConfiguration

    /// - Parameter eventLoop: where all of it runs; one of the process's shared loops unless given.
    /// - Throws: `.tls` when certificate or key do not serve.
    public init(
        configuration: POSServerConfiguration, terminal: any PaymentTerminal, clock: any ServerClock = SystemServerClock(), logger: Logger,
        eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) throws(POSServerError) {
        self.configuration = configuration
    }

    /// Opens the ports. Once.
    /// - Throws: `.listen` naming the address and port that could not be opened; none is open then.
    public func start() async throws(POSServerError) -> Ports {
        Ports(port: configuration.port, tlsPort: configuration.tlsPort)
    }

    /// Closes ports and connections; returns when all are gone, at the latest after the closing time.
    public func shutdown(_ reason: ShutdownReason = .restart) async {}

    /// Takes effect for new connections.
    public func replaceTLS(_ tls: POSServerTLS) throws(POSServerError) {}
}
