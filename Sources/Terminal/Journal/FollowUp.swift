import Money
import PaymentHost

/// Names one follow-up of one transaction for as long as the journal keeps it.
public struct FollowUpID: Sendable, Hashable, Codable, CustomStringConvertible {
    public var transaction: TransactionID
    /// In the order they were decided on, from 0.
    public var index: Int

    public init(_ transaction: TransactionID, _ index: Int) {
        self.transaction = transaction
        self.index = index
    }

    public var description: String { "\(transaction)/\(index)" }
}

/// A message that the host must get, repeated until it is answered: a 1420 or a 1220 (host-protocol, "Exchanges").
public struct FollowUp: Sendable, Hashable, Codable {
    public enum Message: Sendable, Hashable, Codable {
        case reversal(ReversalRequest)
        case advice(AdviceRecord)
    }

    public var message: Message
    /// It is not sent while one of these stands in its way (`FollowUpQueue`).
    public var after: [FollowUpID]

    public init(_ message: Message, after: [FollowUpID] = []) {
        self.message = message
        self.after = after
    }

    public var isReversal: Bool { if case .reversal = message { true } else { false } }
    public var reversal: ReversalRequest? { if case .reversal(let request) = message { request } else { nil } }
    public var advice: AdviceRecord? { if case .advice(let record) = message { record } else { nil } }

    public var exchange: ExchangeIdentity {
        switch message {
        case .reversal(let request): request.exchange
        case .advice(let record): record.exchange
        }
    }
}

/// A 1220 as the journal keeps it: all but the card, which lies beside it enciphered.
public struct AdviceRecord: Sendable, Hashable, Codable {
    public var exchange: ExchangeIdentity
    public var functionCode: String
    public var reason: AdviceRequest.Reason?
    public var original: ExchangeIdentity?
    public var processingCode: String
    public var amount: Amount
    public var originalAmount: Amount?
    public var tip: Amount?
    public var cashback: Amount?
    public var surcharge: Amount?
    public var tax: Amount?
    public var entryMode: EntryMode
    public var authentication: HostCardholderAuthentication
    public var approvalCode: String
    public var batchNumber: Int
    public var invoice: String?
    public var reference: String?
    public var marker: String?
    /// Whether the card goes with it (store and forward and FORCE only).
    public var hasCard: Bool

    public init(
        exchange: ExchangeIdentity, functionCode: String, reason: AdviceRequest.Reason? = nil, original: ExchangeIdentity? = nil,
        processingCode: String, amount: Amount, originalAmount: Amount? = nil, entryMode: EntryMode,
        authentication: HostCardholderAuthentication = .notAuthenticated, approvalCode: String, batchNumber: Int, marker: String? = nil,
        hasCard: Bool = false
    ) {
        self.exchange = exchange
        self.functionCode = functionCode
        self.reason = reason
        self.original = original
        self.processingCode = processingCode
        self.amount = amount
        self.originalAmount = originalAmount
        self.entryMode = entryMode
        self.authentication = authentication
        self.approvalCode = approvalCode
        self.batchNumber = batchNumber
        self.marker = marker
        self.hasCard = hasCard
    }

    public func request(card: HostCard?, isRepeat: Bool) -> AdviceRequest {
        var request = AdviceRequest(
            exchange: exchange, functionCode: functionCode, reason: reason, original: original, processingCode: processingCode,
            amount: amount, originalAmount: originalAmount, card: card, entryMode: entryMode, authentication: authentication,
            approvalCode: approvalCode, batchNumber: batchNumber, isRepeat: isRepeat)
        request.tip = tip
        request.cashback = cashback
        request.surcharge = surcharge
        request.tax = tax
        request.invoice = invoice
        request.reference = reference
        request.marker = marker
        return request
    }
}

/// What happened to a follow-up.
public enum FollowUpEvent: Sendable, Hashable, Codable {
    /// Committed before the first byte of the first attempt: whatever is sent from now on is a repeat.
    case sent(at: WallTime)
    /// Over: a reversal by 400, 914 or 913 on a repeat, an advice by 000, 900, 901 or 913.
    case acknowledged(HostReply)
    /// The host refused a reversal: for an operator to see; retried hourly.
    case flagged(HostReply)
    /// Over: the host refused an advice, or the reversal of a VOID that was answered 19.
    case refused(HostReply)
    /// Over: not one byte of it had left, and it is no longer wanted.
    case dropped(by: TransactionID, at: WallTime)
    /// Over: ended by an operator.
    case resolved(Resolution)
}

/// Field 39 of what answered a follow-up.
public struct HostReply: Sendable, Hashable, Codable {
    public var actionCode: String
    public var at: WallTime

    public init(actionCode: String, at: WallTime) {
        self.actionCode = actionCode
        self.at = at
    }
}

/// `countertop journal resolve`: an operator's word in place of the host's.
public struct Resolution: Sendable, Hashable, Codable {
    public var reason: String
    public var at: WallTime

    public init(reason: String, at: WallTime) {
        self.reason = reason
        self.at = at
    }
}

/// A follow-up and where it stands.
public struct TrackedFollowUp: Sendable, Hashable {
    public enum Progress: Sendable, Hashable {
        case due
        /// At least once.
        case sent
        case flagged(HostReply)
        case acknowledged(HostReply)
        case refused(HostReply)
        case dropped
        case resolved(Resolution)
    }

    public let followUp: FollowUp
    public private(set) var progress = Progress.due

    public init(_ followUp: FollowUp) { self.followUp = followUp }

    /// Whether nothing more will be sent.
    public var isOver: Bool {
        switch progress {
        case .due, .sent, .flagged: false
        case .acknowledged, .refused, .dropped, .resolved: true
        }
    }

    public var isAcknowledged: Bool { if case .acknowledged = progress { true } else { false } }

    /// `false` when the event cannot follow what came before it.
    mutating func apply(_ event: FollowUpEvent) -> Bool {
        switch (event, progress) {
        // An operator's word came first, from another process: it stands.
        case (.sent, .resolved), (.acknowledged, .resolved), (.flagged, .resolved), (.refused, .resolved): return true
        case (_, .acknowledged), (_, .refused), (_, .dropped), (_, .resolved): return false
        case (.sent, .flagged): return false
        case (.sent, _): progress = .sent
        case (.acknowledged(let reply), _): progress = .acknowledged(reply)
        case (.flagged(let reply), _): progress = .flagged(reply)
        case (.refused(let reply), _): progress = .refused(reply)
        // It may be committed as sent, and have found no link.
        case (.dropped, .due), (.dropped, .sent): progress = .dropped
        case (.dropped, _): return false
        case (.resolved(let resolution), _): progress = .resolved(resolution)
        }
        return true
    }
}
