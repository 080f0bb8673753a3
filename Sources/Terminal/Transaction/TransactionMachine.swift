/// The rules of a transaction of any type (pos-protocol, sections 2 to 5) from acceptance to the reply, as a value: no I/O, no clock, no tasks. What it returns must
/// be carried out in order, commits one after the other. A commit that fails ends everything: the process exits.
public struct TransactionMachine: Sendable {
    enum Phase: Sendable, Hashable {
        case new
        /// The cardholder chooses a tip.
        case tip
        /// A card that has served its transaction must go first.
        case removal
        case card
        /// From power-on to the first GENERATE AC.
        case dialogue
        /// The cardholder chooses an application or types a PIN.
        case choice
        /// The card phase is over; due reversals still have their attempt. Cancel is possible.
        case reversalWait
        /// The point of no return: `Communication` was told; pending reversal, intent or freeze is being committed.
        case pendingCommit
        case host
        /// From the host's answer to the end of the card dialogue.
        case cardEnd
        case decisionCommit(TransactionDecision)
        case decided
        /// A commit failed: nothing more is told or sent.
        case dead
    }

    enum AcceptanceRecord: Sendable, Hashable { case deferred, committing, synced }

    let rules: Rules
    var phase = Phase.new
    var presence = POSPresence.there
    var acceptance = AcceptanceRecord.deferred
    var reversalsSettled = true
    /// The host limit passed while the pending reversal was being committed.
    var hostLimitPassed = false
    /// The card went, or its reader, between the card phase and the host's answer.
    var lostCard: CardEnd?
    var hostVerdict: HostVerdict?
    /// How a card can be given now; the readers come and go.
    var ways: Set<EntryWay>
    /// The chip slot as it was last seen.
    var slot = Slot.empty
    /// `false` once a card was taken that is not in the slot: what happens there is another card's.
    var usesSlot = true
    var failedChipReads: Int
    /// Numbers typed that could not be right, and whether nobody is asked for one any more.
    var refusedKeyings = 0
    var keyingIsOver = false
    /// Somebody listens for swipes and taps, or at a keypad.
    var isListening = false
    /// Of the intent's follow-ups, as far as they were attempted.
    public internal(set) var followUpOutcomes: [FollowUpOutcome] = []
    var offlineAllowed = false

    public init(rules: Rules) {
        self.rules = rules
        ways = rules.ways
        failedChipReads = rules.failedChipReads
    }

    /// Whether there is nothing left to come.
    public var isOver: Bool { phase == .decided || phase == .dead }

    public mutating func on(_ event: Event) -> [Action] {
        if isOver { return event == .cancel ? [.answerCancel(.nothingToCancel)] : [] }
        switch event {
        case .begin(let slot, let reversalsDue): return begin(slot, reversalsDue: reversalsDue)
        case .slot(let slot): return slotChanged(slot)
        case .ways(let ways): return waysChanged(ways)
        case .swiped(let swipe): return swiped(swipe)
        case .tapped(let tap): return tapped(tap)
        case .keyed(let keyed): return self.keyed(keyed)
        case .choiceNeeded: return choiceNeeded()
        case .pinNeeded: return pinNeeded()
        case .choiceMade: return choiceMade()
        case .onlineRequested: return cardPhaseEnded()
        case .cardEnded(let end): return cardEnded(end)
        case .tipSettled: return tipSettled()
        case .tipCancelled: return phase == .tip ? decide(.cancelledByCardholder) : []
        case .anotherCard: return phase == .dialogue ? decide(.anotherCard) : []
        case .offlineAllowed(let isAllowed):
            offlineAllowed = isAllowed
            return []
        case .reversalsAttempted: return reversalsAttempted()
        case .hostOutcome(let verdict): return hostOutcome(verdict)
        case .followUpOutcome(let outcome): return followUpOutcome(outcome)
        case .settled: return phase == .host ? decide(.completed, hostContact: true) : []
        case .presence(let presence): return presenceChanged(presence)
        case .cancel: return cancel()
        case .timer(let timer): return timerFired(timer)
        case .committed(let commit): return committed(commit)
        case .commitFailed:
            // Section 5, "journal write fails": nothing is told or sent, the process exits.
            phase = .dead
            return [.stopTimers, .die]
        }
    }

    private mutating func begin(_ slot: Slot, reversalsDue: Bool) -> [Action] {
        guard phase == .new else { return [] }
        reversalsSettled = !reversalsDue
        var actions: [Action] = [.startTimer(.acceptance, rules.limits.acceptanceDelay)]
        // Section 2: the reversal wait starts at acceptance.
        if reversalsDue { actions.append(.startTimer(.reversalWait, rules.limits.reversalWait)) }
        guard rules.entry == .card else { return actions + hostPhaseBegins() }
        // Section 2, "Time limits": CARDTIMEOUT, and CARDHOLDERTIMEOUT for all cardholder steps together.
        actions.append(.startTimer(.cardholder, rules.limits.cardholder))
        self.slot = slot
        guard rules.asksTip else { return actions + cardIsNext() }
        phase = .tip
        return actions + [.status(.tip), .askForTip]
    }

    private mutating func tipSettled() -> [Action] { phase == .tip ? cardIsNext() : [] }

    private mutating func cardIsNext() -> [Action] { [.startTimer(.card, rules.limits.card)] + waitForCard(slot) }

    private mutating func choiceNeeded() -> [Action] {
        guard phase == .dialogue else { return [] }
        phase = .choice
        return [.status(.applicationSelection), .show(.chooseApplication), .offerApplications]
    }

    private mutating func pinNeeded() -> [Action] {
        guard phase == .dialogue else { return [] }
        phase = .choice
        return [.status(.pin), .show(.enterPIN), .askForPIN]
    }

    private mutating func choiceMade() -> [Action] {
        guard phase == .choice else { return [] }
        phase = .dialogue
        return [.show(.processing)]
    }

    private mutating func presenceChanged(_ presence: POSPresence) -> [Action] {
        self.presence = presence
        // Section 5: POS lost before host contact, the operation is cancelled.
        guard presence == .lost, isBeforeHostContact else { return [] }
        return decide(.cancelledByPOS)
    }

    private mutating func cancel() -> [Action] {
        if isBeforeHostContact {
            // Section 5: after `0` host contact is impossible, and the transaction's own `12` follows.
            return [.answerCancel(.cancelled)] + decide(.cancelledByPOS)
        }
        switch phase {
        // Section 5: without host contact the decision is the point of no return. A second Cancel hears what the first did.
        case .decisionCommit(let decision) where decision.result == .cancelledByPOS: return [.answerCancel(.cancelled)]
        case .decisionCommit(let decision) where !decision.hostContact && hostVerdict == nil: return [.answerCancel(.nothingToCancel)]
        // Section 4, `Communication`: from then on Cancel answers 13.
        case .pendingCommit, .host, .cardEnd, .decisionCommit: return [.answerCancel(.tooLate)]
        default: return [.answerCancel(.nothingToCancel)]
        }
    }

    private mutating func timerFired(_ timer: Timer) -> [Action] {
        switch (timer, phase) {
        case (.acceptance, _) where acceptance == .deferred && !isDeciding && phase != .pendingCommit:
            // Section 5, "crash or power cut": acceptance is committed during the card phase, off the critical path.
            acceptance = .committing
            return [.commit(.acceptance, withAcceptance: true)]
        // Section 3, 10: nobody acted.
        case (.card, .removal), (.card, .card), (.cardholder, .tip), (.cardholder, .removal), (.cardholder, .card),
            (.cardholder, .choice):
            return decide(.timeout)
        // A card that talks for longer than a cardholder may take is no card that can be read.
        case (.cardholder, .dialogue): return decide(.cardUnreadable)
        case (.reversalWait, _): return reversalsAttempted()
        // Section 3, 21: nothing was sent.
        case (.host, .reversalWait): return decide(.hostUnreachable)
        case (.host, .pendingCommit):
            hostLimitPassed = true
            return []
        // Section 5: host silent.
        case (.host, .host): return hostLimitReached()
        // Section 2: the card's end has 4 s, then the card counts as mute.
        case (.cardEnd, .cardEnd): return conclude(.mute)
        default: return []
        }
    }

    private mutating func committed(_ commit: Commit) -> [Action] {
        switch (commit, phase) {
        case (.acceptance, _):
            acceptance = .synced
            return []
        case (.pendingReversal, .pendingCommit), (.intent, .pendingCommit), (.freeze, .pendingCommit):
            acceptance = .synced
            return pendingCommitted()
        case (.decision, .decisionCommit(let decision)):
            // Section 5: reply, display and every other effect come after the decision commit.
            phase = .decided
            return [.reply(decision), .showOutcome(decision)]
        default: return []
        }
    }

    var isBeforeHostContact: Bool {
        switch phase {
        case .tip, .removal, .card, .dialogue, .choice, .reversalWait: true
        case .new, .pendingCommit, .host, .cardEnd, .decisionCommit, .decided, .dead: false
        }
    }

    var isDeciding: Bool {
        if case .decisionCommit = phase { true } else { false }
    }

    /// The acceptance goes with the next commit, unless it went before.
    mutating func takeAcceptance() -> Bool {
        guard acceptance == .deferred else { return false }
        acceptance = .committing
        return true
    }
}
