import Devices
import PaymentHost

extension TransactionMachine {
    /// Whether somebody has to present a card.
    public enum Entry: Sendable, Hashable, CaseIterable {
        case card
        /// The original's card, a token, or none at all.
        case none
    }

    /// What the host is asked for or told.
    public enum Contact: Sendable, Hashable {
        /// A 1100 or 1200: its answer decides, and without one it is reversed. An inquiry moves nothing and gets no reversal.
        case exchange(isInquiry: Bool)
        /// 1420s or 1220s, one after the other, under an intent: it is done whatever the host says, unless it refuses the first (pos-protocol,
        /// section 4, "Intent transactions").
        case followUps(count: Int, done: TransactionState, pending: TransactionState)
        /// A batch is frozen and reconciled.
        case settlement

        /// Whether there is nothing to tell the host.
        var isSilent: Bool { if case .followUps(0, _, _) = self { true } else { false } }
    }

    /// What differs between terminals and requests.
    public struct Rules: Sendable, Hashable {
        public var entry = Entry.card
        public var contact = Contact.exchange(isInquiry: false)
        /// How a card can be given when the transaction begins.
        public var ways: Set<EntryWay> = [.chip]
        /// Of this or another card a moment ago.
        public var failedChipReads = 0
        public var limits: TransactionLimits
        public var posConnectionLost: POSConnectionLost
        /// `PARTIALAUTH` of the request.
        public var partialApprovalAllowed: Bool
        /// Whether the cardholder chooses a tip before the card.
        public var asksTip = false

        public init(
            limits: TransactionLimits = TransactionLimits(), posConnectionLost: POSConnectionLost = .reverse,
            partialApprovalAllowed: Bool = false
        ) {
            self.limits = limits
            self.posConnectionLost = posConnectionLost
            self.partialApprovalAllowed = partialApprovalAllowed
        }
    }

    /// The chip slot as far as the rules care.
    public enum Slot: Sendable, Hashable, CaseIterable {
        case noReader
        case empty
        /// The card that is or was used by a transaction, or was there when the terminal started.
        case usedCard
        /// A card that may pay.
        case freshCard
    }

    /// How a card dialogue ended.
    public enum CardEnd: Sendable, Hashable, CaseIterable {
        /// TC.
        case approved
        /// AAC, or CDA failed.
        case declined
        /// The card can be talked to, and refuses its service: blocked, conditions not satisfied.
        case refused
        /// No application in common, data missing, chip broken.
        case unusable
        /// No answer to reset, or nothing that the card understood: the stripe may take the chip's place.
        case unreadable
        /// The cardholder gave up at the choice of application or at the PIN.
        case cancelled
        /// The cardholder did not act at the PIN.
        case timedOut
        case removed
        case mute
        case readerLost
    }

    /// What became of one attempt at a follow-up.
    public enum FollowUpOutcome: Sendable, Hashable {
        case accepted(actionCode: String)
        case refused(actionCode: String)
        /// No answer, or none that can be used.
        case unanswered
        /// Nothing was sent.
        case notSent
    }

    public enum HostVerdict: Sendable, Hashable, CaseIterable {
        case approved, partiallyApproved, declined, notConnected, notSent, noAnswer, badAnswer
    }

    public enum Timer: String, Sendable, Hashable, CaseIterable {
        case acceptance, card, cardholder, reversalWait, host, cardEnd
    }

    public enum Commit: Sendable, Hashable, CaseIterable {
        case acceptance, pendingReversal, intent, freeze, decision
    }

    public enum Event: Sendable, Hashable {
        /// First and once. `reversalsDue`: some get their attempt now; `.reversalsAttempted` follows.
        case begin(Slot, reversalsDue: Bool)
        case slot(Slot)
        case ways(Set<EntryWay>)
        case swiped(Swipe)
        case tapped(Tap)
        case keyed(Keyed)
        /// The cardholder has chosen a tip, or none.
        case tipSettled
        case tipCancelled
        /// The kernel offers applications.
        case choiceNeeded
        /// The kernel wants a PIN.
        case pinNeeded
        /// The cardholder has chosen, or typed.
        case choiceMade
        /// The first GENERATE AC gave an ARQC.
        case onlineRequested
        case cardEnded(CardEnd)
        /// The card is not the original's.
        case anotherCard
        /// Whether store and forward may approve this one, now that its card is known.
        case offlineAllowed(Bool)
        case reversalsAttempted
        case hostOutcome(HostVerdict)
        case followUpOutcome(FollowUpOutcome)
        /// The frozen batch is reconciled.
        case settled
        case presence(POSPresence)
        case cancel
        case timer(Timer)
        /// The commit of the same name is on the medium.
        case committed(Commit)
        case commitFailed
    }

    public enum Action: Sendable, Hashable {
        case status(StatusContext)
        case show(DisplayMessage.Prompt)
        case startTimer(Timer, Duration)
        case stopTimer(Timer)
        case stopTimers
        /// Power the card and begin the dialogue; the card is used from now on.
        case readCard
        /// Take swipes, taps and typed numbers from now on, and none from before; with none of them, stop.
        case listen(Set<EntryWay>)
        /// The card just swiped pays.
        case takeSwipe(fallback: Bool)
        /// The card just tapped pays.
        case takeTap
        /// The card just typed pays.
        case takeKeyed
        case askForTip
        case offerApplications
        case askForPIN
        /// Give the dialogue up and power the card off.
        case stopCard
        /// One synced commit, after all before it; `withAcceptance`: with the acceptance in the same commit.
        case commit(Commit, withAcceptance: Bool)
        case commitDecision(TransactionDecision, withAcceptance: Bool)
        case sendToHost
        /// One of the intent, by index.
        case sendFollowUp(Int)
        case reconcile
        /// Give the card the host's answer, or that there is none.
        case completeCard(HostVerdict)
        case answerCancel(CancelAnswer)
        case reply(TransactionDecision)
        /// Tell the cardholder how it ended, and to take the card.
        case showOutcome(TransactionDecision)
        case die
    }
}
