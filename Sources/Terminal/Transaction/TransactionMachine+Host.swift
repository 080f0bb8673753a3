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
        phase = .pendingCommit
        return [.status(.communication), .show(.processing), .commit(.pendingReversal, withAcceptance: takeAcceptance())]
    }

    mutating func pendingCommitted() -> [Action] {
        // Nothing was handed over yet and nothing will be: the decision takes the pending reversal away.
        if let lostCard { return decide(Self.result(beforeHost: lostCard)) }
        if hostLimitPassed { return decide(.hostUnreachable) }
        phase = .host
        return [.sendToHost]
    }

    mutating func hostOutcome(_ verdict: HostVerdict) -> [Action] {
        // Section 5: an answer that comes later changes nothing.
        guard phase == .host else { return [] }
        hostVerdict = verdict
        phase = .cardEnd
        if let lostCard { return [.stopTimer(.host)] + conclude(lostCard) }
        return [.stopTimer(.host), .startTimer(.cardEnd, rules.limits.cardEnd), .completeCard(verdict)]
    }

    /// Card and host have both had their say.
    mutating func conclude(_ end: CardEnd) -> [Action] {
        switch hostVerdict {
        case .approved: afterApproval(end, partial: false)
        case .partiallyApproved: afterApproval(end, partial: true)
        // Section 5: after a host decline it is 19, after silence 23, whatever card or POS do.
        case .declined: decide(.declinedByHost, hostContact: true)
        case .noAnswer, nil: decide(.noAnswer, reversal: .noAnswer, hostContact: true)
        case .badAnswer: decide(.badAnswer, reversal: .badAnswer, hostContact: true)
        // Section 3, 21 and 22: nothing was sent, nothing is due.
        case .notConnected: decide(.hostUnreachable)
        case .notSent: decide(.notSent)
        }
    }

    /// Section 5: after a host approval, the first that applies.
    private mutating func afterApproval(_ end: CardEnd, partial: Bool) -> [Action] {
        switch end {
        case .declined, .refused, .unusable, .cancelled, .timedOut: return decide(.declinedByCard, reversal: .cardRefused, hostContact: true)
        case .removed, .mute: return decide(.cardRemoved, reversal: .cardRefused, hostContact: true)
        case .readerLost: return decide(.deviceFault, reversal: .cardRefused, hostContact: true)
        case .approved: break
        }
        if partial, !rules.partialApprovalAllowed { return decide(.declinedByHost, reversal: .cancelled, hostContact: true) }
        // Approved and nobody there: reversed, unless the configuration keeps it for LastTransaction.
        if presence != .there, rules.posConnectionLost == .reverse {
            return decide(.reversedPOSLost, reversal: .posLost, hostContact: true)
        }
        return decide(.completed, hostContact: true)
    }

    /// Section 5: the decision is one synced commit; it removes the pending reversal or marks it due in the same commit.
    mutating func decide(_ result: ResultCode, reversal: ReversalRequest.Reason? = nil, hostContact: Bool = false) -> [Action] {
        let decision = TransactionDecision(result, reversal: reversal, hostContact: hostContact)
        let usesCard = phase == .dialogue || phase == .choice || phase == .reversalWait || phase == .pendingCommit || phase == .cardEnd
        phase = .decisionCommit(decision)
        return [.stopTimers] + (usesCard ? [.stopCard] : []) + [.commitDecision(decision, withAcceptance: takeAcceptance())]
    }
}
