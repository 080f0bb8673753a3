import Logging
import NIOCore
import NIOPosix
import Terminal

/// The terminal's POS port as a server that sends back what it gets: for conformance suites such as Autobahn. First byte, TLS, handshake, frames and
/// messages are those of production; longer messages and binary ones are taken, and a slow reader is waited for. Loopback only.
public final class EchoServer: Sendable {
    /// The port opened; plain or TLS by the first byte.
    public let port: Int
    private let channel: any Channel

    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - messageLimit: longest message, in bytes.
    ///   - tls: `nil`: plain only.
    /// - Throws: `POSServerError` with `.listen` or `.tls`.
    public init(port: Int = 9001, messageLimit: Int = 16 << 20, tls: POSServerTLS? = nil) async throws(POSServerError) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let context = try tls?.makeContext()
        var configuration = POSServerConfiguration()
        configuration.messageLimit = messageLimit
        let door = FrontDoor(
            configuration: configuration, tls: context, clock: SystemServerClock(),
            logger: Logger(label: "echo") { _ in SwiftLogNoOpLogHandler() }
        ) { _, _ in
            WebSocketHandler(
                session: EchoSession(), messageLimit: messageLimit, binaryAllowed: true, slowReader: .wait, closingTime: .seconds(2))
        }
        door.rules = HandshakeRules(origins: nil)
        let bound = NIOLoopBoundBox.makeBoxSendingValue(door, eventLoop: loop)
        do {
            channel = try await ServerBootstrap(group: loop)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try bound.value.accept(channel, tlsOnly: false) }
                }
                .bind(host: "127.0.0.1", port: port).get()
        } catch {
            throw POSServerError(.listen, "127.0.0.1:\(port) cannot be opened: \(error)")
        }
        self.port = channel.localAddress?.port ?? port
    }

    public func shutdown() async { try? await channel.close() }
}

private final class EchoSession: WebSocketSession {
    private var connection: WebSocketHandler?

    func opened(_ connection: WebSocketHandler) { self.connection = connection }
    func bytesArrived() {}
    func received(_ message: ByteBuffer, isText: Bool) {
        connection?.send(OutgoingFrame(isText ? .text : .binary, message.readableBytesView))
    }
    func closed() { connection = nil }
}
