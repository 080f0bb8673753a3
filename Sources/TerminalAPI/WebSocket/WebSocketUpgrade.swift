import NIOCore
import NIOHTTP1
import NIOWebSocket

/// HTTP/1.1 on a fresh connection, up to the WebSocket upgrade or the page that a person sees.
enum WebSocketUpgrade {
    /// Headers of a request in bytes: a browser's cookies for the host may come along, nothing else is long.
    private static let headerLimit = 16_384

    /// - Parameters:
    ///   - verdict: on the event loop, for each request.
    ///   - metrics: the page of that name.
    ///   - makeHandler: on the event loop, when the upgrade has been answered.
    static func configure(
        _ channel: any Channel, frameLimit: Int, metrics: (@Sendable () -> String)? = nil,
        verdict: @escaping @Sendable (any Channel, HTTPRequestHead) -> HandshakeRules.Verdict,
        makeHandler: @escaping @Sendable (any Channel) -> WebSocketHandler
    ) throws {
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: frameLimit, automaticErrorHandling: false,
            shouldUpgrade: { channel, head in channel.eventLoop.makeSucceededFuture(verdict(channel, head) == .upgrade ? [:] : nil) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    pipeline.removeHandler(try pipeline.handler(type: HTTPRefusal.self), promise: nil)
                    try pipeline.addHandler(makeHandler(channel))
                }
            })
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = headerLimit
        limits.maxHeaderListSize = headerLimit
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }),
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        try pipeline.addHandler(HTTPRefusal(verdict: verdict, metrics: metrics))
    }
}

/// Answers a request that is no upgrade, and closes.
final class HTTPRefusal: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let verdict: (any Channel, HTTPRequestHead) -> HandshakeRules.Verdict
    private let metrics: (() -> String)?
    private var answered = false

    init(verdict: @escaping (any Channel, HTTPRequestHead) -> HandshakeRules.Verdict, metrics: (() -> String)?) {
        self.verdict = verdict
        self.metrics = metrics
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !answered, case .head(let request) = Self.unwrapInboundIn(data) else { return }
        answered = true
        var status = HTTPResponseStatus.ok
        var (page, type) = (WelcomePage.html, "text/html; charset=utf-8")
        switch verdict(context.channel, request) {
        case .refuse(let refusal): status = refusal
        case .metrics: (page, type) = (metrics?() ?? "", "text/plain; version=0.0.4; charset=utf-8")
        case .page, .upgrade: break
        }
        let text = status == .ok ? page : "\(status.code) \(status.reasonPhrase)\n"
        var headers: HTTPHeaders = [
            "Content-Type": status == .ok ? type : "text/plain; charset=utf-8",
            "Content-Length": String(text.utf8.count), "Connection": "close", "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "X-Content-Type-Options": "nosniff",
        ]
        if status == .upgradeRequired {
            headers.replaceOrAdd(name: "Upgrade", value: "websocket")
            headers.add(name: "Sec-WebSocket-Version", value: "13")
        }
        if status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
        context.write(Self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if request.method != .HEAD { context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil) }
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: sent)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A refused upgrade is reported here first and then comes as an ordinary request.
        if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
    }
}
