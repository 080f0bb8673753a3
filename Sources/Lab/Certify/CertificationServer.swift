import Glibc
import JSON
import Keys
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Service

/// Carries out what `Certification` decides: WebSocket connections of a POS (TLS by the first byte), and a control port where its tester reports
/// outcomes and reads the report.
public final class CertificationServer: Sendable {
    private enum Arrival: Sendable {
        case connected(any Channel)
        case message(any Channel, String)
        case closed(any Channel)
        case event(Certification.Event)
        case reportAsked(CheckedContinuation<CertificationReport, Never>)
    }

    private let channel: any Channel
    private let control: LoopbackServer
    private let arrivals: AsyncStream<Arrival>
    private let continuation: AsyncStream<Arrival>.Continuation
    public let port: Int
    public let controlPort: Int
    /// PEM file of the authority that a POS needs to trust for `wss`.
    public let authorityFile: String

    /// - Parameters:
    ///   - port: on loopback unless `address` says otherwise; 0 for any free one.
    ///   - tlsFolder: where authority and certificate are kept; made when missing.
    public static func start(
        address: String = "127.0.0.1", port: Int, controlPort: Int, tlsFolder: String,
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> CertificationServer {
        let now = Int64(time(nil))
        let authority = try SiteCertificateAuthority.open(directory: tlsFolder, now: now)
        let names = try CertificateNames(hosts: ["localhost"], addresses: address == "127.0.0.1" ? [address] : [address, "127.0.0.1"])
        let certificate = try authority.serverCertificate(directory: tlsFolder, names: names, now: now)
        guard let tls = try HostTransport.tls(certificate).context() else { throw LabError(.badFile, "\(tlsFolder) has no certificate.") }
        let (arrivals, continuation) = AsyncStream.makeStream(of: Arrival.self)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TLSByFirstByte(tls))
                    let upgrader = NIOWebSocketServerUpgrader(
                        maxFrameSize: 1 << 20, shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
                        upgradePipelineHandler: { channel, _ in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandlers(
                                    NIOWebSocketFrameAggregator(
                                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1024, maxAccumulatedFrameSize: 1 << 20),
                                    CertifiedConnection(
                                        message: { continuation.yield(.message(channel, $0)) },
                                        closed: { continuation.yield(.closed(channel)) }))
                                continuation.yield(.connected(channel))
                            }
                        })
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                }
            }
            .bind(host: address, port: port).get()
        let control = try await LoopbackServer.start(port: controlPort, on: group) { request in
            await Self.answer(request, continuation)
        }
        return CertificationServer(
            channel: channel, control: control, arrivals: arrivals, continuation: continuation, port: channel.localAddress?.port ?? port,
            authorityFile: tlsFolder + "/ca.pem")
    }

    private init(
        channel: any Channel, control: LoopbackServer, arrivals: AsyncStream<Arrival>, continuation: AsyncStream<Arrival>.Continuation,
        port: Int, authorityFile: String
    ) {
        self.channel = channel
        self.control = control
        self.arrivals = arrivals
        self.continuation = continuation
        self.port = port
        self.authorityFile = authorityFile
        controlPort = control.port
    }

    /// Judges until everything was played, the POS has left, or `end` was called.
    public func run(_ certification: Certification, say: @escaping @Sendable (String) -> Void) async -> CertificationReport {
        var certification = certification
        var numbers: [ObjectIdentifier: Int] = [:]
        var channels: [Int: any Channel] = [:]
        var count = 0
        var alarm: Task<Void, Never>?
        let start = ContinuousClock.now
        // Sets the first alarm: a POS that never comes must not be waited for in vain.
        continuation.yield(.event(.time))
        for await arrival in arrivals {
            let event: Certification.Event
            switch arrival {
            case .connected(let channel):
                count += 1
                numbers[ObjectIdentifier(channel)] = count
                channels[count] = channel
                event = .connected(count)
            case .message(let channel, let text):
                guard let number = numbers[ObjectIdentifier(channel)] else { continue }
                event = .message(number, text)
            case .closed(let channel):
                guard let number = numbers.removeValue(forKey: ObjectIdentifier(channel)) else { continue }
                channels[number] = nil
                event = .closed(number)
            case .event(let given): event = given
            case .reportAsked(let asker):
                asker.resume(returning: CertificationReport(certification))
                continue
            }
            for action in certification.on(event, at: .now - start) { await carryOut(action, channels, say) }
            guard !certification.isFinished else { break }
            alarm?.cancel()
            if let wake = certification.nextWake {
                alarm = Task { [continuation] in
                    try? await Task.sleep(until: start + wake, clock: .continuous)
                    if !Task.isCancelled { continuation.yield(.event(.time)) }
                }
            }
        }
        alarm?.cancel()
        for channel in channels.values { channel.close(promise: nil) }
        try? await channel.close()
        await control.close()
        let report = CertificationReport(certification)
        continuation.finish()
        for await case .reportAsked(let asker) in arrivals { asker.resume(returning: report) }
        return report
    }

    /// The report of what was seen so far comes from `run`.
    public func end() { continuation.yield(.event(.end)) }

    private func carryOut(
        _ action: Certification.Action, _ channels: [Int: any Channel], _ say: @Sendable (String) -> Void
    ) async {
        switch action {
        case .send(let number, let message):
            guard let channel = channels[number] else { return }
            try? await channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: message.bytes)))
        case .close(let number, let code, let reason):
            guard let channel = channels[number] else { return }
            var data = ByteBuffer(integer: code)
            data.writeString(reason)
            try? await channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
            channel.close(promise: nil)
        case .cut(let number): channels[number]?.close(promise: nil)
        case .say(let line): say(line)
        case .finished: break
        }
    }

    private static func answer(_ request: LoopbackRequest, _ continuation: AsyncStream<Arrival>.Continuation) async -> LoopbackResponse {
        func json(_ value: JSONValue, _ status: Int = 200) -> LoopbackResponse {
            LoopbackResponse(status: status, contentType: "application/json", body: value.bytes)
        }
        switch (request.method, request.path) {
        case ("GET", "/certify/report"):
            let report = await withCheckedContinuation { asker in
                if case .terminated = continuation.yield(.reportAsked(asker)) {
                    asker.resume(returning: CertificationReport(Certification()))
                }
            }
            return json(report.json)
        case ("POST", "/certify/outcome"):
            guard let body = try? JSONValue(parsing: request.body),
                let sale = (body["uniqueTransactionId"] ?? body["reference"])?.string,
                let outcome = body["outcome"]?.string.flatMap(ReportedOutcome.init)
            else {
                return json(["error": "uniqueTransactionId or reference, and outcome: approved, declined or unknown."], 400)
            }
            continuation.yield(.event(.outcome(sale: sale, outcome)))
            return json(["ok": true])
        default: return json(["error": "There are GET /certify/report and POST /certify/outcome."], 404)
        }
    }
}

/// 0x16 begins a TLS handshake; anything else is plain HTTP.
private final class TLSByFirstByte: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let tls: NIOSSLContext

    init(_ tls: NIOSSLContext) { self.tls = tls }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) == 0x16 {
            do {
                try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .after(self))
            } catch { return context.close(promise: nil) }
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}

private final class CertifiedConnection: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let message: (String) -> Void
    private let closed: () -> Void

    init(message: @escaping (String) -> Void, closed: @escaping () -> Void) {
        self.message = message
        self.closed = closed
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text: message(String(buffer: frame.unmaskedData))
        case .ping:
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        case .connectionClose:
            let promise = context.eventLoop.makePromise(of: Void.self)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            promise.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
            context.writeAndFlush(
                wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)), promise: promise)
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
