/// What a request means to the books, whatever its dialect. Holds no card data.
public struct LedgerRequest: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// 1100.
        case authorization
        /// 1200.
        case financial
        /// 1220.
        case advice
        /// 1420.
        case reversal
        /// 1520.
        case reconciliation
        /// 1804.
        case network
    }

    public var kind: Kind
    public var key: HostExchangeKey
    /// Field 56.
    public var original: HostExchangeKey?
    /// Field 37.
    public var retrievalReference: String
    /// 48.01, six digits.
    public var batch: String
    /// Masked: first six, last four.
    public var account: String
    /// The token of the card; empty where the message has no card that this host can read.
    public var cardToken: String
    /// Field 3.
    public var processingCode: String
    /// Field 24.
    public var functionCode: String
    /// Field 25.
    public var reasonCode: String
    /// Field 4, minor units.
    public var amount: Int64
    /// Field 49 (50 of a reconciliation).
    public var currency: String
    /// Field 38: what a FORCE or an advice brings along.
    public var approvalCode: String?
    /// 48.03.
    public var partialApprovalAllowed: Bool
    /// Field 97: the terminal's idea of the batch's net, minor units, sales positive.
    public var reportedNet: Int64?

    public init(
        kind: Kind, key: HostExchangeKey, original: HostExchangeKey? = nil, retrievalReference: String = "", batch: String = "",
        account: String = "", cardToken: String = "", processingCode: String = "", functionCode: String = "", reasonCode: String = "",
        amount: Int64 = 0,
        currency: String = "", approvalCode: String? = nil, partialApprovalAllowed: Bool = false, reportedNet: Int64? = nil
    ) {
        self.kind = kind
        self.key = key
        self.original = original
        self.retrievalReference = retrievalReference
        self.batch = batch
        self.account = account
        self.cardToken = cardToken
        self.processingCode = processingCode
        self.functionCode = functionCode
        self.reasonCode = reasonCode
        self.amount = amount
        self.currency = currency
        self.approvalCode = approvalCode
        self.partialApprovalAllowed = partialApprovalAllowed
        self.reportedNet = reportedNet
    }

    /// 24 = 106: more on an open hold.
    public var isIncrement: Bool { kind == .authorization && functionCode == "106" }
    /// 24 = 108: asks and moves nothing.
    public var isInquiry: Bool { kind == .authorization && functionCode == "108" }
}

/// What the host answered: everything of the answer that is not echoed.
public struct LedgerDecision: Sendable, Hashable {
    /// Field 39.
    public var actionCode: String
    /// Whether the books moved by it.
    public var isApproved: Bool
    /// Approved, minor units; less than asked for in a partial approval.
    public var amount: Int64
    /// Field 38.
    public var approvalCode: String?
    /// Field 55 of the answer.
    public var iccData: [UInt8]
    /// 48.02 of the answer.
    public var cardToken: String?
    /// What the cardholder can still spend: 54 of the answer, minor units.
    public var balance: Int64?
    /// Field 97 of a 1530 that does not balance: what the host has, sales positive.
    public var net: Int64?

    public init(
        actionCode: String, isApproved: Bool, amount: Int64 = 0, approvalCode: String? = nil, iccData: [UInt8] = [],
        cardToken: String? = nil, balance: Int64? = nil, net: Int64? = nil
    ) {
        self.actionCode = actionCode
        self.isApproved = isApproved
        self.amount = amount
        self.approvalCode = approvalCode
        self.iccData = iccData
        self.cardToken = cardToken
        self.balance = balance
        self.net = net
    }

    public static func refused(_ actionCode: String) -> LedgerDecision { LedgerDecision(actionCode: actionCode, isApproved: false) }
}
