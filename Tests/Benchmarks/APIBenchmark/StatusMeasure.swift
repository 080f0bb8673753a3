import Logging
import NIOCore
import NIOPosix
import Synchronization
import Terminal
import TerminalAPI

/// The real POS server over TCP on loopback, with a terminal that reports steps on demand. The cause is the call of `report`; the POS has the Status
/// when its bytes are read from the socket.
enum StatusMeasure {
    static func run(_ count: Int) async throws {
        let terminal = ReportingTerminal()
        var configuration = POSServerConfiguration()
        configuration.port = 0
        configuration.tlsPort = nil
        let server = try POSServer(
            configuration: configuration, terminal: terminal, operations: NoOperations(),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        guard let port = try await server.start().port else { throw APIBenchmark.Failure(description: "no port") }
        let arrivals = AsyncStream<ContinuousClock.Instant>.makeStream()
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Arrivals(arrivals.continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        var arrived = arrivals.stream.makeAsyncIterator()
        let key = "dGhlIHNhbXBsZSBub25jZQ=="
        try await client.writeAndFlush(
            ByteBuffer(
                string: "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n\r\n"))
        _ = await arrived.next()
        try await client.writeAndFlush(frame(#"{"operation":"Transaction","type":"SALE","requestedAmount":"100"}"#))
        let report = await terminal.begun()
        var microseconds: [Double] = []
        for number in 0..<(count + 100) {
            let cause = ContinuousClock.now
            report(.status(.card, message: "Waiting for the card"))
            guard let arrival = await arrived.next() else { throw APIBenchmark.Failure(description: "the connection ended") }
            if number >= 100 { microseconds.append((arrival - cause) / .microseconds(1)) }
        }
        microseconds.sort()
        let p99 = microseconds[min(count - 1, count * 99 / 100)]
        print(#"{"count":\#(count),"p50":\#(microseconds[count / 2]),"p99":\#(p99),"max":\#(microseconds[count - 1])}"#)
        try await client.close()
        await server.shutdown()
    }

    /// A masked text frame of less than 126 bytes; the mask is zeros.
    private static func frame(_ text: String) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: [0x81, 0x80 | UInt8(truncatingIfNeeded: text.utf8.count), 0, 0, 0, 0])
        buffer.writeString(text)
        return buffer
    }

    /// Tells when bytes come in; each Status comes alone, for the next is caused when it has arrived.
    private final class Arrivals: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let arrivals: AsyncStream<ContinuousClock.Instant>.Continuation

        init(_ arrivals: AsyncStream<ContinuousClock.Instant>.Continuation) { self.arrivals = arrivals }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { arrivals.yield(ContinuousClock.now) }
        func channelInactive(context: ChannelHandlerContext) { arrivals.finish() }
    }
}

/// Accepts one transaction and lets the measure report its steps.
private final class ReportingTerminal: PaymentTerminal {
    typealias Report = @Sendable (TransactionReport) -> Void
    private let reports = AsyncStream<Report>.makeStream()

    func begun() async -> Report {
        for await report in reports.stream { return report }
        return { _ in }
    }

    func begin(_ request: TransactionRequest, peer: PeerIdentity, report: @escaping Report) async -> BeginAnswer {
        reports.continuation.yield(report)
        return .accepted(TransactionID("BENCH"))
    }

    func cancel(_ id: TransactionID) async -> CancelAnswer { .nothingToCancel }
    func presence(_ presence: POSPresence, of id: TransactionID) async {}
    func lastTransaction(of peer: PeerIdentity) async -> RecordedTransaction? { nil }
    func transaction(requestID: String) async -> RecordedTransaction? { nil }
    func transaction(_ name: TransactionName) async -> RecordedTransaction? { nil }
    func transactions(_ query: TransactionQuery) async -> TransactionPage? { nil }

    let informationRevision = 0
    var information: TerminalInformation {
        TerminalInformation(
            model: "", serialNumber: "", applicationName: "", applicationVersion: "", terminalID: "", merchantID: "", batchNumber: 1,
            activity: .busy, hostState: .connected, pendingReversals: 0, offlineCount: 0, devices: [])
    }
}
