import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("Store and forward", .timeLimit(.minutes(1)))
struct StoreAndForwardTests {
    private static let enabled = [
        "SAFENABLED": "1", "SAFAMOUNTLIMIT": "1000", "SAFTOTALLIMIT": "1500", "SAFCOUNTLIMIT": "3", "SAFHOURS": "2",
    ]
    /// A card that agrees when the host cannot be reached.
    private static let willing = ScriptedKernel.Script(secondWithoutHost: .approved)

    private func offline(_ rig: Rig, _ amount: Int64 = 500, _ outcome: HostOutcome = .notConnected) async throws -> (
        TransactionAnswer, TransactionID
    ) {
        let (sale, exchange) = try await rig.sellUntilHost(Rig.sale(amount))
        exchange.answer(outcome)
        let answer = await sale.final()
        rig.reader.remove()
        await rig.engine.slotIs(.empty)
        return (answer, sale.id)
    }

    @Test("Host out of reach: 0, offline, offlineQueued, a code of the terminal's own; then one 1220 with the card, 1004")
    func unreachable() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(script: Self.willing, store: store, parameters: Self.enabled)
        let (answer, id) = try await offline(rig)
        #expect(answer.result == .completed && answer.approval == .approved && answer.offline == true && answer.state == .offlineQueued)
        #expect(answer.authCode?.utf8.count == 6 && answer.totalAmount == 500)
        let upload = try await rig.host.next()
        let advice = try #require(upload.advice)
        #expect(advice.functionCode == FunctionCode.financial && advice.reason == .terminalProcessed && !advice.isRepeat)
        #expect(advice.approvalCode == answer.authCode && advice.card?.clear?.pan.withDigits { $0 } == ScriptedKernel.pan)
        #expect(store.card(of: FollowUpID(id, 0)) != nil)
        upload.answer(advice: "900")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(id))?.answer?.state == .completed)
        #expect(store.card(of: FollowUpID(id, 0)) == nil)
    }

    @Test("Host silent: 0 offlineQueued; the 1200's reversal goes first, then a 1220 with a new STAN")
    func silent() async throws {
        let rig = try await Rig(script: Self.willing, parameters: Self.enabled)
        let (sale, asked) = try await rig.sellUntilHost()
        asked.answer(.noAnswer)
        #expect(await sale.final().state == .offlineQueued)
        let reversal = try await rig.host.next()
        #expect(reversal.reversal?.original == asked.financial?.exchange && reversal.reversal?.reason == .noAnswer)
        reversal.answer(.noAnswer)
        await rig.clock.sleeper(after: .seconds(5))
        #expect(rig.host.exchanges.all.count == 2)
        rig.clock.advance(by: .seconds(5))
        try await rig.host.next().answer(reversal: "400")
        let upload = try await rig.host.next()
        #expect(upload.advice?.exchange.stan != asked.financial?.exchange.stan && upload.advice?.reason == .issuerUnavailable)
        upload.answer(advice: "900")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(sale.id))?.answer?.state == .completed)
    }

    @Test("TC at the first GENERATE AC: approved by the card without asking the host; 1220 with reason 1006")
    func offlineCard() async throws {
        var script = ScriptedKernel.Script()
        script.first = .approved
        let rig = try await Rig(script: script, parameters: Self.enabled)
        let sale = try await rig.sell()
        await sale.status(.card)
        rig.reader.insert()
        let answer = await sale.final()
        #expect(answer.result == .completed && answer.offline == true && answer.state == .offlineQueued)
        #expect(!sale.contexts.contains(.communication))
        let upload = try await rig.host.next()
        #expect(upload.advice?.reason == .cardProcessed && upload.advice?.card != nil)
        // Without store and forward a TC is no approval.
        let without = try await Rig(script: script)
        let refused = try await without.sell()
        await refused.status(.card)
        without.reader.insert()
        #expect(await refused.final().result == .declinedByCard)
    }

    @Test("A card that does not agree, or nobody there to be told: 21 and 23 as without store and forward")
    func notAgreed() async throws {
        let unwilling = try await Rig(parameters: Self.enabled)
        #expect(try await offline(unwilling).0.result == .hostUnreachable)
        let rig = try await Rig(script: Self.willing, parameters: Self.enabled)
        let (sale, exchange) = try await rig.sellUntilHost()
        await rig.engine.presence(.lost, of: sale.id)
        exchange.answer(.noAnswer)
        #expect(await sale.final().result == .noAnswer)
    }

    @Test("Limits: amount, total, count, age; PIN, debit and cash back never")
    func limits() throws {
        let limits = StoreAndForwardLimits(amount: 1000, total: 1500, count: 3, age: 100)
        var candidate = StoreAndForwardLimits.Candidate(
            type: .sale, amount: 1000, cardType: .credit, authentication: .signature, hasCashback: false)
        #expect(limits.allow(candidate, waiting: [], now: 0))
        #expect(limits.allow(candidate, waiting: [(500, 0)], now: 100))
        #expect(!limits.allow(candidate, waiting: [(501, 0)], now: 100))
        #expect(!limits.allow(candidate, waiting: [(500, 0)], now: 101))
        #expect(!limits.allow(candidate, waiting: [(1, 0), (1, 0), (1, 0)], now: 0))
        for change: (inout StoreAndForwardLimits.Candidate) -> Void in [
            { $0.amount = 1001 }, { $0.cardType = .debit }, { $0.cardType = nil }, { $0.authentication = .onlinePIN },
            { $0.authentication = .offlinePIN }, { $0.hasCashback = true }, { $0.type = .authorization },
        ] {
            var other = candidate
            change(&other)
            #expect(!limits.allow(other, waiting: [], now: 0), "\(other)")
        }
        candidate.type = .refund
        #expect(limits.allow(candidate, waiting: [], now: 0))
    }

    @Test("VOID of one not yet sent drops it: nothing goes to the host; of one sent it waits for its 1230 and reverses")
    func void() async throws {
        let rig = try await Rig(script: Self.willing, parameters: Self.enabled)
        let (answer, id) = try await offline(rig)
        try await rig.host.next().answer(.notConnected)
        await rig.clock.sleeper(after: .seconds(5))
        let void = try await rig.sell(Rig.request(.void, original: answer.authCode))
        #expect(await void.final().state == .voided)
        #expect(rig.engine.information.offlineCount == 0 && rig.host.exchanges.all.count == 2)
        #expect(await rig.engine.transaction(.transactionID(id))?.answer?.state == .voided)

        let (sent, _) = try await offline(rig)
        let upload = try await rig.host.next()
        let second = try await rig.sell(Rig.request(.void, original: sent.authCode))
        upload.answer(advice: "900")
        let reversal = try await rig.host.next()
        #expect(reversal.reversal?.original == upload.advice?.exchange)
        reversal.answer(reversal: "400")
        #expect(await second.final().state == .voided)
    }

    @Test("Power cut after the decision: the 1220 goes out at the next start, once")
    func powerCut() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(script: Self.willing, store: store, parameters: Self.enabled)
        let (answer, id) = try await offline(rig)
        let first = try await rig.host.next()
        let next = try await Rig(store: try store.afterPowerCut())
        let upload = try await next.host.next()
        #expect(upload.advice?.exchange == first.advice?.exchange && upload.advice?.isRepeat == true)
        #expect(upload.advice?.approvalCode == answer.authCode)
        upload.answer(advice: "913")
        await next.engine.hasNoFollowUps()
        #expect(await next.engine.transaction(.transactionID(id))?.answer?.state == .completed)
    }
}
