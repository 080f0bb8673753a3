import PaymentHost

/// The host phase and the decision.
extension TransactionMachine {
    /// Section 5: one attempt at each due reversal before the next transaction, 10 s in total, then the sale proceeds.
    mutating func reversalsAttempted() -> [Action] {
        reversalsSettled = true
        guard phase == .reversalWait else { return [] }
        return [.stopTimer(.reversalWait)] + passPointOfNoReturn()
    }

    /// Section 4: `Communication` is sent when the pending-reversal record is being committed; that commit (with the acceptance, if that is not
    /// synced yet) comes before the first byte.
    mutating func passPointOfNoReturn() -> [Action] {
        let commit: Commit
        switch rules.contact {
        case .exchange: commit = .pendingReversal
        // A VOID of what the host never got, or of something already voided: there is nothing to send.
        case .followUps(0, let done, _): return decide(.completed, state: done)
        case .followUps: commit = .intent
        case .settlement: commit = .freeze
        }
        // What an intent tells the host it is told whatever the card does now.
        let isCardDone = rules.entry == .card && commit == .intent
        phase = .pendingCommit
        return [.status(.communication), .show(.processing), .commit(commit, withAcceptance: takeAcceptance())]
            + (isCardDone ? [.stopCard] : [])
    }

    mutating func pendingCommitted() -> [Action] {
        switch rules.contact {
        case .exchange:
            // Nothing was handed over yet and nothing will be: the decision takes the pending reversal away.
            if let lostCard { return decide(Self.result(beforeHost: lostCard)) }
            if hostLimitPassed { return decide(.hostUnreachable) }
            phase = .host
            return [.sendToHost]
        case .followUps:
            phase = .host
            return hostLimitPassed ? hostLimitReached() : [.sendFollowUp(0)]
        case .settlement:
            phase = .host
            return hostLimitPassed ? hostLimitReached() : [.reconcile]
        }
    }

    mutating func hostLimitReached() -> [Action] {
        switch rules.contact {
        case .exchange: hostOutcome(.noAnswer)
        case .followUps: followUpOutcome(.unanswered)
        // Section 4, SETTLEMENT: not finished at the limit → 203, and reconciliation goes on by itself.
        case .settlement: decide(.outcomeUnknown, hostContact: true, state: .unknown)
        }
    }

    mutating func hostOutcome(_ verdict: HostVerdict) -> [Action] {
        // Section 5: an answer that comes later changes nothing.
        guard phase == .host, case .exchange = rules.contact else { return [] }
        hostVerdict = verdict
        phase = .cardEnd
        guard rules.entry == .card else { return [.stopTimer(.host)] + conclude(.approved) }
        if let lostCard { return [.stopTimer(.host)] + conclude(lostCard) }
        return [.stopTimer(.host), .startTimer(.cardEnd, rules.limits.cardEnd), .completeCard(verdict)]
    }

    /// Section 4, "Intent transactions": acknowledged or accepted → done; an explicit refusal → 19, the original as before; anything else → 0, and
    /// repeated until acknowledged.
    mutating func followUpOutcome(_ outcome: FollowUpOutcome) -> [Action] {
        guard phase == .host, case .followUps(let count, let done, let pending) = rules.contact else { return [] }
        followUpOutcomes.append(outcome)
        switch outcome {
        case .accepted where followUpOutcomes.count < count: return [.sendFollowUp(followUpOutcomes.count)]
        case .accepted: return decide(.completed, hostContact: true, state: done)
        case .refused where followUpOutcomes.count == 1: return decide(.declinedByHost, hostContact: true)
        case .refused, .unanswered, .notSent: return decide(.completed, hostContact: true, state: pending)
        }
    }

    /// Card and host have both had their say.
    mutating func conclude(_ end: CardEnd) -> [Action] {
        let needsReversal = rules.contact == .exchange(isInquiry: false)
        switch hostVerdict {
        case .approved: return afterApproval(end, partial: false)
        case .partiallyApproved: return afterApproval(end, partial: true)
        // Section 5: after a host decline it is 19, after silence 23, whatever card or POS do.
        case .declined: return decide(.declinedByHost, hostContact: true)
        case .noAnswer, nil:
            if isApprovedOffline(end) { return decide(.completed, reversal: .noAnswer, hostContact: true, state: .offlineQueued) }
            return needsReversal
                ? decide(.noAnswer, reversal: .noAnswer, hostContact: true) : decide(.noAnswer, hostContact: true, state: .unknown)
        case .badAnswer:
            return needsReversal
                ? decide(.badAnswer, reversal: .badAnswer, hostContact: true) : decide(.badAnswer, hostContact: true, state: .unknown)
        // Section 3, 21 and 22: nothing was sent, nothing is due.
        case .notConnected: return isApprovedOffline(end) ? decide(.completed, state: .offlineQueued) : decide(.hostUnreachable)
        case .notSent: return isApprovedOffline(end) ? decide(.completed, state: .offlineQueued) : decide(.notSent)
        }
    }

    /// Store and forward: the card agrees (TC), and somebody is there to be told; else silence is 23.
    private func isApprovedOffline(_ end: CardEnd) -> Bool {
        offlineAllowed && end == .approved && presence == .there && rules.contact == .exchange(isInquiry: false)
    }

    /// Section 5: after a host approval, the first that applies.
    private mutating func afterApproval(_ end: CardEnd, partial: Bool) -> [Action] {
        let isInquiry = rules.contact == .exchange(isInquiry: true)
        func reversal(_ reason: ReversalRequest.Reason) -> ReversalRequest.Reason? { isInquiry ? nil : reason }
        switch end {
        case .declined, .refused, .unusable, .unreadable, .cancelled, .timedOut:
            return decide(.declinedByCard, reversal: reversal(.cardRefused), hostContact: true)
        case .removed, .mute: return decide(.cardRemoved, reversal: reversal(.cardRefused), hostContact: true)
        case .readerLost: return decide(.deviceFault, reversal: reversal(.cardRefused), hostContact: true)
        case .approved: break
        }
        if isInquiry { return decide(.completed, hostContact: true) }
        if partial, !rules.partialApprovalAllowed { return decide(.declinedByHost, reversal: .cancelled, hostContact: true) }
        // Approved and nobody there: reversed, unless the configuration keeps it for LastTransaction.
        if presence != .there, rules.posConnectionLost == .reverse {
            return decide(.reversedPOSLost, reversal: .posLost, hostContact: true)
        }
        return decide(.completed, hostContact: true)
    }

    /// Section 5: the decision is one synced commit; it removes the pending reversal or marks it due in the same commit.
    mutating func decide(
        _ result: ResultCode, reversal: ReversalRequest.Reason? = nil, hostContact: Bool = false, state: TransactionState? = nil
    ) -> [Action] {
        let decision = TransactionDecision(result, reversal: reversal, hostContact: hostContact, state: state)
        let usesCard = phase == .dialogue || phase == .choice || phase == .reversalWait || phase == .pendingCommit || phase == .cardEnd
        phase = .decisionCommit(decision)
        return [.stopTimers] + stopListening() + (usesCard && rules.entry == .card ? [.stopCard] : [])
            + [.commitDecision(decision, withAcceptance: takeAcceptance())]
    }
}
