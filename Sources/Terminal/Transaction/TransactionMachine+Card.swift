/// The card phase: from the wait for a card to its ARQC.
extension TransactionMachine {
    mutating func slotChanged(_ slot: Slot) -> [Action] {
        let hadReader = self.slot != .noReader
        self.slot = slot
        guard usesSlot else { return [] }
        switch phase {
        // Section 3, 202: the reader went during the transaction, whatever other readers there are.
        case .removal where slot == .noReader && hadReader, .card where slot == .noReader && hadReader && ways.contains(.chip):
            return decide(.deviceFault)
        case .removal, .card: return waitForCard(slot)
        case .dialogue, .choice, .reversalWait:
            guard rules.entry == .card, let end = Self.end(slot) else { return [] }
            return decide(Self.result(beforeHost: end))
        case .pendingCommit, .host:
            if rules.entry == .card { lostCard = lostCard ?? Self.end(slot) }
            return []
        case .cardEnd:
            guard let end = Self.end(slot) else { return [] }
            return conclude(end)
        case .new, .tip, .decisionCommit, .decided, .dead: return []
        }
    }

    /// What a change in the slot means to the card in use: it is there, or another state says that it is not.
    private static func end(_ slot: Slot) -> CardEnd? {
        switch slot {
        case .noReader: .readerLost
        case .empty, .freshCard: .removed
        case .usedCard: nil
        }
    }

    mutating func cardEnded(_ end: CardEnd) -> [Action] {
        switch phase {
        case .dialogue where end == .approved && offlineAllowed: approvedByCard()
        case .dialogue where end == .unreadable: chipUnreadable()
        case .dialogue, .choice: decide(Self.result(beforeHost: end))
        case .cardEnd: conclude(end)
        default: []
        }
    }

    /// The card had its say before the host was asked: no money has moved and none will.
    static func result(beforeHost end: CardEnd) -> ResultCode {
        switch end {
        // A TC that store and forward does not take: no offline approval.
        case .approved, .declined, .refused: .declinedByCard
        case .unusable, .unreadable, .mute: .cardUnreadable
        case .cancelled: .cancelledByCardholder
        case .timedOut: .timeout
        case .removed: .cardRemoved
        case .readerLost: .deviceFault
        }
    }

    /// TC at the first GENERATE AC under the floor limit: approved without the host. The decision is the intent, the 1220 comes after it.
    private mutating func approvedByCard() -> [Action] {
        guard case .exchange(false) = rules.contact else { return decide(.declinedByCard) }
        return decide(.completed, state: .offlineQueued)
    }

    mutating func cardPhaseEnded() -> [Action] {
        guard phase == .dialogue else { return [] }
        return [.stopTimer(.cardholder)] + hostPhaseBegins()
    }

    /// Section 2: the host phase is 30 s from the end of the card phase, whatever is left of the reversal wait included.
    mutating func hostPhaseBegins() -> [Action] {
        let timers: [Action] = [.startTimer(.host, rules.limits.host)]
        guard reversalsSettled || rules.contact.isSilent else {
            phase = .reversalWait
            return timers
        }
        return timers + passPointOfNoReturn()
    }
}
