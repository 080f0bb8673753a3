import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("TIP_ADJUST that a freeze leaves behind", .timeLimit(.minutes(1)))
struct TipsLeftBehindTests {
    /// A sale of 500, its tips accepted in order, and one that the host has not answered when the batch is frozen.
    private func tipLeftBehind(_ rig: Rig, accepted: [Int64], left: Int64) async throws -> (TransactionID, Rig.Sale) {
        _ = try await rig.approved(Rig.sale(500), code: "000001")
        func adjust(_ tip: Int64) async throws -> Rig.Sale {
            var request = Rig.request(.tipAdjust, original: "000001")
            request.tipAmount = tip
            return try await rig.sell(request)
        }
        for tip in accepted {
            let run = try await adjust(tip)
            try await rig.host.next().answer(advice: "900")
            _ = await run.final()
        }
        let tip = try await adjust(left)
        try await rig.host.next().answer(.noAnswer)
        #expect(await tip.final().state == .offlineQueued)
        try await rig.host.next().answer(.noAnswer)
        await rig.clock.sleeper(after: .seconds(5))
        let settlement = try await rig.sell(Rig.request(.settlement))
        try await rig.host.next().answer(.noAnswer)
        return (tip.id, settlement)
    }

    private func totals(_ exchange: HostRequest) -> ReconciliationRequest.Totals? {
        if case .reconciliation(let request) = exchange { request.totals } else { nil }
    }

    /// The left one is accepted; then two settlements: what each sold, gave back, and told the host as net.
    private func afterAcceptance(_ rig: Rig) async throws -> [[Int64?]] {
        rig.clock.advance(by: .seconds(60))
        try await rig.host.next().answer(advice: "900")
        await rig.engine.hasNoFollowUps()
        var found: [[Int64?]] = []
        for _ in 0..<2 {
            let next = try await rig.sell(Rig.request(.settlement))
            let request = try await rig.host.next()
            request.answer(reconciliation: "500")
            let report = await next.final().settlement
            found.append([report?.salesAmount, report?.refundsAmount, totals(request.request)?.net])
        }
        return found
    }

    @Test("A tip that a freeze left behind counts in the next batch with its difference, once the host has accepted it, and in one only")
    func leftOverTip() async throws {
        let rig = try await Rig()
        let (tip, settlement) = try await tipLeftBehind(rig, accepted: [], left: 100)
        let request = try await rig.host.next()
        #expect(totals(request.request)?.debitsAmount == 500)
        request.answer(reconciliation: "500")
        #expect(await settlement.final().settlement?.leftBehind == [tip])
        #expect(try await afterAcceptance(rig) == [[100, 0, -100], [0, 0, 0]])
    }

    @Test("A smaller tip that a freeze left behind gives the difference back in the next batch")
    func leftOverSmallerTip() async throws {
        let rig = try await Rig()
        let (_, settlement) = try await tipLeftBehind(rig, accepted: [50, 100], left: 40)
        let request = try await rig.host.next()
        #expect(totals(request.request)?.debitsAmount == 600)
        request.answer(reconciliation: "500")
        _ = await settlement.final()
        #expect(try await afterAcceptance(rig) == [[0, 60, 60], [0, 0, 0]])
    }

    @Test("When the host does not agree without the tip that was left behind, upload and second 1520 have it, and the next batch does not")
    func leftOverTipUploaded() async throws {
        let rig = try await Rig()
        let (_, settlement) = try await tipLeftBehind(rig, accepted: [], left: 100)
        try await rig.host.next().answer(reconciliation: "501")
        let upload = try await rig.host.next()
        #expect(upload.advice?.functionCode == FunctionCode.batchUpload && upload.advice?.amount.minorUnits == 600)
        upload.answer(advice: "900")
        let second = try await rig.host.next()
        #expect(totals(second.request)?.debitsAmount == 600)
        second.answer(reconciliation: "500")
        _ = await settlement.final()
        #expect(try await afterAcceptance(rig) == [[0, 0, 0], [0, 0, 0]])
    }

    @Test("Of two tips of one sale that a freeze left behind, the upload has the second, and the next batch neither (campaign seed 26180)")
    func twoLeftOverUploaded() async throws {
        let rig = try await Rig()
        _ = try await rig.approved(Rig.sale(500), code: "000001")
        // Nothing is answered until the batch is frozen.
        let first = Task {
            while true {
                let exchange = try await rig.host.next()
                if totals(exchange.request) != nil { return exchange }
                exchange.answer(.noAnswer)
            }
        }
        var tips: [TransactionID] = []
        for tip in [100, 150] as [Int64] {
            var request = Rig.request(.tipAdjust, original: "000001")
            request.tipAmount = tip
            let run = try await rig.sell(request)
            #expect(await run.final().state == .offlineQueued)
            tips.append(run.id)
        }
        let settlement = try await rig.sell(Rig.request(.settlement))
        let request = try await first.value
        #expect(totals(request.request)?.debitsAmount == 500)
        request.answer(reconciliation: "501")
        let upload = try await rig.host.next()
        #expect(upload.advice?.functionCode == FunctionCode.batchUpload && upload.advice?.amount.minorUnits == 650)
        upload.answer(advice: "900")
        try await rig.host.next().answer(reconciliation: "500")
        #expect(await settlement.final().settlement?.leftBehind == tips)
        rig.clock.advance(by: .seconds(60))
        for _ in tips { try await rig.host.next().answer(advice: "900") }
        await rig.engine.hasNoFollowUps()
        let next = try await rig.sell(Rig.request(.settlement))
        let last = try await rig.host.next()
        #expect(totals(last.request)?.net == 0)
        last.answer(reconciliation: "500")
        #expect(await next.final().settlement?.salesAmount == 0)
    }

    @Test("A tip that a batch upload had is not counted again, however many batches leave its advice behind")
    func leftOverTwice() async throws {
        let rig = try await Rig()
        let (tip, settlement) = try await tipLeftBehind(rig, accepted: [], left: 100)
        try await rig.host.next().answer(reconciliation: "501")
        try await rig.host.next().answer(advice: "900")
        try await rig.host.next().answer(reconciliation: "500")
        _ = await settlement.final()
        let next = try await rig.sell(Rig.request(.settlement))
        try await rig.host.next().answer(.noAnswer)
        let request = try await rig.host.next()
        #expect(totals(request.request)?.net == 0)
        request.answer(reconciliation: "500")
        #expect(await next.final().settlement?.leftBehind == [tip])
        #expect(try await afterAcceptance(rig) == [[0, 0, 0], [0, 0, 0]])
    }

    @Test("What a freeze counted although it was still in the queue is not carried on; a freeze written before that was told carries all")
    func countedAllTheSame() throws {
        let ids = [TransactionID("A"), TransactionID("B")]
        var report = SettlementReport(batchJulianDay: 326)
        report.leftBehind = ids
        let request = ReconciliationRequest(
            exchange: JournalSamples.pendingReversal().exchange, batchNumber: 1, reconciliationDate: "261122",
            currency: JournalSamples.dollar, totals: .init())
        var freeze = BatchFreeze(report: report, request: request, at: JournalSamples.time)
        let earlier = try JournalCoding.encode(freeze)
        #expect(!earlier.contains("counted"))
        #expect(try JournaledBatch(number: 1, events: [.frozen(try JournalCoding.decode(earlier))]).uncounted == ids)
        freeze.counted = [ids[0]]
        let kept: BatchFreeze = try JournalCoding.decode(try JournalCoding.encode(freeze))
        #expect(try JournaledBatch(number: 1, events: [.frozen(kept)]).uncounted == [ids[1]])
    }
}
