import Devices
import EMV
import Keys
import Money
import PaymentHost
import Synchronization
import Testing

@testable import Terminal

/// A terminal with scripted peers on every side.
struct Rig {
    let engine: TerminalEngine
    let reader: ScriptedReader
    let devices: ScriptedDevices
    let display: ScriptedDisplay
    let host = ScriptedHost()
    let clock: VirtualClock
    let store: any JournalStore
    /// Named points, and "final" when the final message leaves, in one order.
    let trace: Awaitable<String>
    let failures: Awaitable<JournalError>
    static let till = PeerIdentity("till")

    init(
        script: ScriptedKernel.Script = .init(), store: any JournalStore = MemoryJournalStore(), reader: ScriptedReader = ScriptedReader(),
        hasReader: Bool = true, pad: (any PINPad)? = nil, display: ScriptedDisplay = ScriptedDisplay(),
        clock: VirtualClock = VirtualClock(),
        parameters: [String: String] = [:], configure: (inout TerminalConfiguration) -> Void = { _ in },
        point: @escaping @Sendable (TransactionPoint) -> Void = { _ in }
    ) async throws {
        var configuration = TerminalConfiguration(
            merchant: MerchantIdentity(
                terminalID: "TERM0001", merchantID: "MERCHANT0000001", nameAndLocation: "Test Shop", categoryCode: "5999", acquirerID: "1"),
            merchantName: "TEST SHOP", currency: JournalSamples.dollar, serialNumber: "1", applicationVersion: "0",
            cardBrands: CardBrandTable(rows: [.init(brand: "VISA", type: .credit, aids: ["A0000000031010"], binRanges: ["4"])]),
            dataDirectory: "/nonexistent")
        configure(&configuration)
        let (trace, failures) = (Awaitable<String>(), Awaitable<JournalError>())
        devices = ScriptedDevices(hasReader ? reader : nil, pad: pad)
        var environment = TerminalEngine.Environment(
            configuration: configuration, devices: devices, host: host, display: display,
            keys: try SiteKeys(root: SecretBytes(Array(repeating: 1, count: 32))), onFatal: { failures.append($0) })
        environment.parameters = try TerminalParameters(path: nil, standards: parameters)
        environment.kernel = { ScriptedKernel(script, $0) }
        environment.clock = clock
        environment.onRestartDue = { trace.append("restart") }
        environment.openJournal = { () throws(JournalError) in store }
        environment.log.logLevel = .critical
        environment.point = { name in
            trace.append(name.rawValue)
            point(name)
        }
        (self.reader, self.display, self.clock, self.store, self.trace, self.failures) = (reader, display, clock, store, trace, failures)
        engine = TerminalEngine(environment)
        await engine.start()
        if hasReader { await engine.slotIs(.empty) }
    }

    static func sale(_ amount: Int64 = 500) -> TransactionRequest {
        var request = TransactionRequest(type: .sale)
        request.requestedAmount = amount
        return request
    }

    struct Sale: Sendable {
        let id: TransactionID
        let reports: Awaitable<TransactionReport>

        func status(_ context: StatusContext) async {
            await reports.wait { $0.contains { if case .status(context, _) = $0 { true } else { false } } }
        }

        func final() async -> TransactionAnswer {
            let all = await reports.wait { if case .final = $0.last { true } else { false } }
            guard case .final(let answer) = all.last else { return TransactionAnswer(result: .applicationError) }
            return answer
        }

        var contexts: [StatusContext] { reports.all.compactMap { if case .status(let context, _) = $0 { context } else { nil } } }
    }

    func begin(_ request: TransactionRequest = sale(), peer: PeerIdentity = till) async -> (
        answer: BeginAnswer, reports: Awaitable<TransactionReport>
    ) {
        let reports = Awaitable<TransactionReport>()
        let trace = trace
        let answer = await engine.begin(request, peer: peer) { report in
            if case .final = report { trace.append("final") }
            reports.append(report)
        }
        return (answer, reports)
    }

    /// An accepted sale.
    func sell(_ request: TransactionRequest = sale(), peer: PeerIdentity = till) async throws -> Sale {
        let (answer, reports) = await begin(request, peer: peer)
        guard case .accepted(let id) = answer else {
            Issue.record("not accepted: \(answer)")
            throw CancellationError()
        }
        return Sale(id: id, reports: reports)
    }

    /// A sale whose 1200 waits for its answer.
    func sellUntilHost(_ request: TransactionRequest = sale()) async throws -> (sale: Sale, exchange: ScriptedHost.Exchange) {
        let sale = try await sell(request)
        await sale.status(.card)
        reader.insert()
        return (sale, try await host.next())
    }

    /// A transaction with a card that the host approves, or that ends by itself.
    func approved(_ request: TransactionRequest = sale(), code: String = "123456") async throws -> TransactionAnswer {
        let (sale, exchange) = try await sellUntilHost(request)
        exchange.approve(code: code)
        let answer = await sale.final()
        reader.remove()
        await engine.slotIs(.empty)
        return answer
    }

    /// The terminal as the next start finds it, so many seconds later. Its journal is in memory.
    func restarted(after seconds: Int64, parameters: [String: String] = [:]) async throws -> Rig {
        let store = try #require(store as? MemoryJournalStore)
        let time = WallTime(milliseconds: JournalSamples.time.milliseconds + seconds * 1000)
        return try await Rig(store: try store.afterPowerCut(), clock: VirtualClock(wall: time), parameters: parameters)
    }

    static func request(_ type: TransactionType, _ amount: Int64? = nil, original code: String? = nil) -> TransactionRequest {
        var request = TransactionRequest(type: type)
        request.requestedAmount = amount
        request.originalAuthCode = code
        return request
    }

    func refusal(_ request: TransactionRequest) async -> TransactionAnswer? {
        if case .refused(let answer) = await begin(request).answer { answer } else { nil }
    }
}

extension TerminalEngine {
    /// Returns when nothing is left to tell the host.
    func hasNoFollowUps() async {
        while !Task.isCancelled, information.pendingReversals > 0 || information.offlineCount > 0 { await Task.yield() }
    }

    /// Returns when all reversals are acknowledged.
    func hasNoReversals() async {
        while !Task.isCancelled, information.pendingReversals > 0 { await Task.yield() }
    }

    /// Returns when the slot was seen so.
    func slotIs(_ state: TransactionMachine.Slot) async {
        // A reader that has not reported yet counts as empty; a card put in now would be one that it came with.
        while !Task.isCancelled, slot.state != state || (state != .noReader && (reader == nil || slot == CardSlot(hasReader: true))) {
            await Task.yield()
        }
    }
}
