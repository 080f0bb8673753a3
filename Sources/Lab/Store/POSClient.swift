import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A point of sale in a few lines: one plain WebSocket connection on loopback, messages in order. What `demo --once` and the console use;
/// nothing in it knows more of the terminal than a stranger's client would.
public final class POSClient: Sendable {
    private let channel: any Channel
    /// Every text message the terminal sends; ends when the connection does.
    public let messages: AsyncStream<String>

    private init(channel: any Channel, messages: AsyncStream<String>) {
        self.channel = channel
        self.messages = messages
    }

    public static func connect(port: Int, on group: any EventLoopGroup) async throws -> POSClient {
        let (messages, continuation) = AsyncStream.makeStream(of: String.self)
        let upgraded = group.next().makePromise(of: Void.self)
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let upgrader = NIOWebSocketClientUpgrader(maxFrameSize: 1 << 24) { channel, _ in
                        channel.pipeline.removeHandler(name: HTTPUpgradeRequest.name).flatMapThrowing {
                            try channel.pipeline.syncOperations.addHandlers(
                                NIOWebSocketFrameAggregator(
                                    minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1 << 16, maxAccumulatedFrameSize: 1 << 24),
                                POSMessageHandler(continuation))
                            upgraded.succeed()
                        }
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers(
                        withClientUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                    try channel.pipeline.syncOperations.addHandler(HTTPUpgradeRequest(port: port), name: HTTPUpgradeRequest.name)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        channel.closeFuture.whenComplete { _ in
            continuation.finish()
            upgraded.fail(LabError(.connectionClosed, "The terminal closed the connection."))
        }
        try await upgraded.futureResult.get()
        return POSClient(channel: channel, messages: messages)
    }

    public func send(_ message: JSONValue) async throws {
        var data = channel.allocator.buffer(capacity: 512)
        data.writeBytes(message.bytes)
        try await channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: data))
    }

    public func close() async {
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: ByteBuffer(bytes: [0x03, 0xE8]))
        try? await channel.writeAndFlush(frame)
        try? await channel.close()
    }
}

/// Sends the upgrade request once connected, then leaves the pipeline.
private final class HTTPUpgradeRequest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    static let name = "upgrade request"

    private let port: Int

    init(port: Int) { self.port = port }

    func channelActive(context: ChannelHandlerContext) {
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/", headers: ["Host": "127.0.0.1:\(port)", "Content-Length": "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    /// An answer that arrives here is a refusal: an upgrade would have changed the pipeline first.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }
}

private final class POSMessageHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let continuation: AsyncStream<String>.Continuation

    init(_ continuation: AsyncStream<String>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text: continuation.yield(String(buffer: frame.unmaskedData))
        case .ping:
            context.writeAndFlush(
                wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData)), promise: nil)
        case .connectionClose: context.close(promise: nil)
        default: break
        }
    }
}
