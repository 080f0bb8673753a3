import Devices
import Money
import PaymentHost
import SmartCard
import Testing

@testable import Terminal

@Suite("Engine: a sale from request to reply", .timeLimit(.minutes(1)))
struct TerminalEngineTests {
    @Test("Approved: 0 with the approval code, everything in its order, two commits on the critical path")
    func approved() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(store: store)
        var request = Rig.sale(500)
        request.tipAmount = 100
        request.reference = "R1"
        let (sale, exchange) = try await rig.sellUntilHost(request)
        let sent = try #require(exchange.financial)
        #expect(sent.exchange.mti == "1200" && sent.functionCode == "200" && sent.amount.minorUnits == 600 && sent.tip?.minorUnits == 100)
        #expect(exchange.deadline == rig.clock.now + .seconds(30))
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.result == .completed && answer.approval == .approved && answer.errorCondition == nil)
        #expect(answer.authCode == "123456" && answer.totalAmount == 600 && answer.authorizedAmount == 600 && answer.state == .completed)
        #expect(sent.card?.clear?.iccData == [0x9F, 0x26, 0x01, 0x00] && sent.card?.clear?.track2 != nil && sent.entryMode == .chip)
        #expect(answer.cardBrand == "VISA" && answer.cardTypeProcessed == 1 && answer.entryMode == "Chip" && answer.aid == "A0000000031010")
        #expect(answer.reference == "R1" && answer.transactionID == sale.id && answer.batchNumber == 1)
        let account = try #require(answer.account)
        #expect(account != ScriptedKernel.pan && account.hasPrefix("476173") && account.hasSuffix("0010"))
        #expect(sale.contexts == [.card, .communication])
        #expect(
            rig.trace.all == [
                "afterAccept", "afterPending", "beforeSend", "afterSend", "afterAnswer", "afterSecondGenerateAC", "afterDecision",
                "beforeReply",
                "final", "afterReply",
            ])
        #expect(store.commits.count == 2)
        await rig.reader.log.wait { $0.last == "off" }
        await rig.engine.shutdown()
    }

    @Test("Declined by the host: 19 with its code and words, no approval code, nothing due")
    func declined() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.decline()
        let answer = await sale.final()
        #expect(answer.result == .declinedByHost && answer.approval == .declined && answer.errorCondition == .declined)
        #expect(
            answer.responseCode == "51" && answer.hostMessage == "INSUFFICIENT FUNDS" && answer.authCode == nil && answer.totalAmount == nil
        )
        #expect(rig.engine.information.pendingReversals == 0)
    }

    @Test("Card AAC after the host's approval: 17, reversed with 4007, approval code and the card's data; then `reversed`")
    func cardRefusesApproval() async throws {
        let rig = try await Rig(script: .init(second: .declined))
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.result == .declinedByCard && answer.state == .reversalPending && answer.authCode == nil)
        let reversal = try await rig.host.next()
        let request = try #require(reversal.reversal)
        #expect(
            request.reason == .cardRefused && !request.isRepeat && request.approvalCode == "123456"
                && request.iccData == [0x95, 0x01, 0x00])
        #expect(request.original == exchange.financial?.exchange && request.exchange.stan != request.original.stan)
        #expect(rig.engine.information.pendingReversals == 1)
        reversal.answer(reversal: "400")
        await rig.trace.wait { $0.last == "afterReversalAck" }
        #expect(try rig.store.transaction(sale.id)?.answer?.state == .reversed)
        #expect(rig.trace.all.suffix(4) == ["beforeReversalSend", "afterReversalSend", "afterReversalAnswer", "afterReversalAck"])
    }

    @Test("The host is silent: 23, reversed with 4021, repeated as 1421 with the same STAN and times until acknowledged")
    func silent() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.answer(.noAnswer)
        #expect(await sale.final().result == .noAnswer)
        let first = try await rig.host.next()
        #expect(first.reversal?.reason == .noAnswer && first.reversal?.isRepeat == false)
        first.answer(.noAnswer)
        await rig.clock.sleeper(after: .seconds(5))
        rig.clock.advance(by: .seconds(5))
        let second = try await rig.host.next()
        var expected = first.reversal
        expected?.isRepeat = true
        #expect(second.reversal == expected)
        second.answer(reversal: "914")
        await rig.trace.wait { $0.last == "afterReversalAck" }
        await rig.engine.hasNoReversals()
    }

    @Test("A link that answers nothing at all: HOSTTIMEOUT decides 23, an approval after it changes nothing")
    func lateAnswer() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        rig.clock.advance(by: .seconds(30))
        #expect(await sale.final().result == .noAnswer)
        exchange.approve()
        _ = try await rig.host.next()
        #expect(await rig.engine.lastTransaction(of: Rig.till)?.answer?.result == .noAnswer)
    }

    @Test("Unreachable 21 and not sent 22 leave no reversal; a bad answer is 24 and 4020")
    func linkFailures() async throws {
        for (outcome, result) in [(HostOutcome.notConnected, ResultCode.hostUnreachable), (.notSent, .notSent)] {
            let rig = try await Rig()
            let (sale, exchange) = try await rig.sellUntilHost()
            exchange.answer(outcome)
            let answer = await sale.final()
            #expect(answer.result == result && answer.state == nil)
            #expect(try rig.store.startingPoint().unfinished.isEmpty)
        }
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.answer(.badAnswer("field 4"))
        #expect(await sale.final().result == .badAnswer)
        #expect(try await rig.host.next().reversal?.reason == .badAnswer)
    }

    @Test("POS lost before host contact: 12, the host never hears of it, LastTransaction says so")
    func lostBeforeHost() async throws {
        let rig = try await Rig()
        let sale = try await rig.sell()
        await sale.status(.card)
        await rig.engine.presence(.lost, of: sale.id)
        #expect(await sale.final().result == .cancelledByPOS)
        #expect(await rig.engine.lastTransaction(of: Rig.till)?.answer?.result == .cancelledByPOS)
        #expect(rig.engine.information.activity == .idle)
        #expect(rig.host.exchanges.all.isEmpty)
    }

    @Test("POS lost during host contact and approved: 204, 4013; back in time: 0, nothing due")
    func lostDuringHost() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        await rig.engine.presence(.lost, of: sale.id)
        exchange.approve()
        let answer = await sale.final()
        #expect(answer.result == .reversedPOSLost && answer.state == .reversalPending && answer.approval == nil)
        #expect(try await rig.host.next().reversal?.reason == .posLost)

        let back = try await Rig()
        let (second, secondExchange) = try await back.sellUntilHost()
        await back.engine.presence(.lost, of: second.id)
        await back.engine.presence(.there, of: second.id)
        secondExchange.approve()
        #expect(await second.final().result == .completed)
        #expect(back.host.exchanges.all.count == 1)
    }

    @Test("Cancel before the card: 0, then 12; Cancel with the host: 13, then the outcome; after it: 14")
    func cancel() async throws {
        let rig = try await Rig()
        let first = try await rig.sell()
        await first.status(.card)
        #expect(await rig.engine.cancel(first.id) == .cancelled)
        #expect(await first.final().result == .cancelledByPOS)
        let (second, exchange) = try await rig.sellUntilHost()
        #expect(await rig.engine.cancel(first.id) == .nothingToCancel)
        #expect(await rig.engine.cancel(second.id) == .tooLate)
        exchange.approve()
        #expect(await second.final().result == .completed)
        #expect(await rig.engine.cancel(second.id) == .nothingToCancel)
    }

    @Test("A card left in the slot does not pay the next sale: RemoveCard, Card, and the next card pays")
    func usedCard() async throws {
        let rig = try await Rig()
        let (first, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        _ = await first.final()
        #expect(rig.engine.information.activity == .idle)
        let second = try await rig.sell()
        await second.status(.removeCard)
        #expect(rig.reader.log.all.count { $0 == "on" } == 1)
        rig.reader.remove()
        await second.status(.card)
        rig.reader.insert()
        try await rig.host.next().approve()
        #expect(await second.final().result == .completed)
        #expect(second.contexts == [.removeCard, .card, .communication])
    }

    @Test("A card inserted while idle is taken; one that was in the slot at the start is not")
    func cardsBefore() async throws {
        let rig = try await Rig()
        rig.reader.insert()
        await rig.engine.slotIs(.freshCard)
        let sale = try await rig.sell()
        try await rig.host.next().approve()
        #expect(await sale.final().result == .completed)
        #expect(sale.contexts == [.communication])

        let reader = ScriptedReader()
        reader.insert()
        let early = try await Rig(reader: reader, hasReader: false)
        early.devices.plug(reader)
        await early.engine.slotIs(.usedCard)
        let second = try await early.sell()
        await second.status(.removeCard)
    }

    @Test("Nobody presents a card: 10 after 60 s")
    func nobody() async throws {
        let rig = try await Rig()
        let sale = try await rig.sell()
        await rig.clock.sleeper(after: .seconds(60))
        rig.clock.advance(by: .seconds(60))
        #expect(await sale.final().result == .timeout)
        #expect(await rig.display.shown.wait { $0.last?.prompt == .notCompleted }.map(\.prompt) == [.welcome, .insertCard, .notCompleted])
    }

    @Test("A card that falls mute before the host is asked: 2; that is pulled: 9; a reader that goes: 202")
    func cardLost() async throws {
        for (code, result) in [
            (DeviceError.Code.cardMute, ResultCode.cardUnreadable), (.cardRemoved, .cardRemoved), (.deviceGone, .deviceFault),
        ] {
            let rig = try await Rig(reader: ScriptedReader { _ throws(DeviceError) in throw DeviceError(code, "scripted") })
            let sale = try await rig.sell()
            await sale.status(.card)
            rig.reader.insert()
            #expect(await sale.final().result == result)
            #expect(rig.host.exchanges.all.isEmpty)
        }
    }

    @Test("A card that falls mute after the approval: 9, 4007; a reader that goes: 202, 4007")
    func cardLostAfterApproval() async throws {
        for (code, result) in [(DeviceError.Code.cardMute, ResultCode.cardRemoved), (.deviceGone, .deviceFault)] {
            let rig = try await Rig(
                reader: ScriptedReader { command throws(DeviceError) in
                    if command > 1 { throw DeviceError(code, "scripted") }
                    return ResponseAPDU(status: .success)
                })
            let (sale, exchange) = try await rig.sellUntilHost()
            exchange.approve()
            #expect(await sale.final().result == result)
            #expect(try await rig.host.next().reversal?.reason == .cardRefused)
        }
    }

    @Test("A card that takes more than 4 s after the answer counts as mute: 9")
    func slowCardEnd() async throws {
        let rig = try await Rig(
            reader: ScriptedReader { command throws(DeviceError) in
                // Says nothing until the terminal gives up.
                if command > 1 { await silence() }
                return ResponseAPDU(status: .success)
            })
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        await rig.clock.sleeper(after: .seconds(4))
        rig.clock.advance(by: .seconds(4))
        #expect(await sale.final().result == .cardRemoved)
        await rig.reader.log.wait { $0.last == "off" }
    }

    @Test("Choice of application: the button decides; Cancel there is 11; without buttons the first is taken")
    func choice() async throws {
        for (button, result) in [("DEBIT", ResultCode.completed), ("Cancel", .cancelledByCardholder)] {
            let rig = try await Rig(script: .init(offersChoice: true), display: ScriptedDisplay(hasButtons: true))
            let sale = try await rig.sell()
            await sale.status(.card)
            rig.reader.insert()
            await rig.display.shown.wait { $0.last?.buttons == ["CREDIT", "DEBIT", "Cancel"] }
            rig.display.press(button)
            if result == .completed { try await rig.host.next().approve() }
            #expect(await sale.final().result == result)
        }
        let rig = try await Rig(script: .init(offersChoice: true))
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        #expect(await sale.final().result == .completed)
        #expect(sale.contexts == [.card, .applicationSelection, .communication])
    }

    @Test("Partial approval: reversed and 19 unless PARTIALAUTH asks for it")
    func partial() async throws {
        let half = try #require(Amount(minorUnits: 250, currency: JournalSamples.dollar))
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.approve(partial: half)
        let refused = await sale.final()
        #expect(refused.result == .declinedByHost && refused.state == .reversalPending && refused.authCode == nil)
        #expect(try await rig.host.next().reversal?.reason == .cancelled)

        var request = Rig.sale()
        request.parameters["PARTIALAUTH"] = "1"
        let allowed = try await Rig()
        let (second, secondExchange) = try await allowed.sellUntilHost(request)
        #expect(secondExchange.financial?.partialApprovalAllowed == true)
        secondExchange.approve(partial: half)
        let answer = await second.final()
        #expect(answer.result == .completed && answer.totalAmount == 250 && answer.requestedAmount == 500)
    }

    @Test("A partial approval of nothing, of everything or of more is a bad answer: 24, 4020")
    func absurdPartial() async throws {
        for part: Int64 in [0, 500, 501] {
            let rig = try await Rig()
            let (sale, exchange) = try await rig.sellUntilHost()
            exchange.approve(partial: Amount(minorUnits: part, currency: JournalSamples.dollar))
            let answer = await sale.final()
            #expect(answer.result == .badAnswer && answer.authCode == nil)
            #expect(try await rig.host.next().reversal?.reason == .badAnswer)
        }
    }

    @Test("The cardholder's verification is told to the host, in the answer and on the merchant's receipt")
    func signature() async throws {
        let rig = try await Rig(script: .init(verification: .signature))
        let (sale, exchange) = try await rig.sellUntilHost()
        #expect(exchange.financial?.authentication == .signature)
        exchange.approve()
        let answer = await sale.final()
        #expect(
            answer.cvm == "SIGNATURE" && answer.merchantReceipt?.contains("____") == true
                && answer.customerReceipt?.contains("____") == false)
        #expect(answer.customerReceipt?.contains("APPROVED") == true)
    }

    @Test("No card number in any journal entry, report or display text")
    func noCardData() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(script: .init(second: .declined), store: store)
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        _ = await sale.final()
        _ = try await rig.host.next()
        var texts = [String(describing: sale.reports.all), String(describing: rig.display.shown.all)]
        for case .transaction(_, let event) in store.commits.flatMap({ $0 }) { texts.append(try event.body()) }
        #expect(texts.count > 4)
        for text in texts {
            #expect(!text.contains(ScriptedKernel.pan))
            #expect(!text.contains(ScriptedKernel.pan.dropFirst(6).dropLast(4)))
        }
    }
}

/// Ends when its task is cancelled.
private func silence() async {
    let (stream, continuation) = AsyncStream<Never>.makeStream()
    for await _ in stream {}
    continuation.finish()
}
