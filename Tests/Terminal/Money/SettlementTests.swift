import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("SETTLEMENT", .timeLimit(.minutes(1)))
struct SettlementTests {
    private func voided(_ rig: Rig, _ code: String) async throws {
        let void = try await rig.sell(Rig.request(.void, original: code))
        try await rig.host.next().answer(reversal: "400")
        #expect(await void.final().state == .voided)
    }

    @Test("Totals: approved 1200s and accepted 1220s by type and brand, voids on their own; declined and reversed ones in neither")
    func totals() async throws {
        let rig = try await Rig()
        _ = try await rig.approved(Rig.sale(500), code: "000001")
        _ = try await rig.approved(Rig.sale(700), code: "000002")
        _ = try await rig.approved(Rig.request(.refund, 200), code: "000003")
        _ = try await rig.approved(Rig.request(.authorization, 900), code: "000004")
        var adjust = Rig.request(.tipAdjust, original: "000001")
        adjust.tipAmount = 100
        let tip = try await rig.sell(adjust)
        try await rig.host.next().answer(advice: "900")
        _ = await tip.final()
        try await voided(rig, "000002")
        let (declined, exchange) = try await rig.sellUntilHost(Rig.sale(1))
        exchange.decline()
        _ = await declined.final()
        let settlement = try await rig.sell(Rig.request(.settlement))
        let request = try await rig.host.next()
        guard case .reconciliation(let asked) = request.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(asked.batchNumber == 1 && !asked.isRepeat && asked.exchange.mti == "1520")
        #expect(asked.totals.debitsCount == 2 && asked.totals.debitsAmount == 1300)
        #expect(asked.totals.debitsReversedCount == 1 && asked.totals.debitsReversedAmount == 700)
        #expect(asked.totals.creditsCount == 1 && asked.totals.creditsAmount == 200)
        request.answer(reconciliation: "500")
        let answer = await settlement.final()
        #expect(answer.result == .completed && answer.approval == nil && answer.state == .completed && answer.batchNumber == 1)
        let report = try #require(answer.settlement)
        #expect(report.salesCount == 1 && report.salesAmount == 600 && report.refundsCount == 1 && report.refundsAmount == 200)
        #expect(report.voidsCount == 1 && report.voidsAmount == 700 && report.netAmount == 400 && report.leftBehind.isEmpty)
        #expect(report.totals.map(\.type) == [.refund, .sale] && report.totals.map(\.amount) == [200, 600])
        #expect(report.totals.allSatisfy { $0.brand == "VISA" && $0.count == 1 })
        #expect(rig.engine.information.batchNumber == 2)
        // What is in the closed batch cannot be voided.
        #expect(await rig.refusal(Rig.request(.void, original: "000001"))?.result == .notAllowed)
    }

    @Test("No answer: 203 with the frozen batch; the 1521 carries the frozen totals; SETTLEMENT continues that batch and freezes nothing")
    func unanswered() async throws {
        let rig = try await Rig()
        _ = try await rig.approved()
        let settlement = try await rig.sell(Rig.request(.settlement))
        let first = try await rig.host.next()
        rig.clock.advance(by: .seconds(30))
        let answer = await settlement.final()
        #expect(answer.result == .outcomeUnknown && answer.errorCondition == .outcomeUnknown && answer.batchNumber == 1)
        #expect(answer.settlement?.salesAmount == 500)
        first.answer(.noAnswer)
        await rig.clock.sleeper(after: .seconds(5))
        _ = try await rig.approvedWhileFrozen()
        let again = try await rig.sell(Rig.request(.settlement))
        let second = try await rig.host.next()
        guard case .reconciliation(let before) = first.request, case .reconciliation(let after) = second.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(after.totals == before.totals && after.exchange == before.exchange && after.isRepeat && after.batchNumber == 1)
        second.answer(reconciliation: "500")
        let continued = await again.final()
        #expect(continued.result == .completed && continued.batchNumber == 1 && rig.engine.information.batchNumber == 2)
        // The next one freezes the batch that was open meanwhile.
        _ = try await rig.sell(Rig.request(.settlement))
        guard case .reconciliation(let next) = try await rig.host.next().request else {
            Issue.record("not a 1520")
            return
        }
        #expect(next.batchNumber == 2 && next.totals.debitsAmount == 500)
    }

    @Test("501: every posting is uploaded as a 1220 naming it, then a second 1520 with a STAN of its own")
    func upload() async throws {
        let rig = try await Rig()
        let (sale, sold) = try await rig.sellUntilHost()
        sold.approve()
        _ = await sale.final()
        let settlement = try await rig.sell(Rig.request(.settlement))
        let first = try await rig.host.next()
        first.answer(reconciliation: "501")
        let upload = try await rig.host.next()
        #expect(upload.advice?.functionCode == FunctionCode.batchUpload && upload.advice?.original == sold.financial?.exchange)
        #expect(upload.advice?.amount.minorUnits == 500 && upload.advice?.marker == AdviceMarker.batchUpload && upload.advice?.card == nil)
        upload.answer(advice: "900")
        let second = try await rig.host.next()
        guard case .reconciliation(let before) = first.request, case .reconciliation(let after) = second.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(after.exchange.stan != before.exchange.stan && !after.isRepeat && after.totals == before.totals)
        second.answer(reconciliation: "500")
        #expect(await settlement.final().result == .completed)
    }

    @Test("Still not balanced after the upload: 203, flagged, tried again every hour")
    func flagged() async throws {
        let rig = try await Rig()
        let settlement = try await rig.sell(Rig.request(.settlement))
        try await rig.host.next().answer(reconciliation: "501")
        try await rig.host.next().answer(reconciliation: "501")
        await rig.clock.sleeper(after: .seconds(3600))
        rig.clock.advance(by: .seconds(30))
        #expect(await settlement.final().result == .outcomeUnknown)
        rig.clock.advance(by: .seconds(3570))
        try await rig.host.next().answer(reconciliation: "500")
    }

    @Test("What cannot go does not hold the batch up, and is listed")
    func leftBehind() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.answer(.noAnswer)
        _ = await sale.final()
        try await rig.host.next().answer(.noAnswer)
        await rig.clock.sleeper(after: .seconds(5))
        let settlement = try await rig.sell(Rig.request(.settlement))
        // The reversal has its attempt first.
        let attempt = try await rig.host.next()
        #expect(attempt.reversal?.isRepeat == true)
        attempt.answer(.noAnswer)
        try await rig.host.next().answer(reconciliation: "500")
        let answer = await settlement.final()
        #expect(answer.result == .completed && answer.settlement?.leftBehind == [sale.id] && answer.settlement?.salesCount == 0)
    }

    static let deaths: [(TransactionPoint, ResultCode)] = [
        (.afterBatchRoll, .outcomeUnknown), (.afterReconciliationSend, .outcomeUnknown), (.afterReconciliationAnswer, .outcomeUnknown),
        (.afterDecision, .completed),
    ]

    @Test("Power cut at each point of a settlement: one freeze, one batch, and reconciliation goes on", arguments: deaths)
    func powerCut(_ point: TransactionPoint, _ result: ResultCode) async throws {
        let store = MemoryJournalStore()
        let left = Awaitable<MemoryJournalStore>()
        let armed = Awaitable<Bool>()
        let rig = try await Rig(
            store: store,
            point: { name in
                if name == point, !armed.all.isEmpty, let copy = try? store.afterPowerCut() { left.append(copy) }
            })
        _ = try await rig.approved()
        armed.append(true)
        let settlement = try await rig.sell(Rig.request(.settlement))
        let first = try await rig.host.next()
        first.answer(reconciliation: "500")
        _ = await settlement.final()
        let found = try #require(left.all.first)
        let next = try await Rig(store: found)
        #expect(next.engine.information.batchNumber == 2)
        let last = await next.engine.lastTransaction(of: Rig.till)?.answer
        #expect(last?.transactionID == settlement.id && last?.result == result && last?.batchNumber == 1)
        #expect(last?.settlement?.salesAmount == 500)
        guard result == .outcomeUnknown else { return }
        let repeated = try await next.host.next()
        guard case .reconciliation(let before) = first.request, case .reconciliation(let after) = repeated.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(after.exchange == before.exchange && after.totals == before.totals && after.isRepeat)
        repeated.answer(reconciliation: "500")
    }

    @Test("Automatic settlement replaces no LastTransaction")
    func automatic() async throws {
        let rig = try await Rig()
        let sale = try await rig.approved()
        await rig.engine.settleAutomatically()
        try await rig.host.next().answer(reconciliation: "500")
        #expect(rig.engine.information.batchNumber == 2)
        #expect(await rig.engine.lastTransaction(of: Rig.till)?.id == sale.transactionID)
    }

    /// Until the next time of day, local.
    private static func wait(_ rig: Rig, until minute: Int) -> Duration {
        let local = rig.clock.wallTime.calendar(offset: 3600)
        return .seconds((minute * 60 - (local.hour * 3600 + local.minute * 60 + local.second) + 86_400) % 86_400)
    }

    @Test("At SETTLETIME the open batch is settled by itself, an empty one is not")
    func settlementTime() async throws {
        let rig = try await Rig(parameters: ["SETTLETIME": "0100"])
        _ = try await rig.approved()
        let wait = Self.wait(rig, until: 60)
        await rig.clock.sleeper(after: wait)
        rig.clock.advance(by: wait)
        try await rig.host.next().answer(reconciliation: "500")
        #expect(rig.engine.information.batchNumber == 2)
    }

    @Test("At SETTLETIME a batch without anything in it stays open; nothing is set, nothing happens")
    func nothingToSettle() async throws {
        let rig = try await Rig(parameters: ["SETTLETIME": "0100"])
        let wait = Self.wait(rig, until: 60)
        await rig.clock.sleeper(after: wait)
        rig.clock.advance(by: wait)
        // It waits for the next day's.
        await rig.clock.sleeper(after: .seconds(86_400))
        #expect(rig.engine.information.batchNumber == 1 && rig.host.exchanges.all.isEmpty)
    }

    @Test("SETTLETIME inside a transaction: settled when that has ended, with it")
    func settlementTimeWhileBusy() async throws {
        let rig = try await Rig(parameters: ["SETTLETIME": "0100"])
        rig.clock.advance(by: Self.wait(rig, until: 60) - .seconds(5))
        await rig.engine.scheduleSettlement()
        await rig.clock.sleeper(after: .seconds(5))
        let (sale, exchange) = try await rig.sellUntilHost()
        rig.clock.advance(by: .seconds(5))
        await rig.engine.settlementIsDue()
        exchange.approve()
        _ = await sale.final()
        let request = try await rig.host.next()
        guard case .reconciliation(let asked) = request.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(asked.totals.debitsCount == 1)
        request.answer(reconciliation: "500")
    }

    @Test("A 1220 that a freeze left behind counts in the next batch once the host has accepted it, and in one only")
    func leftOverAdvice() async throws {
        let rig = try await Rig()
        var request = Rig.request(.force, 500)
        request.authCode = "VOICE1"
        let (force, exchange) = try await rig.sellUntilHost(request)
        exchange.answer(.noAnswer)
        _ = await force.final()
        try await rig.host.next().answer(.noAnswer)
        await rig.clock.sleeper(after: .seconds(5))
        let settlement = try await rig.sell(Rig.request(.settlement))
        let attempt = try await rig.host.next()
        attempt.answer(.noAnswer)
        try await rig.host.next().answer(reconciliation: "500")
        let first = await settlement.final()
        #expect(first.settlement?.leftBehind == [force.id] && first.settlement?.salesCount == 0)
        rig.clock.advance(by: .seconds(60))
        try await rig.host.next().answer(advice: "900")
        await rig.engine.hasNoFollowUps()
        var counts: [Int64?] = []
        for _ in 0..<2 {
            let next = try await rig.sell(Rig.request(.settlement))
            try await rig.host.next().answer(reconciliation: "500")
            counts.append(await next.final().settlement?.salesAmount)
        }
        #expect(counts == [500, 0])
    }

    @Test("A batch that does not balance because an advice's answer was lost is settled as soon as that advice is answered")
    func settledAfterLastAdvice() async throws {
        let rig = try await Rig()
        var request = Rig.request(.force, 500)
        request.authCode = "VOICE1"
        let (force, exchange) = try await rig.sellUntilHost(request)
        exchange.answer(.noAnswer)
        _ = await force.final()
        try await rig.host.next().answer(.noAnswer)
        await rig.clock.sleeper(after: .seconds(5))
        let settlement = try await rig.sell(Rig.request(.settlement))
        try await rig.host.next().answer(.noAnswer)
        try await rig.host.next().answer(reconciliation: "501")
        try await rig.host.next().answer(reconciliation: "501")
        await rig.clock.sleeper(after: .seconds(3600))
        rig.clock.advance(by: .seconds(60))
        #expect(await settlement.final().result == .outcomeUnknown)
        try await rig.host.next().answer(advice: "900")
        // Its upload, and the 1520 with it.
        try await rig.host.next().answer(advice: "900")
        let retry = try await rig.host.next()
        guard case .reconciliation(let asked) = retry.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(asked.totals.debitsCount == 1 && asked.totals.debitsAmount == 500)
        retry.answer(reconciliation: "500")
    }

    @Test("The same on disk: freeze, retry and answer are found by the next start")
    func onDisk() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        let request = ReconciliationRequest(
            exchange: JournalSamples.pendingReversal().exchange, batchNumber: 1, reconciliationDate: "261122",
            currency: JournalSamples.dollar,
            totals: .init())
        let freeze = BatchFreeze(report: SettlementReport(batchJulianDay: 326), request: request, at: JournalSamples.time)
        try store.commit([.batch(1, .frozen(freeze)), .batchOpened(2)])
        #expect(try SQLiteJournalStore(path: directory.journal).startingPoint().frozen?.freeze == freeze)
        #expect(try store.startingPoint().batchNumber == 2)
        let retry = BatchRetry(uploads: [], request: request)
        try store.commit([.batch(1, .retried(retry))])
        #expect(try store.batch(1)?.retry == retry)
        try store.commit([.batch(1, .answered(HostReply(actionCode: "500", at: JournalSamples.time)))])
        #expect(try store.startingPoint().frozen == nil && store.batch(1)?.isReconciled == true && store.batch(3) == nil)
    }
}

extension TerminalEngine {
    /// Returns when SETTLETIME has come and been noticed.
    fileprivate func settlementIsDue() async { while !isSettlementDue { await Task.yield() } }
}

extension Rig {
    /// An approved sale while a batch waits for its reconciliation.
    fileprivate func approvedWhileFrozen() async throws -> TransactionAnswer { try await approved(code: "777777") }
}
