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
    /// Card on file: the host's token in place of a card, with the card's expiry (YYMM) and the stored credential indicator.
    public var cardToken: String?
    public var expiryDate: String?
    public var storedCredential: String?
    public var lineItems: [LineItem]?
    public var customerReference: String?
    public var taxExempt: Bool?
    public var purchaseOrder: String?
    public var printReceipt: Bool?
    /// `parameters` of this request by key.
    public var parameters: [String: String] = [:]
    /// Subset of `chip contactless swipe manual`; `nil` for all that the devices can do.
    public var entryModes: Set<String>?

    public init(type: TransactionType) { self.type = type }
}

/// One line of what was bought, for receipt and display. Amounts are minor units of the terminal's currency.
public struct LineItem: Sendable, Hashable, Codable {
    public var description: String
    /// As the POS wrote it, digits with at most one point: pieces or weight.
    public var quantity: String?
    public var unitPrice: Int64?
    public var amount: Int64?

    public init(description: String, quantity: String? = nil, unitPrice: Int64? = nil, amount: Int64? = nil) {
        self.description = description
        self.quantity = quantity
        self.unitPrice = unitPrice
        self.amount = amount
    }
}
