import Money
import PaymentHost

/// One line of the journal. Nothing in it shows card data: of the card there are a keyed hash, BIN, last four and the altered account, and, until the
/// host has answered what carries it, the card enciphered.
public enum JournalEntry: Sendable, Hashable {
    case transaction(TransactionID, TransactionEvent)
    case batch(Int, BatchEvent)
    /// The batch that is open from here on.
    case batchOpened(Int)
    /// What a follow-up needs of the card; gone with the commit that ends the follow-up (host-protocol, "Fields").
    case card(FollowUpID, SealedCard)
    /// STANs up to this one may have been used; the next start begins behind it (host-protocol, "Link").
    case stanReserved(through: Int)
}

/// What happened to one transaction, in the order it happened. The large ones are kept by reference: an event is copied more often than it is read.
public enum TransactionEvent: Sendable, Hashable {
    indirect case accepted(Acceptance)
    /// Committed before the first byte goes to the host: should nothing follow, the exchange is reversed (pos-protocol, section 5).
    indirect case reversalPending(PendingReversal)
    /// Committed before the first byte of a transaction that is done whatever the host says (pos-protocol, section 4).
    indirect case intent(IntentRecord)
    /// The decision: takes the pending reversal away, or marks it due.
    indirect case decided(DecisionRecord)
    case followUp(Int, FollowUpEvent)
    /// A later transaction was decided that changes this one.
    case followed(Following)
}

public struct Acceptance: Sendable, Hashable, Codable {
    public var peer: PeerIdentity
    public var request: TransactionRequest
    public var at: WallTime
    public var batchNumber: Int
    /// What it follows up.
    public var original: TransactionID?
    /// The answer as far as it is known, should nothing follow.
    public var draft: TransactionAnswer

    public init(
        peer: PeerIdentity, request: TransactionRequest, at: WallTime, batchNumber: Int, original: TransactionID? = nil,
        draft: TransactionAnswer
    ) {
        self.original = original
        self.peer = peer
        self.request = request
        self.at = at
        self.batchNumber = batchNumber
        self.draft = draft
    }
}

/// A 1100 or 1200 on its way: what is needed to reverse it should nothing more be known, and to follow it up later.
public struct PendingReversal: Sendable, Hashable, Codable {
    public var exchange: ExchangeIdentity
    /// Kept for the reversal, so that every 1420 and 1421 of it carries the same (host-protocol, "Exchanges").
    public var reversalSTAN: Int
    public var processingCode: String
    public var amount: Amount
    public var entryMode: EntryMode
    public var batchNumber: Int
    public var card: CardReference?
    /// An inquiry (24 = 108) moves nothing and gets no reversal; `nil` is no.
    public var isInquiry: Bool?
    public var draft: TransactionAnswer
    public var at: WallTime

    public init(
        exchange: ExchangeIdentity, reversalSTAN: Int, processingCode: String, amount: Amount, entryMode: EntryMode, batchNumber: Int,
        card: CardReference?, isInquiry: Bool = false, draft: TransactionAnswer, at: WallTime
    ) {
        self.isInquiry = isInquiry ? true : nil
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

/// A transaction that is done whatever the host says: VOID, COMPLETION, TIP_ADJUST, FORCE.
public struct IntentRecord: Sendable, Hashable, Codable {
    /// In the order they are sent.
    public var followUps: [FollowUp]
    /// Of other transactions: not sent, and not to be sent once it is decided 0.
    public var drops: [FollowUpID]
    /// What falls on other transactions once it is decided 0.
    public var effects: [FollowingEffect]
    public var card: CardReference?
    /// What the card is charged, or was by what is undone.
    public var amount: Amount
    public var authCode: String?
    /// The answer, should nothing follow.
    public var draft: TransactionAnswer
    public var at: WallTime

    public init(
        followUps: [FollowUp], drops: [FollowUpID] = [], effects: [FollowingEffect], card: CardReference? = nil, amount: Amount,
        authCode: String?, draft: TransactionAnswer, at: WallTime
    ) {
        self.amount = amount
        self.authCode = authCode
        self.followUps = followUps
        self.drops = drops
        self.effects = effects
        self.card = card
        self.draft = draft
        self.at = at
    }
}

public struct DecisionRecord: Sendable, Hashable, Codable {
    /// What is told, to the letter.
    public var answer: TransactionAnswer
    /// Due from here on, after those of the intent.
    public var followUps: [FollowUp]
    /// Of an approval without the host.
    public var card: CardReference?
    public var at: WallTime

    public init(answer: TransactionAnswer, followUps: [FollowUp] = [], card: CardReference? = nil, at: WallTime) {
        self.answer = answer
        self.followUps = followUps
        self.card = card
        self.at = at
    }

    private enum CodingKeys: String, CodingKey { case answer, followUps, card, at, reversal }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        answer = try container.decode(TransactionAnswer.self, forKey: .answer)
        at = try container.decode(WallTime.self, forKey: .at)
        card = try container.decodeIfPresent(CardReference.self, forKey: .card)
        // The first schema knew one reversal and nothing else.
        let reversal = try container.decodeIfPresent(ReversalRequest.self, forKey: .reversal)
        followUps =
            try container.decodeIfPresent([FollowUp].self, forKey: .followUps) ?? reversal.map { [FollowUp(.reversal($0))] } ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(answer, forKey: .answer)
        try container.encode(at, forKey: .at)
        try container.encodeIfPresent(card, forKey: .card)
        if !followUps.isEmpty { try container.encode(followUps, forKey: .followUps) }
    }
}
