import Keys
import Money

/// What the terminal wants of the host, in the terms of payment; the dialect turns it into a message (and nothing else knows fields).
public enum HostRequest: Sendable {
    case financial(FinancialRequest)
    case advice(AdviceRequest)
    case reversal(ReversalRequest)
    case reconciliation(ReconciliationRequest)
}

/// What names an exchange for as long as anybody may ask about it: goes into field 56 of what follows it. Not secret.
public struct ExchangeIdentity: Sendable, Hashable, Codable {
    /// MTI as first sent, by the 1993 edition, "1200"; a dialect of another edition has its own for it.
    public var mti: String
    /// 000001…999999.
    public var stan: Int
    /// YYMMDDhhmmss local; goes into 12, or 12 and 13.
    public var localDateTime: String
    /// Field 7, MMDDhhmmss UTC.
    public var transmissionDateTime: String
    /// Field 37.
    public var retrievalReference: String

    public init(mti: String, stan: Int, localDateTime: String, transmissionDateTime: String, retrievalReference: String) {
        self.mti = mti
        self.stan = stan
        self.localDateTime = localDateTime
        self.transmissionDateTime = transmissionDateTime
        self.retrievalReference = retrievalReference
    }
}

/// Who the terminal is to the host; fields 41, 42, 43, 32 and that of the merchant category (26, or 18).
public struct MerchantIdentity: Sendable, Hashable, Codable {
    public var terminalID: String
    public var merchantID: String
    public var nameAndLocation: String
    public var categoryCode: String
    public var acquirerID: String

    public init(terminalID: String, merchantID: String, nameAndLocation: String, categoryCode: String, acquirerID: String) {
        self.terminalID = terminalID
        self.merchantID = merchantID
        self.nameAndLocation = nameAndLocation
        self.categoryCode = categoryCode
        self.acquirerID = acquirerID
    }
}

public enum EntryMode: String, Sendable, Hashable, Codable {
    case contactless = "Contactless"
    case chip = "Chip"
    case swiped = "Swiped"
    case chipSwiped = "Chip_Swiped"
    case manual = "Manual"
}

public struct HostCardData: Sendable {
    public var pan: PAN
    /// YYMM.
    public var expiry: String?
    public var track2: SecretBytes?
    public var panSequenceNumber: Int?
    /// Field 55.
    public var iccData: [UInt8]?

    public init(pan: PAN, expiry: String?, track2: SecretBytes?, panSequenceNumber: Int?, iccData: [UInt8]?) {
        self.pan = pan
        self.expiry = expiry
        self.track2 = track2
        self.panSequenceNumber = panSequenceNumber
        self.iccData = iccData
    }
}

/// How the cardholder was verified, for positions 8 and 9 of field 22.
public enum HostCardholderAuthentication: String, Sendable, Hashable, Codable {
    case notAuthenticated, onlinePIN, offlinePIN, signature
}

/// 1100 or 1200, by `exchange.mti`.
public struct FinancialRequest: Sendable {
    public var exchange: ExchangeIdentity
    /// By the 1993 edition (`FunctionCode`); goes into 24 if the dialect has function codes.
    public var functionCode: String
    /// Field 3, six digits (`ProcessingCode`).
    public var processingCode: String
    /// What the card is charged: everything included.
    public var amount: Amount
    public var tip: Amount?
    public var cashback: Amount?
    public var surcharge: Amount?
    public var tax: Amount?
    /// `nil` for increments (106) and linked refunds without the card: `original` says whose it is.
    public var card: HostCard?
    public var entryMode: EntryMode
    public var authentication: HostCardholderAuthentication
    /// Online PIN.
    public var pin: HostPINData?
    /// Field 56: the hold that an increment raises, the sale that a linked refund gives back.
    public var original: ExchangeIdentity?
    /// Field 30, where the amount differs from the original's.
    public var originalAmount: Amount?
    /// 48.13.
    public var originalApprovalCode: String?
    public var batchNumber: Int
    public var partialApprovalAllowed: Bool
    public var invoice: String?
    public var reference: String?
    /// 48.08, parameter HWVENDORID.
    public var vendorID: String?

    public init(
        exchange: ExchangeIdentity, functionCode: String, processingCode: String, amount: Amount, tip: Amount? = nil,
        cashback: Amount? = nil, surcharge: Amount? = nil, tax: Amount? = nil, card: HostCard?, entryMode: EntryMode,
        authentication: HostCardholderAuthentication, pin: HostPINData? = nil, original: ExchangeIdentity? = nil,
        originalAmount: Amount? = nil, originalApprovalCode: String? = nil, batchNumber: Int, partialApprovalAllowed: Bool = false,
        invoice: String? = nil, reference: String? = nil, vendorID: String? = nil
    ) {
        self.exchange = exchange
        self.functionCode = functionCode
        self.processingCode = processingCode
        self.amount = amount
        self.tip = tip
        self.cashback = cashback
        self.surcharge = surcharge
        self.tax = tax
        self.card = card
        self.entryMode = entryMode
        self.authentication = authentication
        self.pin = pin
        self.original = original
        self.originalAmount = originalAmount
        self.originalApprovalCode = originalApprovalCode
        self.batchNumber = batchNumber
        self.partialApprovalAllowed = partialApprovalAllowed
        self.invoice = invoice
        self.reference = reference
        self.vendorID = vendorID
    }
}

/// 1420, or 1421 when `isRepeat`. Carries no card data, so the journal keeps it as it is.
public struct ReversalRequest: Sendable, Hashable, Codable {
    /// The 1993 edition's codes (field 25; host-protocol: fixed at the decision). A dialect of another edition has its own for them.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        case cancelled = "4000"
        case cardRefused = "4007"
        case posLost = "4013"
        case badAnswer = "4020"
        case noAnswer = "4021"
    }

    /// The reversal's own STAN and times; the repeats keep them. `retrievalReference` is the original's.
    public var exchange: ExchangeIdentity
    public var original: ExchangeIdentity
    public var reason: Reason
    public var processingCode: String
    public var amount: Amount
    /// Field 30, where the original was for another amount.
    public var originalAmount: Amount?
    /// Field 38 of the original's answer, if one came.
    public var approvalCode: String?
    /// Field 55 when the card's end matters (9F10 95 9F5B 9B).
    public var iccData: [UInt8]?
    /// Field 22 of the original.
    public var entryMode: EntryMode
    public var batchNumber: Int
    public var isRepeat: Bool

    public init(
        exchange: ExchangeIdentity, original: ExchangeIdentity, reason: Reason, processingCode: String, amount: Amount,
        originalAmount: Amount? = nil, approvalCode: String?, iccData: [UInt8]?, entryMode: EntryMode, batchNumber: Int, isRepeat: Bool
    ) {
        self.exchange = exchange
        self.original = original
        self.reason = reason
        self.processingCode = processingCode
        self.amount = amount
        self.originalAmount = originalAmount
        self.approvalCode = approvalCode
        self.iccData = iccData
        self.entryMode = entryMode
        self.batchNumber = batchNumber
        self.isRepeat = isRepeat
    }
}

/// A matched, verified answer.
public struct HostAnswer: Sendable {
    /// Field 39 as the host sent it, "000"; of a reversal, advice or reconciliation in the terms of the 1993 edition whatever the dialect:
    /// 400 and 900 accepted, 913 repeated, 914 original unknown, 500 balanced, 501 not.
    public var actionCode: String
    /// Two characters by the dialect's table, "00".
    public var responseCode: String
    /// Text of the dialect's table or of the host.
    public var message: String
    /// Approved; of an advice or reversal: accepted, a repeat included; of a reconciliation: balanced.
    public var approved: Bool
    /// 39 = 002.
    public var isPartial: Bool
    /// Field 4 of the answer.
    public var amount: Amount?
    public var approvalCode: String?
    /// Field 55.
    public var iccData: [UInt8]
    public var cardToken: String?
    /// Available balance of 54: minor units; negative when the cardholder owes.
    public var balance: String?
    /// Field 97 of a reconciliation that does not balance: the host's net, as `ReconciliationRequest.Totals.net`.
    public var reconciliationNet: Int64?

    public init(
        actionCode: String, responseCode: String, message: String, approved: Bool, isPartial: Bool = false, amount: Amount? = nil,
        approvalCode: String? = nil, iccData: [UInt8] = [], cardToken: String? = nil, balance: String? = nil,
        reconciliationNet: Int64? = nil
    ) {
        self.actionCode = actionCode
        self.responseCode = responseCode
        self.message = message
        self.approved = approved
        self.isPartial = isPartial
        self.amount = amount
        self.approvalCode = approvalCode
        self.iccData = iccData
        self.cardToken = cardToken
        self.balance = balance
        self.reconciliationNet = reconciliationNet
    }
}

/// How an exchange ended (pos-protocol, results 21 to 24).
public enum HostOutcome: Sendable {
    case answered(HostAnswer)
    /// 21: no connection within the wait.
    case notConnected
    /// 22: connected, but not one byte was handed to the connection.
    case notSent
    /// 23: silence until the deadline, or the link failed after the first byte.
    case noAnswer
    /// 24: matched but wrong echo or MAC, or undecodable; the text names the field, never its value.
    case badAnswer(String)
}

/// The link as the terminal uses it.
public protocol PaymentHostLink: Sendable {
    /// Connects at once if need be (ignoring backoff, at most `connectWait`), sends, and waits for the matching answer until `deadline`.
    func exchange(_ request: HostRequest, deadline: ContinuousClock.Instant) async -> HostOutcome
    /// The same; `handedOver` is called once when the message has been handed to the connection, before its answer can arrive.
    func exchange(
        _ request: HostRequest, deadline: ContinuousClock.Instant, handedOver: @escaping @Sendable () -> Void
    ) async -> HostOutcome
    /// The link's state now, without waiting.
    var state: HostLinkState { get }
    /// The state now and every change.
    func states() -> AsyncStream<HostLinkState>
    /// A snapshot, without waiting.
    var statistics: HostLinkStatistics { get }
}

extension PaymentHostLink {
    /// For links that do not count.
    public var statistics: HostLinkStatistics { HostLinkStatistics() }

    /// For links that cannot tell: `handedOver` is never called.
    public func exchange(
        _ request: HostRequest, deadline: ContinuousClock.Instant, handedOver: @escaping @Sendable () -> Void
    ) async -> HostOutcome {
        await exchange(request, deadline: deadline)
    }
}

public enum HostLinkState: String, Sendable { case connected, connecting, down }
