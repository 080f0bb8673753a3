import NIOCore
import NIOPosix

/// The terminal's WebSocket stack as a server that sends back what it gets: for conformance suites such as Autobahn. Loopback only.
public final class EchoServer: Sendable {
    /// The port opened.
    public let port: Int
    private let channel: any Channel

    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - messageLimit: longest message, in bytes.
    /// - Throws: `POSServerError` with `.listen`.
    public init(port: Int = 9001, messageLimit: Int = 16 << 20) async throws(POSServerError) {
        let rules = HandshakeRules(origins: nil)
        do {
            channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try WebSocketUpgrade.configure(channel, frameLimit: messageLimit) { _, head in
                            rules.verdict(on: head)
                        } makeHandler: { _ in
                            WebSocketHandler(
                                session: EchoSession(), messageLimit: messageLimit, binaryAllowed: true, slowReader: .wait,
                                closingTime: .seconds(2))
                        }
                    }
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
    func received(_ message: ByteBuffer, isText: Bool) { connection?.send(message, isText: isText) }
    func closed() { connection = nil }
}
