import ISO8583
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// The link to the payment host: carries the actions of a `HostLinkMachine` out on one event loop.
///
/// Its log lines hold message types, trace numbers, field numbers and reasons, never a card's data.
public final class HostLink: PaymentHostLink {
    /// What the link needs of the terminal around it.
    public struct Environment: Sendable {
        /// A trace number (11) for a network message, never used before in the batch.
        public var nextSTAN: @Sendable () async throws -> Int
        /// The wall clock, for fields 7 and 12 of network messages.
        public var dateTimes: @Sendable () -> WireDateTimes
        /// Keeps the key block of a new MAC key; when it returns, a power cut leaves it there.
        public var storeKey: @Sendable (_ block: String) async throws -> Void

        public init(
            nextSTAN: @escaping @Sendable () async throws -> Int, dateTimes: @escaping @Sendable () -> WireDateTimes,
            storeKey: @escaping @Sendable (_ block: String) async throws -> Void = { _ in
                throw PaymentHostError(.macKey, "No place for keys.")
            }
        ) {
            self.nextSTAN = nextSTAN
            self.dateTimes = dateTimes
            self.storeKey = storeKey
        }
    }

    private let loop: any EventLoop
    private let runner: NIOLoopBoundBox<HostLinkRunner>
    private let stateHistory: HostLinkStates

    /// Throws when the configuration cannot work; nothing is connected before `start()` or the first exchange.
    public init(
        configuration: HostLinkConfiguration, environment: Environment, logger: Logger,
        group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    ) throws(PaymentHostError) {
        guard !configuration.addresses.isEmpty else { throw PaymentHostError(.noAddress, "No address of a payment host.") }
        var tls: HostLinkTLS?
        switch configuration.security {
        case .tls(let settings): tls = try HostLinkTLS(settings)
        case .plain:
            if let address = configuration.addresses.first(where: { !$0.isLoopback }) {
                throw PaymentHostError(
                    .plainNotLoopback, "Plain TCP to \(address) is refused.", remedy: "Use TLS; plain TCP is for loopback addresses only.")
            }
        }
        let mapping = try DialectMapping(
            dialect: configuration.dialect, merchant: configuration.merchant, terminal: configuration.pointOfService,
            macKey: configuration.macKey)
        if configuration.keyProtection != nil, configuration.macKey != nil,
            mapping.dialect.functionCodes[NetworkFunction.keyChange.rawValue] == nil
        {
            throw PaymentHostError(.dialect, "Dialect \(mapping.dialect.name) has no function code for keyChange.")
        }
        let machine = HostLinkMachine(
            mapping: mapping, addresses: configuration.addresses, timing: configuration.timing,
            keyProtection: configuration.keyProtection, seed: .random(in: .min ... .max))
        loop = group.next()
        stateHistory = HostLinkStates()
        // Made here, then sent to the loop, where alone it lives: the box traps on any other thread.
        let created = HostLinkRunner.Parts(
            machine: machine, tls: tls, environment: environment, logger: logger, states: stateHistory, loop: loop)
        runner = .makeBoxSendingValue(HostLinkRunner(created), eventLoop: loop)
    }

    /// Connects and stays connected.
    public func start() { loop.execute { [runner] in runner.value.on(.start) } }

    public func exchange(_ request: HostRequest, deadline: ContinuousClock.Instant) async -> HostOutcome {
        await exchange(request, deadline: deadline, handedOver: {})
    }

    public func exchange(
        _ request: HostRequest, deadline: ContinuousClock.Instant, handedOver: @escaping @Sendable () -> Void
    ) async -> HostOutcome {
        await withCheckedContinuation { continuation in
            loop.execute { [runner] in
                runner.value.exchange(request, deadline: deadline, handedOver: handedOver) { continuation.resume(returning: $0) }
            }
        }
    }

    /// Signs off, closes and stays closed. What is in flight ends as `.noAnswer`.
    public func shutdown() async {
        await withCheckedContinuation { continuation in
            loop.execute { [runner] in runner.value.shutdown { continuation.resume() } }
        }
    }

    public var state: HostLinkState { stateHistory.current }

    public var statistics: HostLinkStatistics { stateHistory.statistics }

    public func states() -> AsyncStream<HostLinkState> { stateHistory.stream() }
}
