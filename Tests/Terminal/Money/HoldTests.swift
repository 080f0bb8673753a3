import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("AUTHORIZATION, INCREMENTAL_AUTHORIZATION, COMPLETION", .timeLimit(.minutes(1)))
struct HoldTests {
    private func authorize(_ rig: Rig, _ amount: Int64 = 1000) async throws -> (TransactionAnswer, FinancialRequest) {
        let (authorization, exchange) = try await rig.sellUntilHost(Rig.request(.authorization, amount))
        exchange.approve(code: "A00001")
        let answer = await authorization.final()
        rig.reader.remove()
        await rig.engine.slotIs(.empty)
        return (answer, try #require(exchange.financial))
    }

    @Test("AUTHORIZATION is a 1100 with function 100; silence is reversed")
    func authorization() async throws {
        let rig = try await Rig()
        let (answer, request) = try await authorize(rig)
        #expect(answer.result == .completed && answer.authCode == "A00001" && answer.totalAmount == 1000)
        #expect(request.exchange.mti == "1100" && request.functionCode == FunctionCode.authorization && request.processingCode == "000000")
        let (silent, exchange) = try await rig.sellUntilHost(Rig.request(.authorization, 100))
        exchange.answer(.noAnswer)
        #expect(await silent.final().result == .noAnswer)
        #expect(try await rig.host.next().reversal?.original == exchange.financial?.exchange)
    }

    @Test("INCREMENTAL_AUTHORIZATION: a 1100 with function 106 for the increment, naming the hold, without card; silence reverses it alone")
    func increment() async throws {
        let rig = try await Rig()
        let (_, hold) = try await authorize(rig)
        let increment = try await rig.sell(Rig.request(.incrementalAuthorization, 300, original: "A00001"))
        let exchange = try await rig.host.next()
        let request = try #require(exchange.financial)
        #expect(request.functionCode == FunctionCode.supplementaryAuthorization && request.exchange.mti == "1100")
        #expect(request.card == nil && request.original == hold.exchange && request.originalApprovalCode == "A00001")
        #expect(request.amount.minorUnits == 300 && request.entryMode == .chip)
        exchange.approve(code: "A00002")
        let answer = await increment.final()
        #expect(answer.result == .completed && answer.authCode == "A00002" && answer.originalAuthCode == "A00001")
        let silent = try await rig.sell(Rig.request(.incrementalAuthorization, 300, original: "A00001"))
        let second = try await rig.host.next()
        second.answer(.noAnswer)
        #expect(await silent.final().result == .noAnswer)
        #expect(try await rig.host.next().reversal?.original == second.financial?.exchange)
    }

    @Test(
        "COMPLETION: a 1220 replacing the hold, 201 for its amount and 202 for another, the hold's approval code",
        arguments: [1000, 1200] as [Int64])
    func completion(_ amount: Int64) async throws {
        let functionCode = amount == 1000 ? FunctionCode.completion : FunctionCode.completionOfOtherAmount
        let rig = try await Rig()
        let (_, hold) = try await authorize(rig)
        let completion = try await rig.sell(Rig.request(.completion, amount, original: "A00001"))
        let exchange = try await rig.host.next()
        let advice = try #require(exchange.advice)
        #expect(advice.functionCode == functionCode && advice.original == hold.exchange && advice.approvalCode == "A00001")
        #expect(advice.amount.minorUnits == amount && advice.card == nil && advice.exchange.mti == "1220" && !advice.isRepeat)
        #expect(advice.originalAmount?.minorUnits == (amount == 1000 ? nil : 1000))
        exchange.answer(advice: "900")
        let answer = await completion.final()
        #expect(answer.result == .completed && answer.state == .completed && answer.authCode == "A00001" && answer.totalAmount == amount)
        // A completed hold is not open.
        let refusal = await rig.refusal(Rig.request(.completion, 1, original: "A00001"))
        #expect(refusal?.result == .originalNotRecognised && refusal?.errorMessage?.contains("completed") == true)
        #expect(await rig.refusal(Rig.request(.incrementalAuthorization, 1, original: "A00001"))?.result == .originalNotRecognised)
    }

    @Test("Increments count: a completion for hold and increments is 201")
    func completionOfIncrements() async throws {
        let rig = try await Rig()
        _ = try await authorize(rig)
        let increment = try await rig.sell(Rig.request(.incrementalAuthorization, 300, original: "A00001"))
        try await rig.host.next().approve(code: "A00002")
        _ = await increment.final()
        _ = try await rig.sell(Rig.request(.completion, 1300, original: "A00002"))
        #expect(try await rig.host.next().advice?.functionCode == FunctionCode.completion)
    }

    @Test("COMPLETION without an answer: 0 offlineQueued, repeated as 1221 until accepted, then completed")
    func completionQueued() async throws {
        let rig = try await Rig()
        _ = try await authorize(rig)
        let completion = try await rig.sell(Rig.request(.completion, 1000, original: "A00001"))
        let first = try await rig.host.next()
        first.answer(.noAnswer)
        let answer = await completion.final()
        #expect(answer.result == .completed && answer.state == .offlineQueued && answer.offline == nil)
        let second = try await rig.host.next()
        #expect(second.advice?.exchange == first.advice?.exchange && second.advice?.isRepeat == true)
        #expect(rig.engine.information.offlineCount == 1)
        second.answer(advice: "913")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(completion.id))?.answer?.state == .completed)
    }

    @Test("COMPLETION refused: 19, the hold open as before; refused later: over, unknown, for an operator")
    func completionRefused() async throws {
        let rig = try await Rig()
        _ = try await authorize(rig)
        let refused = try await rig.sell(Rig.request(.completion, 1000, original: "A00001"))
        try await rig.host.next().answer(advice: "116")
        #expect(await refused.final().result == .declinedByHost)
        let late = try await rig.sell(Rig.request(.completion, 1000, original: "A00001"))
        try await rig.host.next().answer(.noAnswer)
        #expect(await late.final().state == .offlineQueued)
        try await rig.host.next().answer(advice: "116")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(late.id))?.answer?.state == .unknown)
    }

    @Test("VOID of a completion: one 1420 naming the 1220, then one naming the 1100; hold and completion are voided")
    func voidCompletion() async throws {
        let rig = try await Rig()
        let (authorization, hold) = try await authorize(rig)
        let completion = try await rig.sell(Rig.request(.completion, 1200, original: "A00001"))
        let posted = try await rig.host.next()
        posted.answer(advice: "900")
        _ = await completion.final()
        let void = try await rig.sell(Rig.request(.void, original: "A00001"))
        let first = try await rig.host.next()
        #expect(first.reversal?.original == posted.advice?.exchange && first.reversal?.original.mti == "1220")
        #expect(first.reversal?.amount.minorUnits == 1200)
        first.answer(reversal: "400")
        let second = try await rig.host.next()
        #expect(second.reversal?.original == hold.exchange && second.reversal?.amount.minorUnits == 1000)
        #expect(second.reversal?.exchange.stan != first.reversal?.exchange.stan)
        second.answer(reversal: "400")
        let answer = await void.final()
        #expect(answer.result == .completed && answer.state == .voided && answer.totalAmount == 1200)
        for id in [completion.id, try #require(authorization.transactionID)] {
            #expect(await rig.engine.transaction(.transactionID(id))?.answer?.state == .voided)
        }
    }

    @Test("VOID of a completion whose first 1420 is silent: 0 reversalPending, both go on, in order")
    func voidCompletionSilent() async throws {
        let rig = try await Rig()
        let (_, hold) = try await authorize(rig)
        let completion = try await rig.sell(Rig.request(.completion, 1000, original: "A00001"))
        try await rig.host.next().answer(advice: "900")
        _ = await completion.final()
        let void = try await rig.sell(Rig.request(.void, original: "A00001"))
        let first = try await rig.host.next()
        first.answer(.noAnswer)
        #expect(await void.final().state == .reversalPending)
        let again = try await rig.host.next()
        #expect(again.reversal?.exchange == first.reversal?.exchange && again.reversal?.isRepeat == true)
        again.answer(reversal: "400")
        let second = try await rig.host.next()
        #expect(second.reversal?.original == hold.exchange && second.reversal?.isRepeat == false)
        second.answer(reversal: "400")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(void.id))?.answer?.state == .voided)
    }

    @Test("VOID of a completion that was not sent drops its 1220 and releases the hold")
    func voidQueuedCompletion() async throws {
        let rig = try await Rig()
        let (_, hold) = try await authorize(rig)
        let completion = try await rig.sell(Rig.request(.completion, 1000, original: "A00001"))
        try await rig.host.next().answer(.notConnected)
        #expect(await completion.final().state == .offlineQueued)
        let attempt = try await rig.host.next()
        attempt.answer(.notConnected)
        await rig.clock.sleeper(after: .seconds(5))
        let void = try await rig.sell(Rig.request(.void, original: "A00001"))
        let reversal = try await rig.host.next()
        #expect(reversal.reversal?.original == hold.exchange)
        reversal.answer(reversal: "400")
        #expect(rig.engine.information.offlineCount == 0)
        #expect(await void.final().state == .voided)
    }

    @Test("VOID of a completion whose 1220 may have left waits for its 1230, then reverses it")
    func voidSentCompletion() async throws {
        let rig = try await Rig()
        _ = try await authorize(rig)
        let completion = try await rig.sell(Rig.request(.completion, 1000, original: "A00001"))
        try await rig.host.next().answer(.noAnswer)
        _ = await completion.final()
        try await rig.host.next().answer(.noAnswer)
        await rig.clock.sleeper(after: .seconds(5))
        let void = try await rig.sell(Rig.request(.void, original: "A00001"))
        // The one attempt before the next transaction brings no answer either.
        let advice = try await rig.host.next()
        #expect(advice.advice?.isRepeat == true)
        advice.answer(.noAnswer)
        #expect(await void.final().state == .reversalPending)
        rig.clock.advance(by: .seconds(20))
        try await rig.host.next().answer(advice: "900")
        let first = try await rig.host.next()
        #expect(first.reversal?.original == advice.advice?.exchange)
        first.answer(reversal: "400")
        try await rig.host.next().answer(reversal: "400")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(void.id))?.answer?.state == .voided)
    }

    @Test("VOID of an AUTHORIZATION releases the hold by one 1420 naming the 1100, increments included")
    func voidAuthorization() async throws {
        let rig = try await Rig()
        let (_, hold) = try await authorize(rig)
        let increment = try await rig.sell(Rig.request(.incrementalAuthorization, 300, original: "A00001"))
        try await rig.host.next().approve(code: "A00002")
        _ = await increment.final()
        let void = try await rig.sell(Rig.request(.void, original: "A00002"))
        let reversal = try await rig.host.next()
        #expect(reversal.reversal?.original == hold.exchange)
        reversal.answer(reversal: "400")
        let answer = await void.final()
        #expect(answer.state == .voided && answer.totalAmount == 1300)
        #expect(rig.host.exchanges.all.count == 3)
    }

    @Test("After NUMDAYSAUTH an authorization is not open")
    func expired() async throws {
        let rig = try await Rig(parameters: ["NUMDAYSAUTH": "2"])
        _ = try await authorize(rig)
        let young = try await rig.restarted(after: 2 * 24 * 3600 - 1, parameters: ["NUMDAYSAUTH": "2"])
        _ = try await young.sell(Rig.request(.incrementalAuthorization, 1, original: "A00001"))
        let later = try await rig.restarted(after: 2 * 24 * 3600 + 1, parameters: ["NUMDAYSAUTH": "2"])
        let refusal = await later.refusal(Rig.request(.completion, 1000, original: "A00001"))
        #expect(refusal?.result == .originalNotRecognised && refusal?.errorMessage?.contains("too old") == true)
    }
}
