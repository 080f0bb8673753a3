import NIOCore
import NIOHTTP1
import NIOPosix

/// One request to a page or control interface on loopback, whole.
public struct LoopbackRequest: Sendable {
    public var method: String
    /// Without query.
    public var path: String
    public var body: [UInt8]
}

public struct LoopbackResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Goes on until the stream or the connection ends.
        case stream(AsyncStream<[UInt8]>)
    }

    public var status: Int
    public var contentType: String
    public var body: Body
    /// Beside the content headers, which follow from the body.
    public var headers: [(String, String)] = []

    public init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = .bytes(body)
    }

    public init(contentType: String, stream: AsyncStream<[UInt8]>) {
        status = 200
        self.contentType = contentType
        body = .stream(stream)
    }
}

/// A small HTTP/1.1 server for pages that only this machine may see: the cardholder display of a kiosk browser, the lab's console and control
/// interface. It answers no page of another origin, and none whose name was made to lead here (DNS rebinding).
public final class LoopbackServer: Sendable {
    public typealias Handler = @Sendable (LoopbackRequest) async -> LoopbackResponse

    private let channel: any Channel
    public let port: Int

    private init(channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    /// Listens on 127.0.0.1; port 0 takes any free one.
    public static func start(port: Int, on group: any EventLoopGroup, handler: @escaping Handler) async throws -> LoopbackServer {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(LoopbackRequestHandler(handler))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return LoopbackServer(channel: channel, port: channel.localAddress?.port ?? port)
    }

    public func close() async { try? await channel.close() }
}

/// Collects one request at a time, asks the handler, answers, goes on with the next.
private final class LoopbackRequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimit = 1 << 20
    private let handler: LoopbackServer.Handler
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ handler: @escaping LoopbackServer.Handler) { self.handler = handler }

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
        let ownNames = ["127.0.0.1:\(port)", "localhost:\(port)"]
        guard head.headers["Host"].count == 1, head.headers["Host"].allSatisfy(ownNames.contains),
            head.headers["Origin"].allSatisfy({ origin in ownNames.contains { "http://" + $0 == origin } })
        else {
            write(LoopbackResponse(status: 403, contentType: "text/plain", body: Array("Origin not allowed.\n".utf8)), head, context)
            return
        }
        let request = LoopbackRequest(method: head.method.rawValue, path: path, body: body)
        let promise = context.eventLoop.makePromise(of: LoopbackResponse.self)
        let handler = handler
        promise.completeWithTask { await handler(request) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { response in
            let (handler, context) = bound.value
            handler.write(response, head, context)
        }
    }

    private func write(_ response: LoopbackResponse, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var head = HTTPResponseHead(version: request.version, status: .init(statusCode: response.status))
        head.headers.add(name: "Content-Type", value: response.contentType)
        head.headers.add(name: "Cache-Control", value: "no-store")
        head.headers.add(name: "X-Content-Type-Options", value: "nosniff")
        for (name, value) in response.headers { head.headers.add(name: name, value: value) }
        switch response.body {
        case .bytes(let bytes):
            head.headers.add(name: "Content-Length", value: String(bytes.count))
            if !request.isKeepAlive { head.headers.add(name: "Connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            end(context, closing: !request.isKeepAlive)
        case .stream(let stream):
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            pass(stream, context)
        }
    }

    /// Each piece waits until the one before it is handed to the socket, so that a reader that sleeps costs nothing.
    private func pass(_ stream: AsyncStream<[UInt8]>, _ context: ChannelHandlerContext) {
        let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        let task = Task {
            for await piece in stream {
                try await loop.flatSubmit {
                    let (handler, context) = bound.value
                    return context.writeAndFlush(handler.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: piece)))))
                }.get()
            }
            loop.execute { bound.value.0.end(bound.value.1, closing: true) }
        }
        context.channel.closeFuture.whenComplete { _ in task.cancel() }
    }

    private func end(_ context: ChannelHandlerContext, closing: Bool) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if closing { channel.close(promise: nil) }
        }
    }
}
