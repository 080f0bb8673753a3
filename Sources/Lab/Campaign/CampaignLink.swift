import ISO8583
import Keys
import PaymentHost
import Terminal

/// The real link machine on the campaign's cables; lives as long as one process of the terminal.
///
/// `@unchecked Sendable`: used on the campaign's one thread only (`CampaignScheduler`).
final class CampaignLink: PaymentHostLink, @unchecked Sendable {
    private struct Exchange {
        let request: HostRequest
        let handedOver: @Sendable () -> Void
        let continuation: CheckedContinuation<HostOutcome, Never>
    }

    private let scheduler: CampaignScheduler
    private let network: CampaignNetwork
    private let clock: CampaignClock
    private let mapping: DialectMapping
    private let mutant: CampaignMutant?
    private var machine: HostLinkMachine
    private var exchanges: [HostLinkMachine.ExchangeID: Exchange] = [:]
    private var lastExchange = 0
    private var connection: CampaignNetwork.Connection?
    private var wanted: HostLinkMachine.ConnectionID?
    private var queue: [HostLinkMachine.Event] = []
    private var isRunning = false
    private var wake: (number: Int, at: ContinuousClock.Instant?) = (0, nil)
    private var watchers: [AsyncStream<HostLinkState>.Continuation] = []
    private(set) var isAlive = true
    /// A trace number for sign-on and echo, from the engine.
    var nextSTAN: (@Sendable () async throws -> Int)?
    /// Answered by `.keyStored`.
    var storeKey: ((String) -> Void)?

    init(
        _ scheduler: CampaignScheduler, _ network: CampaignNetwork, _ clock: CampaignClock, mapping: DialectMapping,
        keyProtection: SecretBytes? = nil, seed: UInt64, mutant: CampaignMutant?
    ) {
        self.scheduler = scheduler
        self.network = network
        self.clock = clock
        self.mapping = mapping
        self.mutant = mutant
        machine = HostLinkMachine(
            mapping: mapping, addresses: [Self.primary, .init(host: "127.0.0.1", port: 2)], keyProtection: keyProtection, seed: seed)
    }

    private static let primary = HostLinkConfiguration.Address(host: "127.0.0.1", port: 1)

    var state: HostLinkState { isAlive ? machine.state : .down }

    func states() -> AsyncStream<HostLinkState> {
        AsyncStream { continuation in
            continuation.yield(state)
            guard isAlive else { return continuation.finish() }
            watchers.append(continuation)
        }
    }

    func exchange(_ request: HostRequest, deadline: ContinuousClock.Instant) async -> HostOutcome {
        await exchange(request, deadline: deadline, handedOver: {})
    }

    func exchange(
        _ request: HostRequest, deadline: ContinuousClock.Instant, handedOver: @escaping @Sendable () -> Void
    ) async -> HostOutcome {
        guard isAlive else { return .notConnected }
        let outcome = await withCheckedContinuation { continuation in
            lastExchange += 1
            exchanges[lastExchange] = Exchange(request: request, handedOver: handedOver, continuation: continuation)
            on(.exchange(lastExchange, request, deadline: deadline))
        }
        return mutated(outcome, request)
    }

    /// The process is gone, and its sockets with it.
    func kill() {
        isAlive = false
        if let connection { network.closed(connection) }
        connection = nil
        for (_, exchange) in exchanges.sorted(by: { $0.key < $1.key }) { exchange.continuation.resume(returning: .noAnswer) }
        exchanges = [:]
        for watcher in watchers { watcher.finish() }
        watchers = []
    }

    func start() { on(.start) }

    func connected(_ connection: CampaignNetwork.Connection) {
        guard isAlive, wanted == connection.number else { return network.closed(connection) }
        self.connection = connection
        on(.connected(connection.number))
    }

    func on(_ event: HostLinkMachine.Event) {
        guard isAlive else { return }
        queue.append(event)
        guard !isRunning else { return }
        isRunning = true
        var next = 0
        while next < queue.count {
            let event = queue[next]
            next += 1
            for action in machine.on(event, now: clock.now) where isAlive { carryOut(action) }
        }
        queue.removeAll(keepingCapacity: true)
        isRunning = false
        schedule()
    }

    private func carryOut(_ action: HostLinkMachine.Action) {
        switch action {
        case .connect(let number, let address):
            wanted = number
            network.connect(self, number, atPrimary: address == Self.primary)
        case .send(let number, let frame, let exchange):
            guard let connection, connection.number == number, connection.carriesIn else {
                if let exchange { queue.append(.refused(number, exchange)) }
                return
            }
            network.send(frame, connection)
            if let exchange, let sent = exchanges[exchange] {
                if mutant == .repeatedFinancial { repeatLater(frame, sent.request, exchange, connection) }
                sent.handedOver()
            }
        case .close(let number):
            if wanted == number { wanted = nil }
            guard let connection, connection.number == number else { return }
            self.connection = nil
            network.closed(connection)
        case .stamp(let number, let function):
            let (clock, nextSTAN) = (clock, nextSTAN)
            Task { [weak self] in
                let stan = try? await nextSTAN?()
                let times = clock.wallTime.calendar()
                let stamp = stan.map {
                    NetworkStamp(stan: $0, dateTimes: WireDateTimes(local: times.field12, transmission: times.field7))
                }
                self?.on(.stamp(number, function, stamp))
            }
        case .storeKey(let block): storeKey?(block)
        case .complete(let id, let outcome): exchanges.removeValue(forKey: id)?.continuation.resume(returning: outcome)
        case .state(let state): for watcher in watchers { watcher.yield(state) }
        case .log, .finished: break
        }
    }

    private func schedule() {
        guard isAlive else { return }
        let next = machine.nextWake
        // The wake that waits already will do.
        guard next != wake.at else { return }
        wake = (wake.number + 1, next)
        guard let next else { return }
        let number = wake.number
        scheduler.after(clock.delay(until: next)) { [weak self] in
            guard let self, number == wake.number else { return }
            wake.at = nil
            on(.time)
        }
    }

    // MARK: Mutants

    private func repeatLater(
        _ frame: [UInt8], _ request: HostRequest, _ exchange: HostLinkMachine.ExchangeID, _ connection: CampaignNetwork.Connection
    ) {
        guard case .financial = request, var message = try? mapping.decode(Array(frame.dropFirst(2))).message else { return }
        message.mti = "1201"
        guard let again = try? mapping.frame(message) else { return }
        scheduler.after(.seconds(5)) { [weak self] in
            guard let self, isAlive, exchanges[exchange] != nil, self.connection === connection else { return }
            network.send(again, connection)
        }
    }

    private func mutated(_ outcome: HostOutcome, _ request: HostRequest) -> HostOutcome {
        guard mutant == .unansweredVoidRefused, case .reversal(let reversal) = request, reversal.reason == .cancelled, !reversal.isRepeat,
            case .noAnswer = outcome
        else { return outcome }
        return .answered(HostAnswer(actionCode: "902", responseCode: "12", message: "INVALID TRANSACTION", approved: false))
    }
}
