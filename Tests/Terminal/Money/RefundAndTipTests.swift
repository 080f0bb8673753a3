import Keys
import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("REFUND, TIP_ADJUST, FORCE, inquiries, gift", .timeLimit(.minutes(1)))
struct RefundAndTipTests {
    @Test("REFUND with a card: a 1200 with processing code 20")
    func refund() async throws {
        let rig = try await Rig()
        let (refund, exchange) = try await rig.sellUntilHost(Rig.request(.refund, 500))
        #expect(exchange.financial?.processingCode == "200000" && exchange.financial?.exchange.mti == "1200")
        #expect(exchange.financial?.original == nil && exchange.financial?.card != nil)
        exchange.approve()
        #expect(await refund.final().approval == .approved)
    }

    @Test("Linked REFUND: without a card, naming the sale; the sum of linked refunds never exceeds it")
    func linked() async throws {
        let rig = try await Rig()
        let (sale, sold) = try await rig.sellUntilHost()
        sold.approve()
        _ = await sale.final()
        let first = try await rig.sell(Rig.request(.refund, 300, original: "123456"))
        let exchange = try await rig.host.next()
        #expect(exchange.financial?.original == sold.financial?.exchange && exchange.financial?.originalApprovalCode == "123456")
        #expect(exchange.financial?.card == nil)
        exchange.approve(code: "R00001")
        let answer = await first.final()
        #expect(answer.authCode == "R00001" && answer.originalAuthCode == "123456" && answer.totalAmount == 300)
        #expect(await rig.refusal(Rig.request(.refund, 201, original: "123456"))?.result == .notAllowed)
        // A refund that was declined, or reversed, gives nothing back.
        let declined = try await rig.sell(Rig.request(.refund, 200, original: "123456"))
        try await rig.host.next().decline()
        #expect(await declined.final().result == .declinedByHost)
        let second = try await rig.sell(Rig.request(.refund, 200, original: "123456"))
        try await rig.host.next().approve(code: "R00002")
        #expect(await second.final().result == .completed)
        #expect(await rig.refusal(Rig.request(.refund, 1, original: "123456"))?.result == .notAllowed)
        // With an unvoided refund the sale cannot be voided; without it can.
        #expect(await rig.refusal(Rig.request(.void, original: "123456"))?.result == .notAllowed)
        for code in ["R00001", "R00002"] {
            let void = try await rig.sell(Rig.request(.void, original: code))
            try await rig.host.next().answer(reversal: "400")
            #expect(await void.final().state == .voided)
        }
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        try await rig.host.next().answer(reversal: "400")
        #expect(await void.final().state == .voided)
        // And then it cannot be refunded.
        #expect(await rig.refusal(Rig.request(.refund, 1, original: "123456"))?.result == .originalNotRecognised)
    }

    @Test("Linked REFUND with entryModes reads the card: the same is taken, another is 26 and the host is not asked")
    func linkedWithCard() async throws {
        let rig = try await Rig()
        _ = try await rig.approved()
        var request = Rig.request(.refund, 100, original: "123456")
        request.entryModes = ["chip"]
        let (same, exchange) = try await rig.sellUntilHost(request)
        #expect(exchange.financial?.card != nil && exchange.financial?.original != nil)
        exchange.approve(code: "R00001")
        #expect(await same.final().result == .completed)

        let store = MemoryJournalStore()
        let first = try await Rig(store: store)
        _ = try await first.approved()
        await first.engine.shutdown()
        var script = ScriptedKernel.Script()
        script.pan = "4111111111111111"
        let next = try await Rig(script: script, store: try store.afterPowerCut())
        let another = try await next.sell(request)
        await another.status(.card)
        next.reader.insert()
        let answer = await another.final()
        #expect(answer.result == .anotherCard && answer.errorCondition == .notAllowed && answer.state == nil)
        #expect(next.host.exchanges.all.isEmpty)
    }

    @Test("TIP_ADJUST: a 1220 with function 690 for the new total, naming the sale; the next one starts from there; VOID undoes all")
    func tip() async throws {
        let rig = try await Rig()
        var request = Rig.sale()
        request.tipAmount = 50
        let (sale, sold) = try await rig.sellUntilHost(request)
        #expect(sold.financial?.amount.minorUnits == 550 && sold.financial?.tip?.minorUnits == 50)
        sold.approve()
        _ = await sale.final()
        var adjust = Rig.request(.tipAdjust, original: "123456")
        #expect(await rig.refusal(adjust)?.result == .badField)
        adjust.tipAmount = 100
        let first = try await rig.sell(adjust)
        let exchange = try await rig.host.next()
        let advice = try #require(exchange.advice)
        #expect(advice.functionCode == FunctionCode.tipAdjust && advice.original == sold.financial?.exchange)
        #expect(advice.amount.minorUnits == 600 && advice.originalAmount?.minorUnits == 550 && advice.approvalCode == "123456")
        #expect(advice.tip?.minorUnits == 100 && advice.marker == AdviceMarker.tipAdjust)
        exchange.answer(advice: "900")
        let answer = await first.final()
        #expect(answer.result == .completed && answer.totalAmount == 600 && answer.tipAmount == 100 && answer.authCode == "123456")
        adjust.tipAmount = 0
        let second = try await rig.sell(adjust)
        let next = try await rig.host.next()
        #expect(next.advice?.amount.minorUnits == 500 && next.advice?.originalAmount?.minorUnits == 600)
        next.answer(advice: "900")
        _ = await second.final()
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        let reversal = try await rig.host.next()
        #expect(reversal.reversal?.original == sold.financial?.exchange)
        reversal.answer(reversal: "400")
        let voided = await void.final()
        #expect(voided.totalAmount == 500 && voided.tipAmount == 0)
        adjust.tipAmount = 10
        #expect(await rig.refusal(adjust)?.result == .originalNotRecognised)
    }

    @Test("VOID refused while a tip adjustment waits unsent: the adjustment goes on")
    func tipHeldBack() async throws {
        let rig = try await Rig()
        _ = try await rig.approved()
        var adjust = Rig.request(.tipAdjust, original: "123456")
        adjust.tipAmount = 100
        let tip = try await rig.sell(adjust)
        try await rig.host.next().answer(.notConnected)
        #expect(await tip.final().state == .offlineQueued)
        try await rig.host.next().answer(.notConnected)
        await rig.clock.sleeper(after: .seconds(5))
        let void = try await rig.sell(Rig.request(.void, original: "123456"))
        try await rig.host.next().answer(reversal: "909")
        #expect(await void.final().result == .declinedByHost)
        let advice = try await rig.host.next()
        #expect(advice.advice?.functionCode == FunctionCode.tipAdjust)
        advice.answer(advice: "900")
        await rig.engine.hasNoFollowUps()
        #expect(await rig.engine.transaction(.transactionID(tip.id))?.answer?.state == .completed)
    }

    @Test("FORCE: reads the card, sends a 1220 with it and the voice authorization's code; the card is kept enciphered until the 1230")
    func force() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(store: store)
        #expect(await rig.refusal(Rig.request(.force, 500))?.result == .badField)
        var request = Rig.request(.force, 500)
        request.authCode = "VOICE1"
        let (force, exchange) = try await rig.sellUntilHost(request)
        let advice = try #require(exchange.advice)
        #expect(advice.functionCode == FunctionCode.financial && advice.reason == .terminalProcessed && advice.approvalCode == "VOICE1")
        let number = advice.card?.clear?.pan.withDigits { $0 }
        #expect(number == ScriptedKernel.pan)
        exchange.answer(.noAnswer)
        let answer = await force.final()
        #expect(answer.result == .completed && answer.state == .offlineQueued && answer.authCode == "VOICE1")
        let id = FollowUpID(force.id, 0)
        #expect(store.card(of: id) != nil)
        // Even after a restart the card goes with the repeat.
        let second = try await rig.host.next()
        #expect(second.advice?.card?.clear?.pan.withDigits { $0 } == ScriptedKernel.pan && second.advice?.isRepeat == true)
        let copy = try store.afterPowerCut()
        let next = try await Rig(store: copy)
        let third = try await next.host.next()
        #expect(third.advice?.card?.clear?.pan.withDigits { $0 } == ScriptedKernel.pan && third.advice?.isRepeat == true)
        #expect(third.advice?.card?.clear?.track2 == advice.card?.clear?.track2)
        third.answer(advice: "900")
        await next.engine.hasNoFollowUps()
        #expect(copy.card(of: id) == nil)
        for entries in store.commits { #expect(!"\(entries)".contains(ScriptedKernel.pan)) }
    }

    @Test(
        "Inquiries: a 1100 with function 108; silence is 23 without any reversal",
        arguments: [(TransactionType.balanceInquiry, "310000"), (.verify, "380000"), (.giftBalanceInquiry, "630000")])
    func inquiries(_ type: TransactionType, _ processingCode: String) async throws {
        let rig = try await Rig()
        let (inquiry, exchange) = try await rig.sellUntilHost(Rig.request(type))
        #expect(exchange.financial?.functionCode == FunctionCode.inquiry && exchange.financial?.exchange.mti == "1100")
        #expect(exchange.financial?.processingCode == processingCode && exchange.financial?.amount.minorUnits == 0)
        exchange.answer(.noAnswer)
        let answer = await inquiry.final()
        #expect(answer.result == .noAnswer && answer.state == .unknown && rig.engine.information.pendingReversals == 0)
        rig.reader.remove()
        await rig.engine.slotIs(.empty)
        #expect(try await rig.approved(Rig.request(type)).totalAmount == nil)
        #expect(rig.host.exchanges.all.count == 2)
    }

    @Test(
        "Gift types: a 1200 with their own processing code; forced ones a 1220",
        arguments: [
            (TransactionType.giftRedemption, "60", false), (.giftIssuance, "61", false), (.giftActivation, "62", false),
            (.giftDeactivation, "64", false), (.giftReactivation, "65", false), (.giftForceRedemption, "60", true),
            (.giftForceIssuance, "61", true), (.giftForceActivation, "62", true),
        ])
    func gift(_ type: TransactionType, _ code: String, _ isForced: Bool) async throws {
        let rig = try await Rig()
        let (gift, exchange) = try await rig.sellUntilHost(Rig.request(type, 500))
        if isForced {
            #expect(exchange.advice?.processingCode == code + "0000" && exchange.advice?.card != nil)
            exchange.answer(advice: "900")
        } else {
            #expect(exchange.financial?.processingCode == code + "0000" && exchange.financial?.functionCode == FunctionCode.financial)
            exchange.approve()
        }
        let answer = await gift.final()
        #expect(answer.approval == .approved && answer.authCode?.utf8.count == 6)
        let void = try await rig.sell(Rig.request(.void, original: answer.authCode))
        let reversal = try await rig.host.next()
        #expect(reversal.reversal?.original.mti == (isForced ? "1220" : "1200"))
        reversal.answer(reversal: "400")
        #expect(await void.final().state == .voided)
    }

    @Test("A token in place of a card: no card is asked for")
    func token() async throws {
        let rig = try await Rig(hasReader: false)
        var request = Rig.sale()
        (request.cardToken, request.expiryDate, request.storedCredential) = ("TOKEN1", "2812", "C1")
        let sale = try await rig.sell(request)
        let exchange = try await rig.host.next()
        guard case .token("TOKEN1", "2812", "C1") = exchange.financial?.card else {
            Issue.record("not the token")
            return
        }
        exchange.approve()
        #expect(await sale.final().result == .completed)
        #expect(sale.contexts == [.communication])
    }

    @Test("Amounts: the host gets the sum of amount, tip, cash back and surcharge; tax is included; cash back has a code of its own")
    func amounts() async throws {
        let rig = try await Rig()
        var request = Rig.sale(1000)
        (request.tipAmount, request.cashbackAmount, request.surchargeAmount, request.taxAmount) = (100, 2000, 30, 80)
        let (sale, exchange) = try await rig.sellUntilHost(request)
        let asked = try #require(exchange.financial)
        #expect(asked.amount.minorUnits == 3130 && asked.processingCode == "090000")
        #expect([asked.tip, asked.cashback, asked.surcharge, asked.tax].map(\.?.minorUnits) == [100, 2000, 30, 80])
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.totalAmount == 3130 && answer.authorizedAmount == 3130 && answer.requestedAmount == 1000)
        #expect(answer.tipAmount == 100 && answer.cashbackAmount == 2000 && answer.surchargeAmount == 30)
    }
}
