/// `result` codes of pos-protocol, section 3.
public enum ResultCode: Int, Sendable, Codable, CaseIterable {
    case completed = 0
    case applicationError = 1
    case cardUnreadable = 2
    case badField = 3
    case originalNotRecognised = 4
    case busy = 5
    case cardRemoved = 9
    case timeout = 10
    case cancelledByCardholder = 11
    case cancelledByPOS = 12
    case cancelTooLate = 13
    case nothingToCancel = 14
    case declinedByCard = 17
    case declinedByHost = 19
    case terminalNotReady = 20
    case hostUnreachable = 21
    case notSent = 22
    case noAnswer = 23
    case badAnswer = 24
    case anotherCard = 26
    case inProgress = 60
    case missingCredentials = 83
    case noLastTransaction = 97
    case unsupported = 200
    case notAllowed = 201
    case deviceFault = 202
    case outcomeUnknown = 203
    case reversedPOSLost = 204
}

/// `errorCondition` of pos-protocol, section 2.
public enum ErrorCondition: String, Sendable, Codable, CaseIterable {
    case aborted, `internal`, deviceUnavailable, invalidField, notFound, busy, cardRemoved, timeout, cancelled, tooLate, declined,
        maintenance, hostUnreachable, outcomeUnknown, notAllowed, unsupported
}

public enum Approval: String, Sendable, Codable { case approved, declined }

/// `state` of pos-protocol, section 4.
public enum TransactionState: String, Sendable, Codable, CaseIterable {
    case completed, voided, reversed, reversalPending, offlineQueued, unknown
}

/// The final message of a transaction, as told and as recorded. Holds nothing secret: `account` is already format preserving.
/// Amounts are minor units. The API writes the fields that are not `nil`, under the contract's names.
public struct TransactionAnswer: Sendable, Hashable, Codable {
    public var result: ResultCode
    public var errorCondition: ErrorCondition?
    public var errorMessage: String?
    public var type: TransactionType?
    public var approval: Approval?
    public var responseCode: String?
    public var hostMessage: String?
    public var requestedAmount: Int64?
    public var authorizedAmount: Int64?
    public var tipAmount: Int64?
    public var cashbackAmount: Int64?
    public var surchargeAmount: Int64?
    public var totalAmount: Int64?
    public var authCode: String?
    public var originalAuthCode: String?
    public var transactionID: TransactionID?
    public var uniqueTransactionID: String?
    public var reference: String?
    public var invoice: String?
    public var requestID: String?
    public var batchNumber: Int?
    public var terminalID: String?
    public var merchantID: String?
    public var account: String?
    /// YYMM; only for manual entry (pos-protocol, section 4).
    public var expiryDate: String?
    public var cardBrand: String?
    /// 1 credit, 2 debit, 3 gift, 4 EBT.
    public var cardTypeProcessed: Int?
    public var entryMode: String?
    public var aid: String?
    public var tvr: String?
    public var tsi: String?
    public var preferredName: String?
    public var cvm: String?
    public var cardToken: String?
    public var balance: String?
    /// YYYYMMDD and hhmmss, local.
    public var transactionDate: String?
    public var transactionTime: String?
    public var offline: Bool?
    public var state: TransactionState?
    public var settlement: SettlementReport?
    public var merchantReceipt: String?
    public var customerReceipt: String?

    public init(result: ResultCode, errorCondition: ErrorCondition? = nil, errorMessage: String? = nil) {
        self.result = result
        self.errorCondition = errorCondition
        self.errorMessage = errorMessage
    }
}

/// What SETTLEMENT answers besides the common fields. Amounts are minor units.
public struct SettlementReport: Sendable, Hashable, Codable {
    public struct Total: Sendable, Hashable, Codable {
        public var type: TransactionType
        public var brand: String
        public var count: Int
        public var amount: Int64

        public init(type: TransactionType, brand: String, count: Int, amount: Int64) {
            self.type = type
            self.brand = brand
            self.count = count
            self.amount = amount
        }
    }

    /// Day of the year of the freeze, 1 to 366.
    public var batchJulianDay: Int
    public var totals: [Total] = []
    public var salesCount = 0
    public var salesAmount: Int64 = 0
    public var refundsCount = 0
    public var refundsAmount: Int64 = 0
    public var voidsCount = 0
    public var voidsAmount: Int64 = 0
    /// Sales less refunds.
    public var netAmount: Int64 = 0
    /// Due reversals and queued advices that could not go before the freeze, by transaction.
    public var leftBehind: [TransactionID] = []

    public init(batchJulianDay: Int) { self.batchJulianDay = batchJulianDay }
}
