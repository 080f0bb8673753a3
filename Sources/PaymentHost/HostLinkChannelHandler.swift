import NIOCore
import NIOSSL
import NIOTLS

/// The end of the pipeline: says when the connection stands, passes bytes on, and says once when it has ended.
final class HostLinkChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Report {
        /// With the end of the host's certificate, seconds since 1970; `nil` without TLS.
        case connected(certificateEnd: Int?)
        case bytes([UInt8])
        /// Before `connected`: the reason of the failure. After it: the connection ended.
        case ended(String)
    }

    private let tls: HostLinkTLS?
    private let report: (Report) -> Void
    private var hasEnded = false

    init(tls: HostLinkTLS?, report: @escaping (Report) -> Void) {
        self.tls = tls
        self.report = report
    }

    /// The channel is active already: the handler is added when the connection has been made.
    func handlerAdded(context: ChannelHandlerContext) {
        guard tls == nil else { return }
        // A name may resolve to another machine than it should.
        guard context.remoteAddress?.isLoopback == true else { return end("plain TCP is for loopback only", context) }
        report(.connected(certificateEnd: nil))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent {
            let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
            if tls?.accepts(handler?.peerCertificate) == true {
                report(.connected(certificateEnd: handler?.peerCertificate.map { Int($0.notValidAfter) }))
            } else {
                end("the host's certificate is not one of the pinned", context)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasEnded else { return }
        report(.bytes(Array(Self.unwrapInboundIn(data).readableBytesView)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        end("connection closed", context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(Self.text(of: error), context) }

    private func end(_ reason: String, _ context: ChannelHandlerContext) {
        guard !hasEnded else { return }
        hasEnded = true
        report(.ended(reason))
        context.close(promise: nil)
    }

    /// The kinds of failure that a person can do something about; nothing of the data.
    static func text(of error: any Error) -> String {
        switch error {
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: "TLS failed: \(error)"
        case let error as IOError: "\(error)"
        default: "connection failed: \(type(of: error))"
        }
    }
}

extension SocketAddress {
    var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") == true
        case .v6: ipAddress == "::1"
        case .unixDomainSocket: true
        }
    }
}
