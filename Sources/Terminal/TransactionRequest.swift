import Money

/// Request types of pos-protocol, section 4.
public enum TransactionType: String, Sendable, Codable, CaseIterable {
    case sale = "SALE"
    case authorization = "AUTHORIZATION"
    case completion = "COMPLETION"
    case refund = "REFUND"
    case void = "VOID"
    case settlement = "SETTLEMENT"
    case balanceInquiry = "BALANCE_INQUIRY"
    case incrementalAuthorization = "INCREMENTAL_AUTHORIZATION"
    case force = "FORCE"
    case tipAdjust = "TIP_ADJUST"
    case verify = "VERIFY"
    case giftRedemption = "GC_REDEMPTION"
    case giftIssuance = "GC_ISSUANCE"
    case giftActivation = "GC_ACTIVATION"
    case giftBalanceInquiry = "GC_BALANCE_INQUIRY"
    case giftForceRedemption = "GC_FORCE_REDEMPTION"
    case giftForceIssuance = "GC_FORCE_ISSUANCE"
    case giftForceActivation = "GC_FORCE_ACTIVATION"
    case giftDeactivation = "GC_DEACTIVATION"
    case giftReactivation = "GC_REACTIVATION"
}

/// A `Transaction` request after its fields were checked and normalised: `""` and absent are `nil`, digits are numbers. Equality of two
/// requests under one `requestId` is equality of this value.
public struct TransactionRequest: Sendable, Hashable, Codable {
    public var type: TransactionType
    public var requestID: String?
    /// Minor units of the terminal's currency.
    public var requestedAmount: Int64?
    public var tipAmount: Int64?
    public var cashbackAmount: Int64?
    public var surchargeAmount: Int64?
    public var taxAmount: Int64?
    public var uniqueTransactionID: String?
    public var reference: String?
    public var invoice: String?
    public var originalAuthCode: String?
    public var originalTransactionID: String?
    public var authCode: String?
    public var printReceipt: Bool?
    /// `parameters` of this request by key.
    public var parameters: [String: String] = [:]
    /// Subset of `chip contactless swipe manual`; `nil` for all that the devices can do.
    public var entryModes: Set<String>?

    public init(type: TransactionType) { self.type = type }
}
