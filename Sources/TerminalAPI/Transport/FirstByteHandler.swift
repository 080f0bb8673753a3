import NIOCore

/// Port 8442 decides by the first byte (pos-protocol, section 1): 0x16 is the TLS record type "handshake" (RFC 8446, 5.1), anything else is HTTP.
final class FirstByteHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let tlsHandshake: UInt8 = 0x16
    private static let refusal =
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 36\r\nConnection: close\r\n\r\nUnencrypted: use wss:// from there.\r\n"

    private let plainAllowed: Bool
    private let configure: (any Channel, _ tls: Bool) throws -> Void
    private var decided = false

    /// - Parameter configure: adds the handlers behind this one.
    init(plainAllowed: Bool, configure: @escaping (any Channel, _ tls: Bool) throws -> Void) {
        self.plainAllowed = plainAllowed
        self.configure = configure
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !decided, let first = Self.unwrapInboundIn(data).readableBytesView.first else { return }
        decided = true
        let tls = first == Self.tlsHandshake
        guard tls || plainAllowed else {
            let sent = context.eventLoop.makePromise(of: Void.self)
            sent.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: Self.refusal)), promise: sent)
            return
        }
        do {
            try configure(context.channel, tls)
        } catch {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
