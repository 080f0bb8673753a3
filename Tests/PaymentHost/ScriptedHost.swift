import ISO8583
import Keys
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

@testable import PaymentHost

/// A host on loopback that does with each message what the test says. Network messages are accepted by themselves.
final class ScriptedHost: Sendable {
    /// One connection, for the script to answer on.
    struct Connection: Sendable {
        let fixture: HostFixture
        let channel: any Channel

        func send(_ message: Message, spoilingMAC: Bool = false) throws { send(try fixture.frame(message, spoilingMAC: spoilingMAC)) }
        func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
        func close() { channel.close(promise: nil) }
    }

    typealias Script = @Sendable (Message, Connection) throws -> Void

    let port: Int
    /// Every message that arrived.
    let messages: AsyncStream<Message>
    private let server: any Channel
    private let connections: NIOLockedValueBox<[any Channel]>

    private init(_ server: any Channel, _ messages: AsyncStream<Message>, _ connections: NIOLockedValueBox<[any Channel]>) {
        self.server = server
        port = server.localAddress?.port ?? 0
        self.messages = messages
        self.connections = connections
    }

    static func start(_ fixture: HostFixture, tls: NIOSSLContext?, port: Int = 0, _ script: @escaping Script) async throws -> ScriptedHost {
        let (stream, arrived) = AsyncStream.makeStream(of: Message.self)
        let connections = NIOLockedValueBox<[any Channel]>([])
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.withLockedValue { $0.append(channel) }
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(Handler(fixture, channel, arrived, script))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return ScriptedHost(server, stream, connections)
    }

    func stop() async {
        try? await server.close()
        for channel in connections.withLockedValue({ $0 }) { try? await channel.close() }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let connection: Connection
        private let arrived: AsyncStream<Message>.Continuation
        private let script: Script
        private var frames: FrameDecoder

        init(_ fixture: HostFixture, _ channel: any Channel, _ arrived: AsyncStream<Message>.Continuation, _ script: @escaping Script) {
            connection = Connection(fixture: fixture, channel: channel)
            self.arrived = arrived
            self.script = script
            frames = FrameDecoder(header: fixture.dialect.header)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            frames.append(Self.unwrapInboundIn(data).readableBytesView)
            while case .frame(let frame) = frames.next() {
                do {
                    let received = try connection.fixture.mapping.decode(frame)
                    if let fault = connection.fixture.mapping.macFault(received, under: connection.fixture.mapping.macKey) { throw fault }
                    if received.message.mti == "1804" {
                        try connection.send(connection.fixture.answer(to: received.message, "800"))
                    } else {
                        try script(received.message, connection)
                    }
                    arrived.yield(received.message)
                } catch { context.fireErrorCaught(error) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// Collects log lines.
struct LogCollector: LogHandler {
    let lines = NIOLockedValueBox<[String]>([])
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.withLockedValue { $0.append("\(event.message)") } }
}
