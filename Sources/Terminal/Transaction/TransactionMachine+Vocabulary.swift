import Devices
import PaymentHost

extension TransactionMachine {
    /// What differs between terminals and requests.
    public struct Rules: Sendable, Hashable {
        public var limits: TransactionLimits
        public var posConnectionLost: POSConnectionLost
        /// `PARTIALAUTH` of the request.
        public var partialApprovalAllowed: Bool

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
        /// The cardholder gave up at the choice of application or at the PIN.
        case cancelled
        /// The cardholder did not act at the PIN.
        case timedOut
        case removed
        case mute
        case readerLost
    }

    public enum HostVerdict: Sendable, Hashable, CaseIterable {
        case approved, partiallyApproved, declined, notConnected, notSent, noAnswer, badAnswer
    }

    public enum Timer: String, Sendable, Hashable, CaseIterable {
        case acceptance, card, cardholder, reversalWait, host, cardEnd
    }

    public enum Commit: Sendable, Hashable, CaseIterable {
        case acceptance, pendingReversal, decision
    }

    public enum Event: Sendable, Hashable {
        /// First and once. `reversalsDue`: some get their attempt now; `.reversalsAttempted` follows.
        case begin(Slot, reversalsDue: Bool)
        case slot(Slot)
        /// The kernel offers applications.
        case choiceNeeded
        /// The kernel wants a PIN.
        case pinNeeded
        /// The cardholder has chosen, or typed.
        case choiceMade
        /// The first GENERATE AC gave an ARQC.
        case onlineRequested
        case cardEnded(CardEnd)
        case reversalsAttempted
        case hostOutcome(HostVerdict)
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
        case offerApplications
        case askForPIN
        /// Give the dialogue up and power the card off.
        case stopCard
        /// One synced commit, after all before it; `withAcceptance`: with the acceptance in the same commit.
        case commit(Commit, withAcceptance: Bool)
        case commitDecision(TransactionDecision, withAcceptance: Bool)
        case sendToHost
        /// Give the card the host's answer, or that there is none.
        case completeCard(HostVerdict)
        case answerCancel(CancelAnswer)
        case reply(TransactionDecision)
        /// Tell the cardholder how it ended, and to take the card.
        case showOutcome(TransactionDecision)
        case die
    }
}
