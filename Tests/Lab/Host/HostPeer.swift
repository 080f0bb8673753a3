import ISO8583
import Keys
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import Lab

/// A terminal's end of a connection to the host under test. Waiting for what never comes fails after ten seconds and says for what.
final class HostPeer: Sendable {
    enum Event: Sendable { case frame([UInt8]), closed }

    private let channel: any Channel
    private let events: AsyncStream<Event>

    /// - Parameter authority: PEM of the authority that the host's certificate must be of; `nil` for plain TCP.
    static func connect(port: Int, authority: String?, on group: any EventLoopGroup) async throws -> HostPeer {
        let context = try authority.map {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array($0.utf8)))
            return try NIOSSLContext(configuration: configuration)
        }
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                    }
                    try channel.pipeline.syncOperations.addHandler(Handler(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return HostPeer(channel: channel, events: events)
    }

    private init(channel: any Channel, events: AsyncStream<Event>) {
        self.channel = channel
        self.events = events
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(channel.allocator.buffer(bytes: bytes)) }

    /// The next frame, length header included.
    func frame(_ what: String) async throws -> [UInt8] {
        switch await next() {
        case .frame(let bytes)?: return bytes
        case .closed?: throw Missing(description: "the host closed the connection instead of sending \(what)")
        case nil: throw Missing(description: "the host did not send \(what) within ten seconds")
        }
    }

    func waitForClose() async throws {
        switch await next() {
        case .closed?: return
        case .frame?: throw Missing(description: "the host sent a message instead of closing the connection")
        case nil: throw Missing(description: "the host did not close the connection within ten seconds")
        }
    }

    func close() async { try? await channel.close() }

    struct Missing: Error, CustomStringConvertible { let description: String }

    private func next() async -> Event? {
        let channel = channel
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(10)) { channel.pipeline.fireUserInboundEventTriggered(Handler.GaveUp()) }
        defer { deadline.cancel() }
        var iterator = events.makeAsyncIterator()
        return await iterator.next()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        struct GaveUp: Sendable {}
        private let continuation: AsyncStream<Event>.Continuation
        private var buffer: [UInt8] = []

        init(_ continuation: AsyncStream<Event>.Continuation) { self.continuation = continuation }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            buffer += unwrapInboundIn(data).readableBytesView
            while buffer.count >= 2 {
                let length = Int(buffer[0]) << 8 | Int(buffer[1])
                guard buffer.count >= 2 + length else { return }
                continuation.yield(.frame(Array(buffer[..<(2 + length)])))
                buffer.removeFirst(2 + length)
            }
        }

        func channelInactive(context: ChannelHandlerContext) { continuation.yield(.closed) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is GaveUp { continuation.finish() }
        }
    }
}
