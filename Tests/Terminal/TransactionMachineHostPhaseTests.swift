import PaymentHost
import Testing

@testable import Terminal

@Suite("Host phase and decision")
struct TransactionMachineHostPhaseTests {
    @Test("Communication is sent when the pending reversal is being committed; the first byte comes after that commit")
    func pointOfNoReturn() {
        var run = MachineRun.dialogue()
        let actions = run.on(.onlineRequested)
        #expect(actions.contains(.startTimer(.host, .seconds(30))))
        #expect(
            actions.suffix(3) == [.status(.communication), .show(.processing), .commit(.pendingReversal, withAcceptance: true)])
        #expect(!run.actions.contains(.sendToHost))
        #expect(run.on(.committed(.pendingReversal)) == [.sendToHost])
    }

    @Test("From Communication on Cancel answers 13, and the transaction goes on")
    func cancelTooLate() {
        var run = MachineRun.pendingCommit()
        run.on(.cancel)
        run.on(.committed(.pendingReversal))
        run.on(.cancel)
        run.on(.hostOutcome(.approved))
        run.on(.cancel)
        run.on(.cardEnded(.approved))
        run.on(.cancel)
        #expect(run.cancelAnswers == [.tooLate, .tooLate, .tooLate, .tooLate])
        run.on(.committed(.decision))
        run.on(.cancel)
        #expect(run.cancelAnswers.last == .nothingToCancel)
        #expect(run.decision?.result == .completed)
    }

    @Test("Due reversals get their attempt first; Cancel is possible meanwhile")
    func reversalWait() {
        var run = MachineRun.dialogue(reversalsDue: true)
        #expect(run.actions.contains(.startTimer(.reversalWait, .seconds(10))))
        let actions = run.on(.onlineRequested)
        #expect(actions.contains(.startTimer(.host, .seconds(30))))
        #expect(!actions.contains(.status(.communication)))
        var cancelled = run
        cancelled.on(.cancel)
        #expect(cancelled.cancelAnswers == [.cancelled])
        #expect(run.on(.reversalsAttempted).contains(.status(.communication)))
    }

    @Test("After 10 s the sale proceeds whatever the reversals do")
    func reversalWaitEnds() {
        var run = MachineRun.dialogue(reversalsDue: true)
        run.on(.onlineRequested)
        #expect(run.on(.timer(.reversalWait)).contains(.status(.communication)))
        #expect(run.on(.reversalsAttempted).isEmpty)
    }

    @Test("A reversal wait that ends during the card phase costs nothing later")
    func reversalWaitEndsEarly() {
        var run = MachineRun.dialogue(reversalsDue: true)
        run.on(.timer(.reversalWait))
        #expect(run.on(.onlineRequested).contains(.status(.communication)))
    }

    @Test("Approved by host and card with the POS there: 0, nothing due, only then the reply")
    func approved() {
        var run = MachineRun.cardEnd(.approved)
        let actions = run.on(.cardEnded(.approved))
        #expect(run.decision == TransactionDecision(.completed, hostContact: true))
        #expect(run.decision?.approval == .approved)
        #expect(run.decision?.state == .completed)
        #expect(!actions.contains { if case .reply = $0 { true } else { false } })
        #expect(run.on(.committed(.decision)).first == .reply(TransactionDecision(.completed, hostContact: true)))
        #expect(run.machine.isOver)
    }

    @Test(
        "After a host approval the card's refusal is reversed with 4007",
        arguments: [
            (TransactionMachine.CardEnd.declined, ResultCode.declinedByCard), (.refused, .declinedByCard), (.unusable, .declinedByCard),
            (.removed, .cardRemoved), (.mute, .cardRemoved), (.readerLost, .deviceFault),
        ])
    func cardAfterApproval(_ end: TransactionMachine.CardEnd, _ result: ResultCode) {
        var run = MachineRun.cardEnd(.approved)
        // The card's refusal comes before the POS's absence and before a partial approval.
        run.on(.presence(.lost))
        run.on(.cardEnded(end))
        #expect(run.decision == TransactionDecision(result, reversal: .cardRefused, hostContact: true))
        #expect(run.decision?.state == .reversalPending)
        #expect(run.decision?.approval != .approved)
    }

    @Test("The card's end has 4 s, then it counts as mute: 9, 4007")
    func cardEndTimeout() {
        var run = MachineRun.host()
        #expect(run.on(.hostOutcome(.approved)).contains(.startTimer(.cardEnd, .seconds(4))))
        run.on(.timer(.cardEnd))
        #expect(run.decision == TransactionDecision(.cardRemoved, reversal: .cardRefused, hostContact: true))
    }

    @Test("A card removed while the host is asked: the exchange is finished, an approval is reversed as 9, a decline stays 19")
    func removedDuringHost() {
        var approved = MachineRun.host()
        approved.on(.slot(.empty))
        #expect(approved.decision == nil)
        approved.on(.slot(.freshCard))
        approved.on(.hostOutcome(.approved))
        #expect(approved.decision == TransactionDecision(.cardRemoved, reversal: .cardRefused, hostContact: true))
        var declined = MachineRun.host()
        declined.on(.slot(.noReader))
        declined.on(.hostOutcome(.declined))
        #expect(declined.decision == TransactionDecision(.declinedByHost, hostContact: true))
    }

    @Test("A card removed while the pending reversal is committed: nothing is sent")
    func removedDuringPendingCommit() {
        var run = MachineRun.pendingCommit()
        run.on(.slot(.empty))
        run.on(.committed(.pendingReversal))
        #expect(run.decision == TransactionDecision(.cardRemoved, hostContact: false))
        #expect(!run.actions.contains(.sendToHost))
    }

    @Test("A partial approval that nobody allowed: 19, 4000; one that was allowed: 0")
    func partial() {
        var refused = MachineRun.cardEnd(.partiallyApproved)
        refused.on(.presence(.lost))
        refused.on(.cardEnded(.approved))
        #expect(refused.decision == TransactionDecision(.declinedByHost, reversal: .cancelled, hostContact: true))
        var allowed = MachineRun.cardEnd(.partiallyApproved, partial: true)
        allowed.on(.cardEnded(.approved))
        #expect(allowed.decision == TransactionDecision(.completed, hostContact: true))
    }

    @Test("Approved and nobody there: 204, 4013; back in time: 0; configured `complete`: 0")
    func nobodyThere() {
        for presence in [POSPresence.lost, .away] {
            var run = MachineRun.host()
            run.on(.presence(presence))
            run.on(.hostOutcome(.approved))
            run.on(.cardEnded(.approved))
            #expect(run.decision == TransactionDecision(.reversedPOSLost, reversal: .posLost, hostContact: true))
        }
        var back = MachineRun.host()
        back.on(.presence(.lost))
        back.on(.hostOutcome(.approved))
        back.on(.presence(.there))
        back.on(.cardEnded(.approved))
        #expect(back.decision == TransactionDecision(.completed, hostContact: true))
        var kept = MachineRun.host(lost: .complete)
        kept.on(.presence(.lost))
        kept.on(.hostOutcome(.approved))
        kept.on(.cardEnded(.approved))
        #expect(kept.decision == TransactionDecision(.completed, hostContact: true))
    }

    @Test("A loss after the decision changes nothing")
    func lostAfterDecision() {
        var run = MachineRun.cardEnd(.approved)
        run.on(.cardEnded(.approved))
        run.on(.presence(.lost))
        run.on(.slot(.empty))
        #expect(run.on(.committed(.decision)).first == .reply(TransactionDecision(.completed, hostContact: true)))
    }

    @Test(
        "After a decline 19, after silence 23, after a bad answer 24, unreachable 21, not sent 22: whatever card or POS do",
        arguments: [
            (TransactionMachine.HostVerdict.declined, TransactionDecision(.declinedByHost, hostContact: true)),
            (.noAnswer, TransactionDecision(.noAnswer, reversal: .noAnswer, hostContact: true)),
            (.badAnswer, TransactionDecision(.badAnswer, reversal: .badAnswer, hostContact: true)),
            (.notConnected, TransactionDecision(.hostUnreachable, hostContact: false)),
            (.notSent, TransactionDecision(.notSent, hostContact: false)),
        ])
    func hostDecides(_ verdict: TransactionMachine.HostVerdict, _ decision: TransactionDecision) {
        for end in TransactionMachine.CardEnd.allCases {
            var run = MachineRun.cardEnd(verdict)
            #expect(run.actions.contains(.completeCard(verdict)))
            run.on(.presence(.lost))
            run.on(.cardEnded(end))
            #expect(run.decision == decision, "card \(end)")
        }
    }

    @Test("HOSTTIMEOUT without an answer: 23, 4021; an answer that comes later changes nothing")
    func silence() {
        var run = MachineRun.host()
        run.on(.timer(.host))
        run.on(.hostOutcome(.approved))
        run.on(.cardEnded(.approved))
        #expect(run.decision == TransactionDecision(.noAnswer, reversal: .noAnswer, hostContact: true))
    }

    @Test("The host limit passing before anything was sent: 21, nothing due")
    func limitBeforeSend() {
        var waiting = MachineRun.dialogue(reversalsDue: true)
        waiting.on(.onlineRequested)
        waiting.on(.timer(.host))
        #expect(waiting.decision == TransactionDecision(.hostUnreachable, hostContact: false))
        var committing = MachineRun.pendingCommit()
        #expect(committing.on(.timer(.host)).isEmpty)
        committing.on(.committed(.pendingReversal))
        #expect(committing.decision == TransactionDecision(.hostUnreachable, hostContact: false))
        #expect(!committing.actions.contains(.sendToHost))
    }

    @Test("A commit that fails: nothing is told or sent, the process exits")
    func commitFails() {
        var pending = MachineRun.pendingCommit()
        #expect(pending.on(.commitFailed).last == .die)
        #expect(pending.on(.committed(.pendingReversal)).isEmpty)
        var decision = MachineRun.cardEnd(.approved)
        decision.on(.cardEnded(.approved))
        #expect(decision.on(.commitFailed).last == .die)
        #expect(decision.on(.committed(.decision)).isEmpty)
        #expect(!decision.actions.contains { if case .reply = $0 { true } else { false } })
    }

    @Test("What a start decides: accepted only 1, pending 23 and due")
    func atStart() throws {
        func decision(_ entries: JournalEntry...) throws -> TransactionDecision {
            let events = ([JournalSamples.accepted("A")] + entries).compactMap {
                if case .transaction(_, let event) = $0 { event } else { nil }
            }
            return TransactionDecision.atStart(try JournaledTransaction(id: TransactionID("A"), events: events))
        }
        #expect(try decision() == TransactionDecision(.applicationError, hostContact: false))
        #expect(try decision(JournalSamples.pending("A")) == TransactionDecision(.noAnswer, reversal: .noAnswer, hostContact: true))
    }
}
