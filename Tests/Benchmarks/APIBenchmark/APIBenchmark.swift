#if canImport(Glibc)
    import Glibc
#endif
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// Peers and measures for `Tests/Benchmarks/bench_api.py`.
///
///     APIBenchmark echo            a WebSocket echo with nothing but SwiftNIO; the port is the first line
///     APIBenchmark status COUNT    from the terminal's report of a step to the POS having it, over TCP; one line of JSON
@main
enum APIBenchmark {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.dropFirst().first.flatMap { Int($0) }) {
        case ("echo", _): try await BareEcho.run()
        case ("status", let count?) where count > 0: try await StatusMeasure.run(count)
        default: throw Failure(description: "usage: APIBenchmark echo | status COUNT")
        }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }
}

/// The least that SwiftNIO can do: its HTTP upgrade, its frame codec, and frames sent back as they come.
enum BareEcho {
    static func run() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let upgrader = NIOWebSocketServerUpgrader(
                        shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
                        upgradePipelineHandler: { channel, _ in
                            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(EchoHandler()) }
                        })
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        print(channel.localAddress?.port ?? 0)
        fflush(nil)
        try await channel.closeFuture.get()
    }

    private final class EchoHandler: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        typealias OutboundOut = WebSocketFrame

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = Self.unwrapInboundIn(data)
            switch frame.opcode {
            case .text:
                context.writeAndFlush(Self.wrapOutboundOut(.init(fin: frame.fin, opcode: .text, data: frame.unmaskedData)), promise: nil)
            case .connectionClose: context.close(promise: nil)
            default: break
            }
        }
    }
}
