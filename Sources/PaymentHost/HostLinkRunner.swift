import Logging
import NIOCore
import NIOPosix

/// Carries actions out. Confined to its event loop.
final class HostLinkRunner {
    struct Parts {
        var machine: HostLinkMachine
        let tls: HostLinkTLS?
        let environment: HostLink.Environment
        let logger: Logger
        let states: HostLinkStates
        let loop: any EventLoop
    }

    private struct Exchange {
        let handedOver: @Sendable () -> Void
        let completed: (HostOutcome) -> Void
    }

    private var parts: Parts
    private var exchanges: [HostLinkMachine.ExchangeID: Exchange] = [:]
    private var lastExchange: HostLinkMachine.ExchangeID = 0
    private var channel: (connection: HostLinkMachine.ConnectionID, channel: any Channel)?
    /// The connection that is wanted.
    private var attempt: HostLinkMachine.ConnectionID?
    private var certificateEnd: Int?
    private var wake: (at: ContinuousClock.Instant, task: Scheduled<Void>)?
    private var finished: [() -> Void] = []
    private var isFinished = false
    /// Events that arrive while actions are being carried out.
    private var queue: [HostLinkMachine.Event] = []
    private var isRunning = false

    init(_ parts: Parts) { self.parts = parts }

    func exchange(
        _ request: HostRequest, deadline: ContinuousClock.Instant, handedOver: @escaping @Sendable () -> Void,
        completed: @escaping (HostOutcome) -> Void
    ) {
        lastExchange += 1
        exchanges[lastExchange] = Exchange(handedOver: handedOver, completed: completed)
        on(.exchange(lastExchange, request, deadline: deadline))
    }

    func shutdown(_ done: @escaping () -> Void) {
        if isFinished { return done() }
        finished.append(done)
        on(.shutdown)
    }

    func on(_ event: HostLinkMachine.Event) {
        queue.append(event)
        guard !isRunning else { return }
        isRunning = true
        while !queue.isEmpty {
            let event = queue.removeFirst()
            for action in parts.machine.on(event, now: .now) { carryOut(action) }
        }
        isRunning = false
        var statistics = parts.machine.statistics
        statistics.certificateEnd = certificateEnd
        parts.states.statistics = statistics
        schedule()
    }

    private func carryOut(_ action: HostLinkMachine.Action) {
        switch action {
        case .connect(let connection, let address): connect(connection, address)
        case .send(let connection, let frame, let exchange): send(connection, frame, exchange)
        case .close(let connection):
            if attempt == connection { attempt = nil }
            guard let open = channel, open.connection == connection else { return }
            channel = nil
            open.channel.close(promise: nil)
        case .stamp(let connection, let function): stamp(connection, function)
        case .storeKey(let block): storeKey(block)
        case .complete(let id, let outcome): exchanges.removeValue(forKey: id)?.completed(outcome)
        case .state(let state): parts.states.set(state)
        case .log(let severity, let text): log(severity, text)
        case .finished:
            isFinished = true
            for done in finished { done() }
            finished = []
        }
    }

    private func log(_ severity: HostLinkMachine.Severity, _ text: String) {
        switch severity {
        case .debug: parts.logger.debug("\(text)")
        case .notice: parts.logger.notice("\(text)")
        case .warning: parts.logger.warning("\(text)")
        }
    }

    // MARK: Connection

    private func connect(_ connection: HostLinkMachine.ConnectionID, _ address: HostLinkConfiguration.Address) {
        let bound = NIOLoopBound(self, eventLoop: parts.loop)
        let tls = parts.tls
        attempt = connection
        ClientBootstrap(group: parts.loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler(for: address)) }
                }
            }
            .connect(host: address.host, port: address.port)
            .whenComplete { bound.value.made(connection, $0) }
    }

    /// A name may stand for several addresses, which are tried at the same time: only the channel that won gets the handler that reports.
    private func made(_ connection: HostLinkMachine.ConnectionID, _ result: Result<any Channel, any Error>) {
        switch result {
        case .failure(let error): on(.ended(connection, reason: HostLinkChannelHandler.text(of: error)))
        case .success(let open):
            guard attempt == connection else { return open.close(promise: nil) }
            channel = (connection, open)
            let handler = HostLinkChannelHandler(tls: parts.tls) { [weak self] in self?.report($0, of: connection) }
            do { try open.pipeline.syncOperations.addHandler(handler) } catch {
                open.close(promise: nil)
                on(.ended(connection, reason: "connection closed"))
            }
        }
    }

    private func report(_ report: HostLinkChannelHandler.Report, of connection: HostLinkMachine.ConnectionID) {
        switch report {
        case .connected(let end):
            certificateEnd = end
            on(.connected(connection))
        case .bytes(let bytes): on(.received(connection, bytes))
        case .ended(let reason):
            if channel?.connection == connection { channel = nil }
            on(.ended(connection, reason: reason))
        }
    }

    /// Handed over means: given to a connection that was open at that moment. Whatever becomes of it then, the host may have seen it.
    private func send(
        _ connection: HostLinkMachine.ConnectionID, _ frame: [UInt8], _ exchange: HostLinkMachine.ExchangeID?
    ) {
        guard let open = channel, open.connection == connection, open.channel.isActive else {
            if let exchange { queue.append(.refused(connection, exchange)) }
            return
        }
        let written = open.channel.writeAndFlush(ByteBuffer(bytes: frame))
        guard let exchange, let handedOver = exchanges[exchange]?.handedOver else { return }
        written.whenSuccess { handedOver() }
    }

    private func stamp(_ connection: HostLinkMachine.ConnectionID, _ function: NetworkFunction) {
        let bound = NIOLoopBound(self, eventLoop: parts.loop)
        let environment = parts.environment
        let loop = parts.loop
        Task {
            let stan = try? await environment.nextSTAN()
            let stamp = stan.map { NetworkStamp(stan: $0, dateTimes: environment.dateTimes()) }
            loop.execute { bound.value.on(.stamp(connection, function, stamp)) }
        }
    }

    private func storeKey(_ block: String) {
        let bound = NIOLoopBound(self, eventLoop: parts.loop)
        let (environment, loop, logger) = (parts.environment, parts.loop, parts.logger)
        Task {
            var isStored = true
            do { try await environment.storeKey(block) } catch {
                isStored = false
                logger.error("the new MAC key cannot be stored: \(error)")
            }
            loop.execute { [isStored] in bound.value.on(.keyStored(isStored)) }
        }
    }

    // MARK: Time

    private func schedule() {
        let next = parts.machine.nextWake
        guard next != wake?.at else { return }
        wake?.task.cancel()
        guard let next else { return wake = nil }
        let bound = NIOLoopBound(self, eventLoop: parts.loop)
        let delay = max(.zero, ContinuousClock.now.duration(to: next))
        wake = (
            next,
            parts.loop.scheduleTask(in: TimeAmount(delay)) {
                let runner = bound.value
                runner.wake = nil
                runner.on(.time)
            }
        )
    }
}
