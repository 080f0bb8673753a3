import NIOCore
import NIOHTTP1
import NIOPosix

/// One request of the control interface, whole.
public struct ControlRequest: Sendable {
    public var method: String
    /// Without query.
    public var path: String
    public var body: [UInt8]
}

public struct ControlResponse: Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]

    public init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// A small HTTP/1.1 server on loopback for the lab's control interface and console. It is no part of a production terminal.
public final class ControlServer: Sendable {
    public typealias Handler = @Sendable (ControlRequest) async -> ControlResponse

    private let channel: any Channel
    public let port: Int

    private init(channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    /// Listens on 127.0.0.1; port 0 takes any free one.
    public static func start(port: Int, on group: any EventLoopGroup, handler: @escaping Handler) async throws -> ControlServer {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(ControlRequestHandler(handler))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return ControlServer(channel: channel, port: channel.localAddress?.port ?? port)
    }

    public func close() async { try? await channel.close() }
}

/// Collects one request at a time, asks the handler, answers, goes on with the next.
private final class ControlRequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimit = 1 << 20
    private let handler: ControlServer.Handler
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ handler: @escaping ControlServer.Handler) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part):
            guard body.count + part.readableBytes <= Self.bodyLimit else {
                context.close(promise: nil)
                return
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            answer(head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = String(head.uri.prefix { $0 != "?" })
        let port = context.channel.localAddress?.port ?? 0
        // A page of another origin must not steer the lab.
        if let origin = head.headers["Origin"].first, !["http://127.0.0.1:\(port)", "http://localhost:\(port)"].contains(origin) {
            write(ControlResponse(status: 403, contentType: "text/plain", body: Array("Origin not allowed.\n".utf8)), head, context)
            return
        }
        let request = ControlRequest(method: head.method.rawValue, path: path, body: body)
        let promise = context.eventLoop.makePromise(of: ControlResponse.self)
        let handler = handler
        promise.completeWithTask { await handler(request) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { response in
            let (handler, context) = bound.value
            handler.write(response, head, context)
        }
    }

    private func write(_ response: ControlResponse, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var head = HTTPResponseHead(version: request.version, status: .init(statusCode: response.status))
        head.headers.add(name: "Content-Type", value: response.contentType)
        head.headers.add(name: "Content-Length", value: String(response.body.count))
        head.headers.add(name: "Cache-Control", value: "no-store")
        if !request.isKeepAlive { head.headers.add(name: "Connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
        let channel = context.channel
        let keepAlive = request.isKeepAlive
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if !keepAlive { channel.close(promise: nil) }
        }
    }
}
