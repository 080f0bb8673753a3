import Keys
import Money

/// 1220, or 1221 when `isRepeat`: what the terminal tells the host that it did (host-protocol, "Exchanges"). Answered by 1230.
public struct AdviceRequest: Sendable {
    /// Field 25 of a 1220 with function 200.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        /// Store and forward: the host could not be reached.
        case terminalProcessed = "1004"
        case issuerUnavailable = "1005"
        /// The card approved offline.
        case cardProcessed = "1006"
    }

    /// The advice's own STAN, times and RRN; the repeats keep them.
    public var exchange: ExchangeIdentity
    /// Field 24 (`FunctionCode`): 200 store and forward and FORCE, 201 and 202 completion, 690 tip adjust, 691 batch upload.
    public var functionCode: String
    public var reason: Reason?
    /// Field 56, for completions, tip adjust and batch upload: the posting or hold that this one replaces.
    public var original: ExchangeIdentity?
    public var processingCode: String
    public var amount: Amount
    /// Field 30, where the amount differs from the original's.
    public var originalAmount: Amount?
    public var tip: Amount?
    public var cashback: Amount?
    public var surcharge: Amount?
    public var tax: Amount?
    /// Store and forward and FORCE only; `nil` for what follows up an exchange.
    public var card: HostCard?
    public var entryMode: EntryMode
    public var authentication: HostCardholderAuthentication
    /// Field 38.
    public var approvalCode: String
    public var batchNumber: Int
    public var invoice: String?
    public var reference: String?
    /// 48.11 (`AdviceMarker`).
    public var marker: String?
    public var isRepeat: Bool

    public init(
        exchange: ExchangeIdentity, functionCode: String, reason: Reason? = nil, original: ExchangeIdentity? = nil, processingCode: String,
        amount: Amount, originalAmount: Amount? = nil, card: HostCard? = nil, entryMode: EntryMode,
        authentication: HostCardholderAuthentication = .notAuthenticated, approvalCode: String, batchNumber: Int, isRepeat: Bool = false
    ) {
        self.exchange = exchange
        self.functionCode = functionCode
        self.reason = reason
        self.original = original
        self.processingCode = processingCode
        self.amount = amount
        self.originalAmount = originalAmount
        self.card = card
        self.entryMode = entryMode
        self.authentication = authentication
        self.approvalCode = approvalCode
        self.batchNumber = batchNumber
        self.isRepeat = isRepeat
    }
}

/// 1520, or 1521 when `isRepeat`, with the totals of the frozen batch. Answered by 1530: 500 balanced, 501 not.
public struct ReconciliationRequest: Sendable, Hashable, Codable {
    /// Fields 74 to 77 and 86 to 89. Amounts are minor units of `currency`.
    public struct Totals: Sendable, Hashable, Codable {
        public var creditsCount = 0
        public var creditsAmount: Int64 = 0
        public var creditsReversedCount = 0
        public var creditsReversedAmount: Int64 = 0
        public var debitsCount = 0
        public var debitsAmount: Int64 = 0
        public var debitsReversedCount = 0
        public var debitsReversedAmount: Int64 = 0

        public init() {}

        /// Field 97: credits less debits, reversals undone (ISO 8583:1993, field 97). Negative is a debit, "D".
        public var net: Int64 { creditsAmount - creditsReversedAmount - debitsAmount + debitsReversedAmount }
    }

    public var exchange: ExchangeIdentity
    public var batchNumber: Int
    /// Field 28, YYMMDD.
    public var reconciliationDate: String
    /// Field 50.
    public var currency: Currency
    public var totals: Totals
    public var isRepeat: Bool

    public init(
        exchange: ExchangeIdentity, batchNumber: Int, reconciliationDate: String, currency: Currency, totals: Totals, isRepeat: Bool = false
    ) {
        self.exchange = exchange
        self.batchNumber = batchNumber
        self.reconciliationDate = reconciliationDate
        self.currency = currency
        self.totals = totals
        self.isRepeat = isRepeat
    }
}

/// Whom a request charges: a card, its token, or what a reader encrypted.
public enum HostCard: Sendable {
    case clear(HostCardData)
    /// 48.02, with the expiry (YYMM) in 14 when known, and the stored credential indicator in 48.04.
    case token(String, expiry: String?, storedCredential: String?)
    /// 48.05 and 48.06 in place of 35 (host-protocol, "Fields").
    case encrypted(EncryptedCardData)

    /// What was read of a card in the clear.
    public var clear: HostCardData? { if case .clear(let card) = self { card } else { nil } }
}

/// Card data as a P2PE reader gave it: the terminal can neither read nor show it.
public struct EncryptedCardData: Sendable, Hashable {
    /// By the reader's documents, for example `MAGNESAFE-TDES` or `IDTECH-TDES`.
    public var scheme: String
    public var keySerialNumber: [UInt8]
    public var ciphertext: [UInt8]
    /// First six and last four, where the reader tells them.
    public var maskedPAN: String?

    public init(scheme: String, keySerialNumber: [UInt8], ciphertext: [UInt8], maskedPAN: String?) {
        self.scheme = scheme
        self.keySerialNumber = keySerialNumber
        self.ciphertext = ciphertext
        self.maskedPAN = maskedPAN
    }
}

/// An enciphered PIN for the host: 52 with its key in 53, or all in 53 (format 4).
public struct HostPINData: Sendable {
    public enum Scheme: UInt8, Sendable, Codable { case tdesDUKPT = 1, aesDUKPT = 2 }

    public var scheme: Scheme
    public var keySerialNumber: [UInt8]
    /// 8 bytes (formats 0, 3) or 16 (format 4).
    public var block: SecretBytes

    public init(scheme: Scheme, keySerialNumber: [UInt8], block: SecretBytes) {
        self.scheme = scheme
        self.keySerialNumber = keySerialNumber
        self.block = block
    }
}
