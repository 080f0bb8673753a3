import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("VOID", .timeLimit(.minutes(1)))
struct VoidTests {
    @Test("VOID of a sale by its approval code: one 1420 naming the 1200, 0, voided, the original's codes and amounts")
    func sale() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        _ = await sale.final()
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        let reversal = try await rig.host.next()
        let request = try #require(reversal.reversal)
        #expect(request.original == exchange.financial?.exchange && request.reason == .cancelled && !request.isRepeat)
        #expect(request.amount.minorUnits == 500 && request.approvalCode == "123456" && request.processingCode == "000000")
        #expect(request.exchange.retrievalReference == request.original.retrievalReference)
        reversal.answer(reversal: "400")
        let answer = await void.final()
        #expect(answer.result == .completed && answer.approval == .approved && answer.state == .voided && answer.type == .void)
        #expect(answer.authCode == "123456" && answer.originalAuthCode == "123456")
        #expect(answer.totalAmount == 500 && answer.requestedAmount == 500 && answer.cardBrand == "VISA")
        #expect(void.contexts == [.communication])
        #expect(await rig.engine.transaction(.transactionID(sale.id))?.answer?.state == .voided)
        #expect(rig.engine.information.pendingReversals == 0)
    }

    @Test("The intent is committed before the first byte")
    func intentFirst() async throws {
        let store = MemoryJournalStore { _, entries in
            entries.contains { if case .transaction(_, .intent) = $0 { true } else { false } } ? .failed : .synced
        }
        let rig = try await Rig(store: store)
        _ = try await rig.approved()
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        await rig.failures.wait { !$0.isEmpty }
        #expect(rig.host.exchanges.all.count == 1 && void.reports.all.count == 1)
    }

    @Test(
        "No answer, no link, a bad answer: 0, reversalPending, repeated until acknowledged, then voided; never 21 to 24",
        arguments: [HostOutcome.noAnswer, .notConnected, .notSent, .badAnswer("39: scripted")].indices)
    func unanswered(_ index: Int) async throws {
        let outcome = [HostOutcome.noAnswer, .notConnected, .notSent, .badAnswer("39: scripted")][index]
        let rig = try await Rig()
        _ = try await rig.approved()
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        let first = try await rig.host.next()
        first.answer(outcome)
        let answer = await void.final()
        #expect(answer.result == .completed && answer.approval == .approved && answer.state == .reversalPending)
        #expect(answer.errorCondition == nil && answer.errorMessage == nil)
        let second = try await rig.host.next()
        #expect(second.reversal?.exchange == first.reversal?.exchange)
        let nothingLeft = if case .notConnected = outcome { true } else if case .notSent = outcome { true } else { false }
        #expect(second.reversal?.isRepeat == !nothingLeft)
        second.answer(reversal: "400")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(void.id))?.answer?.state == .voided)
    }

    @Test("The host limit ends it as 0 reversalPending; an answer that comes later changes nothing, the repeat is acknowledged by 913")
    func hostLimit() async throws {
        let rig = try await Rig()
        _ = try await rig.approved()
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        let first = try await rig.host.next()
        rig.clock.advance(by: .seconds(30))
        #expect(await void.final().state == .reversalPending)
        first.answer(reversal: "400")
        let second = try await rig.host.next()
        #expect(second.reversal?.isRepeat == true)
        second.answer(reversal: "913")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(void.id))?.answer?.state == .voided)
    }

    @Test("An explicit refusal: 19, the original as before, nothing repeated")
    func refused() async throws {
        let rig = try await Rig()
        let sale = try await rig.approved()
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        try await rig.host.next().answer(reversal: "909")
        let answer = await void.final()
        #expect(answer.result == .declinedByHost && answer.approval == .declined && answer.authCode == nil)
        #expect(rig.engine.information.pendingReversals == 0)
        #expect(await rig.engine.transaction(.transactionID(try #require(sale.transactionID)))?.answer?.state == .completed)
        // And it can be tried again.
        let again = try await rig.sell(Rig.request(.void, original: "123456"))
        try await rig.host.next().answer(reversal: "400")
        #expect(await again.final().state == .voided)
    }

    @Test("A refusal after 0 is flagged, retried, and never reinstates the original")
    func refusedLate() async throws {
        let rig = try await Rig()
        let sale = try await rig.approved()
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        try await rig.host.next().answer(.noAnswer)
        #expect(await void.final().state == .reversalPending)
        try await rig.host.next().answer(reversal: "909")
        await rig.clock.sleeper(after: .seconds(3600))
        #expect(await rig.engine.transaction(.transactionID(try #require(sale.transactionID)))?.answer?.state == .voided)
        #expect(await rig.engine.transaction(.transactionID(void.id))?.answer?.state == .reversalPending)
        rig.clock.advance(by: .seconds(3600))
        try await rig.host.next().answer(reversal: "400")
        await rig.engine.hasNoFollowUps()
    }

    @Test("A VOID of something voided replays 0 approved, and asks the host nothing")
    func replay() async throws {
        let rig = try await Rig()
        _ = try await rig.approved()
        let first = try await rig.sell(Rig.request(.void, original: "123456"))
        try await rig.host.next().answer(reversal: "400")
        _ = await first.final()
        var request = Rig.request(.void, original: "123456")
        request.uniqueTransactionID = "U2"
        let second = try await rig.sell(request)
        let answer = await second.final()
        #expect(answer.result == .completed && answer.approval == .approved && answer.state == .voided && answer.authCode == "123456")
        #expect(answer.uniqueTransactionID == "U2" && answer.totalAmount == 500)
        #expect(rig.host.exchanges.all.count == 2)
    }

    @Test("No match: 4; no name: 3; two matches: 4, saying which; originalTransactionID wins")
    func originals() async throws {
        let rig = try await Rig()
        #expect(await rig.refusal(Rig.request(.void, original: "999999"))?.result == .originalNotRecognised)
        #expect(await rig.refusal(Rig.request(.void))?.result == .badField)
        let first = try await rig.approved()
        let second = try await rig.approved()
        let refusal = await rig.refusal(Rig.request(.void, original: "123456"))
        #expect(refusal?.result == .originalNotRecognised && refusal?.errorCondition == .notFound)
        for id in [first, second].compactMap(\.transactionID?.description) { #expect(refusal?.errorMessage?.contains(id) == true) }
        var named = Rig.request(.void, original: "123456")
        named.originalTransactionID = second.transactionID?.description
        let void = try await rig.sell(named)
        try await rig.host.next().answer(reversal: "400")
        #expect(await void.final().state == .voided)
        #expect(await rig.engine.transaction(.transactionID(try #require(first.transactionID)))?.answer?.state == .completed)
    }

    @Test("A declined sale, one that was reversed, and an inquiry are no originals: 4")
    func noOriginals() async throws {
        let rig = try await Rig()
        let (declined, exchange) = try await rig.sellUntilHost()
        exchange.decline()
        _ = await declined.final()
        rig.reader.remove()
        await rig.engine.slotIs(.empty)
        _ = try await rig.approved(Rig.request(.balanceInquiry))
        var request = Rig.request(.void)
        request.originalTransactionID = declined.id.description
        #expect(await rig.refusal(request)?.result == .originalNotRecognised)
        #expect(await rig.refusal(Rig.request(.void, original: "123456"))?.result == .originalNotRecognised)
    }

    @Test("A match only in a closed batch: 201")
    func closedBatch() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(store: store)
        _ = try await rig.approved()
        await rig.engine.shutdown()
        try store.commit([.batchOpened(2)])
        let next = try await Rig(store: try store.afterPowerCut())
        let answer = await next.refusal(Rig.request(.void, original: "123456"))
        #expect(answer?.result == .notAllowed && answer?.errorCondition == .notAllowed)
    }

    @Test("PIN debit: 201")
    func debit() async throws {
        let rig = try await Rig(configure: { $0.cardBrands = CardBrandTable(rows: [.init(brand: "DEBIT", type: .debit, binRanges: ["4"])]) }
        )
        _ = try await rig.approved()
        #expect(await rig.refusal(Rig.request(.void, original: "123456"))?.result == .notAllowed)
    }

    @Test("Losing the POS never undoes a VOID, and Cancel comes too late once the intent is committed")
    func posLost() async throws {
        let rig = try await Rig()
        _ = try await rig.approved()
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        let reversal = try await rig.host.next()
        #expect(await rig.engine.cancel(void.id) == .tooLate)
        await rig.engine.presence(.lost, of: void.id)
        reversal.answer(reversal: "400")
        #expect(await void.final().result == .completed)
    }

    static let deaths: [(TransactionPoint, isVoided: Bool)] = [
        (.afterAccept, false), (.afterPending, true), (.beforeReversalSend, true), (.afterReversalSend, true), (.afterReversalAnswer, true),
        (.afterDecision, true), (.beforeReply, true), (.afterReply, true),
    ]

    @Test("Power cut at each point of a VOID: from the intent on it is 0, and its 1420 is repeated until acknowledged", arguments: deaths)
    func powerCut(_ point: TransactionPoint, _ isVoided: Bool) async throws {
        let store = MemoryJournalStore()
        let first = try await Rig(store: store)
        let sale = try await first.approved()
        await first.engine.shutdown()
        let left = Awaitable<MemoryJournalStore>()
        let again = try store.afterPowerCut()
        let rig = try await Rig(
            store: again,
            point: { name in
                if name == point, let copy = try? again.afterPowerCut() { left.append(copy) }
            })
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        let reversal = try await rig.host.next()
        reversal.answer(reversal: "400")
        _ = await void.final()
        await rig.trace.wait { $0.last == "afterReply" }
        let found = try #require(left.all.first)
        let next = try await Rig(store: found)
        let last = await next.engine.lastTransaction(of: Rig.till)?.answer
        // The acceptance shares the intent's commit: before it there is nothing.
        if point == .afterAccept { return #expect(last?.transactionID == void.id && last?.result == .completed) }
        #expect(last?.transactionID == void.id && last?.result == .completed && last?.approval == .approved)
        #expect(last?.authCode == "123456" && last?.totalAmount == 500)
        if last?.state == .reversalPending {
            let repeated = try await next.host.next()
            #expect(repeated.reversal?.exchange == reversal.reversal?.exchange && repeated.reversal?.isRepeat == true)
            repeated.answer(reversal: "914")
            await next.engine.hasNoFollowUps()
        }
        #expect(await next.engine.lastTransaction(of: Rig.till)?.answer?.state == .voided)
        #expect(await next.engine.transaction(.transactionID(try #require(sale.transactionID)))?.answer?.state == .voided)
        #expect(isVoided)
    }
}
