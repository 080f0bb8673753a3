import Money
import PaymentHost

/// One line of the journal. Nothing in it shows card data: of the card there are a keyed hash, BIN, last four and the altered account.
public enum JournalEntry: Sendable, Hashable {
    case transaction(TransactionID, TransactionEvent)
    /// The batch that is open from here on.
    case batchOpened(Int)
    /// STANs up to this one may have been used; the next start begins behind it (host-protocol, "Link").
    case stanReserved(through: Int)
}

/// What happened to one transaction, in the order it happened.
public enum TransactionEvent: Sendable, Hashable {
    case accepted(Acceptance)
    /// Committed before the first byte goes to the host: should nothing follow, the exchange is reversed (pos-protocol, section 5).
    case reversalPending(PendingReversal)
    /// The decision: takes the pending reversal away, or marks it due.
    case decided(DecisionRecord)
    /// Committed before the first byte of the first 1420: whatever is sent from now on is a repeat.
    case reversalSent(at: WallTime)
    case reversalAcknowledged(ReversalAnswer)
    /// The host refused the reversal: for an operator to see; retried hourly.
    case reversalFlagged(ReversalAnswer)
}

public struct Acceptance: Sendable, Hashable, Codable {
    public var peer: PeerIdentity
    public var request: TransactionRequest
    public var at: WallTime
    public var batchNumber: Int
    /// The answer as far as it is known, should nothing follow.
    public var draft: TransactionAnswer

    public init(peer: PeerIdentity, request: TransactionRequest, at: WallTime, batchNumber: Int, draft: TransactionAnswer) {
        self.peer = peer
        self.request = request
        self.at = at
        self.batchNumber = batchNumber
        self.draft = draft
    }
}

/// What is needed to reverse an exchange of which nothing more is known.
public struct PendingReversal: Sendable, Hashable, Codable {
    public var exchange: ExchangeIdentity
    /// Kept for the reversal, so that every 1420 and 1421 of it carries the same (host-protocol, "Exchanges").
    public var reversalSTAN: Int
    public var processingCode: String
    public var amount: Amount
    public var entryMode: EntryMode
    public var batchNumber: Int
    public var card: CardReference?
    public var draft: TransactionAnswer
    public var at: WallTime

    public init(
        exchange: ExchangeIdentity, reversalSTAN: Int, processingCode: String, amount: Amount, entryMode: EntryMode, batchNumber: Int,
        card: CardReference?, draft: TransactionAnswer, at: WallTime
    ) {
        self.exchange = exchange
        self.reversalSTAN = reversalSTAN
        self.processingCode = processingCode
        self.amount = amount
        self.entryMode = entryMode
        self.batchNumber = batchNumber
        self.card = card
        self.draft = draft
        self.at = at
    }

    /// The 1420 for this exchange, with the times of its decision (fields 7 and 12).
    public func reversal(
        _ reason: ReversalRequest.Reason, approvalCode: String? = nil, iccData: [UInt8]? = nil, localDateTime: String,
        transmissionDateTime: String
    ) -> ReversalRequest {
        ReversalRequest(
            exchange: ExchangeIdentity(
                mti: "1420", stan: reversalSTAN, localDateTime: localDateTime, transmissionDateTime: transmissionDateTime,
                retrievalReference: exchange.retrievalReference),
            original: exchange, reason: reason, processingCode: processingCode, amount: amount, approvalCode: approvalCode,
            iccData: iccData,
            entryMode: entryMode, batchNumber: batchNumber, isRepeat: false)
    }
}

/// How a follow-up recognises the original's card.
public struct CardReference: Sendable, Hashable, Codable {
    /// 32 bytes of `CardHash`.
    public var hash: [UInt8]
    /// First six digits.
    public var bin: String
    public var lastFour: String

    public init(hash: [UInt8], bin: String, lastFour: String) {
        self.hash = hash
        self.bin = bin
        self.lastFour = lastFour
    }
}

public struct DecisionRecord: Sendable, Hashable, Codable {
    /// What is told, to the letter.
    public var answer: TransactionAnswer
    /// Due from here on; `nil` when nothing is.
    public var reversal: ReversalRequest?
    public var at: WallTime

    public init(answer: TransactionAnswer, reversal: ReversalRequest?, at: WallTime) {
        self.answer = answer
        self.reversal = reversal
        self.at = at
    }
}

public struct ReversalAnswer: Sendable, Hashable, Codable {
    /// Field 39 of the 1430.
    public var actionCode: String
    public var at: WallTime

    public init(actionCode: String, at: WallTime) {
        self.actionCode = actionCode
        self.at = at
    }
}
