import Testing

@testable import Terminal

@Suite("Card phase")
struct TransactionMachineCardPhaseTests {
    @Test("Without a card: Status Card, and 60 and 75 s begin")
    func waits() {
        var run = MachineRun()
        let actions = run.on(.begin(.empty, reversalsDue: false))
        #expect(actions.contains(.status(.card)))
        #expect(actions.contains(.show(.insertCard)))
        #expect(actions.contains(.startTimer(.card, .seconds(60))))
        #expect(actions.contains(.startTimer(.cardholder, .seconds(75))))
        #expect(!actions.contains(.readCard))
    }

    @Test("A card inserted while idle and not yet used is taken")
    func freshCardIsTaken() {
        var run = MachineRun()
        let actions = run.on(.begin(.freshCard, reversalsDue: false))
        #expect(actions.contains(.readCard))
        #expect(!actions.contains(.status(.card)))
    }

    @Test("The card of the last customer never pays: RemoveCard first, then Card, then the next card is read")
    func usedCard() {
        var run = MachineRun()
        let begun = run.on(.begin(.usedCard, reversalsDue: false))
        #expect(begun.contains(.status(.removeCard)))
        #expect(!begun.contains(.readCard))
        #expect(run.on(.slot(.usedCard)).isEmpty)
        #expect(run.on(.slot(.empty)) == [.status(.card), .show(.insertCard)])
        #expect(run.on(.slot(.freshCard)).contains(.readCard))
    }

    @Test("RemoveCard waits inside the 60 s: then 10")
    func usedCardTimeout() {
        var run = MachineRun()
        run.on(.begin(.usedCard, reversalsDue: false))
        run.on(.timer(.card))
        #expect(run.decision == TransactionDecision(.timeout, hostContact: false))
    }

    @Test("CARDTIMEOUT: 10")
    func cardTimeout() {
        var run = MachineRun()
        run.on(.begin(.empty, reversalsDue: false))
        run.on(.timer(.card))
        #expect(run.decision?.result == .timeout)
        #expect(run.decision?.state == nil)
    }

    @Test("CARDHOLDERTIMEOUT at the choice of application: 10")
    func cardholderTimeout() {
        var run = MachineRun.dialogue()
        #expect(run.on(.choiceNeeded).contains(.status(.applicationSelection)))
        run.on(.timer(.cardholder))
        #expect(run.decision?.result == .timeout)
        #expect(run.actions.contains(.stopCard))
    }

    @Test("A card still talking when all cardholder time is over cannot be read: 2")
    func endlessCard() {
        var run = MachineRun.dialogue()
        run.on(.timer(.cardholder))
        #expect(run.decision?.result == .cardUnreadable)
    }

    @Test(
        "What the card says before the host is asked decides without host contact",
        arguments: [
            (TransactionMachine.CardEnd.declined, ResultCode.declinedByCard), (.approved, .declinedByCard), (.refused, .declinedByCard),
            (.unusable, .cardUnreadable), (.mute, .cardUnreadable), (.cancelled, .cancelledByCardholder), (.removed, .cardRemoved),
            (.readerLost, .deviceFault),
        ])
    func cardEndsFirst(_ end: TransactionMachine.CardEnd, _ result: ResultCode) {
        var run = MachineRun.dialogue()
        run.on(.cardEnded(end))
        #expect(run.decision == TransactionDecision(result, hostContact: false))
        #expect(!run.actions.contains(.sendToHost))
    }

    @Test("A card removed during the dialogue: 9; the reader gone: 202")
    func removedDuringDialogue() {
        for (slot, result) in [
            (TransactionMachine.Slot.empty, ResultCode.cardRemoved), (.freshCard, .cardRemoved), (.noReader, .deviceFault),
        ] {
            var run = MachineRun.dialogue()
            run.on(.slot(slot))
            #expect(run.decision?.result == result)
        }
    }

    @Test("The card in use being reported again changes nothing")
    func sameCard() {
        var run = MachineRun.dialogue()
        #expect(run.on(.slot(.usedCard)).isEmpty)
    }

    @Test("The reader goes while no card is in: 202")
    func readerGone() {
        var run = MachineRun()
        run.on(.begin(.empty, reversalsDue: false))
        run.on(.slot(.noReader))
        #expect(run.decision?.result == .deviceFault)
    }

    @Test("POS lost before host contact: 12, and nothing is ever sent; away alone changes nothing")
    func posLost() {
        var run = MachineRun.dialogue()
        #expect(run.on(.presence(.away)).isEmpty)
        run.on(.presence(.lost))
        #expect(run.decision == TransactionDecision(.cancelledByPOS, hostContact: false))
        run.on(.onlineRequested)
        #expect(!run.actions.contains(.sendToHost))
    }

    @Test("Cancel before host contact: 0, then 12")
    func cancel() {
        for event: TransactionMachine.Event in [
            .begin(.empty, reversalsDue: false), .begin(.usedCard, reversalsDue: false), .begin(.freshCard, reversalsDue: false),
        ] {
            var run = MachineRun()
            run.on(event)
            run.on(.cancel)
            #expect(run.cancelAnswers == [.cancelled])
            #expect(run.decision?.result == .cancelledByPOS)
            run.on(.cancel)
            #expect(run.cancelAnswers == [.cancelled, .cancelled])
        }
    }

    @Test("Without host contact the decision is the point of no return: Cancel finds nothing")
    func cancelAfterDecision() {
        var run = MachineRun()
        run.on(.begin(.empty, reversalsDue: false))
        run.on(.timer(.card))
        run.on(.cancel)
        run.on(.committed(.decision))
        run.on(.cancel)
        #expect(run.cancelAnswers == [.nothingToCancel, .nothingToCancel])
        #expect(run.decision?.result == .timeout)
    }

    @Test("The acceptance is committed during the card phase, off the critical path")
    func acceptanceAlone() {
        var run = MachineRun()
        run.on(.begin(.empty, reversalsDue: false))
        #expect(run.on(.timer(.acceptance)) == [.commit(.acceptance, withAcceptance: true)])
        run.on(.committed(.acceptance))
        run.on(.slot(.freshCard))
        #expect(run.on(.onlineRequested).contains(.commit(.pendingReversal, withAcceptance: false)))
    }

    @Test("An acceptance not yet committed goes with the pending reversal: two synced commits for an instant card")
    func acceptanceTogether() {
        var run = MachineRun.dialogue()
        #expect(run.on(.onlineRequested).contains(.commit(.pendingReversal, withAcceptance: true)))
        #expect(run.on(.timer(.acceptance)).isEmpty)
        run.on(.committed(.pendingReversal))
        run.on(.hostOutcome(.approved))
        run.on(.cardEnded(.approved))
        #expect(run.actions.contains(.commitDecision(TransactionDecision(.completed, hostContact: true), withAcceptance: false)))
    }

    @Test("A decision before the acceptance was committed takes it along")
    func acceptanceWithDecision() {
        var run = MachineRun()
        run.on(.begin(.empty, reversalsDue: false))
        #expect(run.on(.cancel).contains(.commitDecision(TransactionDecision(.cancelledByPOS, hostContact: false), withAcceptance: true)))
    }
}
