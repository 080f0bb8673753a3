import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import PaymentHost
import Synchronization

/// Connects to a host as the link would, without a message.
enum HostProbe {
    struct Result: Sendable {
        var outcome: SystemFacts.Host
        /// End of the host's certificate, seconds since 1970.
        var certificateEnd: Int?
    }

    static func connect(
        to address: HostLinkConfiguration.Address, security: HostLinkConfiguration.Security, limit: TimeAmount = .seconds(10)
    ) async -> Result {
        let started = ContinuousClock.now
        do {
            let greeting = Greeting()
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(limit)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if case .tls(let tls) = security {
                            try channel.pipeline.syncOperations.addHandler(try HostLink.tlsHandler(tls, for: address), name: "tls")
                        }
                        try channel.pipeline.syncOperations.addHandler(GreetingHandler(greeting, isSecure: security != .plain))
                    }
                }
                .connect(host: address.host, port: address.port).get()
            let timer = channel.eventLoop.scheduleTask(in: limit) { greeting.fail(ChannelError.connectTimeout(limit)) }
            defer {
                timer.cancel()
                channel.close(promise: nil)
            }
            let end = try await greeting.value()
            let (seconds, attoseconds) = (ContinuousClock.now - started).components
            return Result(
                outcome: .reached(milliseconds: Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)), certificateEnd: end)
        } catch {
            return Result(outcome: .failed(Self.reason(error)), certificateEnd: nil)
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as PaymentHostError: error.message
        case is NIOConnectionError: "no connection"
        case ChannelError.connectTimeout: "no answer in time"
        case is NIOSSLError, is BoringSSLError: "TLS: \(error)"
        default: "\(error)"
        }
    }
}

/// What the first moment of the connection brought.
private final class Greeting: Sendable {
    private struct State {
        var result: Swift.Result<Int?, any Error>?
        var waiter: CheckedContinuation<Int?, any Error>?
    }

    private let state = Mutex(State())

    func end(_ result: Swift.Result<Int?, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<Int?, any Error>? in
            guard state.result == nil else { return nil }
            state.result = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(with: result)
    }

    func fail(_ error: any Error) { end(.failure(error)) }

    func value() async throws -> Int? {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state in
                if state.result == nil { state.waiter = continuation }
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}

private final class GreetingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let greeting: Greeting
    private let isSecure: Bool

    init(_ greeting: Greeting, isSecure: Bool) {
        self.greeting = greeting
        self.isSecure = isSecure
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isSecure { greeting.end(.success(nil)) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
            greeting.end(.success(handler?.peerCertificate.map { Int($0.notValidAfter) }))
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { greeting.fail(error) }

    func channelInactive(context: ChannelHandlerContext) { greeting.fail(ChannelError.eof) }
}
