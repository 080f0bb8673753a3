import Keys
import Money
import SmartCard

/// One transaction as the kernel sees it. Everything that varies comes in here or as an event: the kernel has no clock and no random source.
public struct KernelTransaction: Sendable {
    /// EMV 9C, the first two digits of the ISO 8583 processing code: 0x00 goods and services, 0x01 cash, 0x09 cash back, 0x20 refund.
    public var transactionType: UInt8
    /// 9F02: the amount the card is asked for, cash back included.
    public var amountAuthorised: Amount
    /// 9F03: cash back.
    public var amountOther: Amount
    /// 9A, YYMMDD as numbers.
    public var date: KernelDate
    /// 9F21 hhmmss.
    public var time: [UInt8]
    /// 9F41, the terminal's transaction sequence counter.
    public var sequenceCounter: UInt32
    /// 9F37, four fresh random bytes.
    public var unpredictableNumber: [UInt8]
    /// Whether an approval may be taken offline at all (store and forward; type 22 terminals). When false every approval the card offers is
    /// preceded by a request to go online (TVR "merchant forced transaction online").
    public var forceOnline: Bool
    /// A card may approve offline only what is under its application's floor limit, whatever the action codes say, and never because the host
    /// could not be reached: a terminal without store and forward.
    public var floorLimitBinds: Bool
    /// 1…99, fresh for each transaction: random transaction selection (EMV 4.4 Book 3, 10.6.2).
    public var selectionNumber: Int
    /// What the devices attached now can do of 9F33, added to what the terminal data claims: keyed entry, stripe, and the PIN methods, which are
    /// claimed by this alone.
    public var attached: TerminalCapabilities
    public var history: any TransactionHistory

    public init(
        transactionType: UInt8, amountAuthorised: Amount, amountOther: Amount, date: KernelDate, time: [UInt8], sequenceCounter: UInt32,
        unpredictableNumber: [UInt8], forceOnline: Bool, floorLimitBinds: Bool = false, selectionNumber: Int = 99,
        attached: TerminalCapabilities = [],
        history: any TransactionHistory = NoTransactionHistory()
    ) {
        self.transactionType = transactionType
        self.amountAuthorised = amountAuthorised
        self.amountOther = amountOther
        self.date = date
        self.time = time
        self.sequenceCounter = sequenceCounter
        self.unpredictableNumber = unpredictableNumber
        self.forceOnline = forceOnline
        self.floorLimitBinds = floorLimitBinds
        self.selectionNumber = selectionNumber
        self.attached = attached
        self.history = history
    }
}

/// A calendar date as EMV compares it; years 00…49 are 20xx, 50…99 19xx (EMV 4.4 Book 4, 6.7.3).
public struct KernelDate: Sendable, Hashable {
    public var year: Int
    public var month: Int
    public var day: Int
    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }
}

public enum KernelEvent: Sendable {
    /// The card is powered and answered.
    case start(answerToReset: [UInt8])
    case response(ResponseAPDU)
    /// Index into the candidates of `.chooseApplication`; `nil` when the cardholder gave up.
    case applicationChosen(Int?)
    case pin(PINOutcome)
    case hostAnswered(IssuerAnswer)
    /// After `.finished` with `hasPendingScripts`, once the outcome is safe: the issuer's commands that come after the last cryptogram.
    case performScripts
    /// The card fell mute, was removed or the reader failed: the kernel ends without further commands.
    case cardLost
}

/// What the host said, as the kernel needs it.
public enum IssuerAnswer: Sendable {
    /// 8A as two ASCII bytes (`3030` = "00") and field 55 of the answer, a sequence of TLV (91, 71, 72, 8A), possibly empty.
    case answered(authorisationResponseCode: [UInt8], approved: Bool, iccData: [UInt8])
    /// No usable answer: action analysis by the default codes (EMV 4.4 Book 3, 10.7), ARC Y3/Z3.
    case unableToGoOnline
}

public enum KernelAction: Sendable {
    /// Send this; answer with `.response` or `.cardLost`.
    case transmit(CommandAPDU)
    /// More than one application and the card or configuration wants the cardholder to choose. Labels are safe to show.
    case chooseApplication([ApplicationCandidate])
    /// Have the cardholder type a PIN; answer with `.pin`.
    case enterPIN(PINRequest)
    /// The first GENERATE AC gave an ARQC. Answer with `.hostAnswered`.
    case goOnline(OnlineRequest)
    /// The card is through; nothing follows, but scripts where the outcome says so. They end with `.finished` once more, with the same verdict.
    case finished(KernelOutcome)
}

public struct ApplicationCandidate: Sendable, Hashable {
    public var aid: [UInt8]
    public var label: String
    public var preferredName: String?
    /// 5F2D of the card: ISO 639-1 codes, the favourite first.
    public var languages: [String]

    public init(aid: [UInt8], label: String, preferredName: String? = nil, languages: [String] = []) {
        self.aid = aid
        self.label = label
        self.preferredName = preferredName
        self.languages = languages
    }
}

/// What the host request needs of the card.
public struct OnlineRequest: Sendable {
    public var card: KernelCardData
    /// Field 55 of the request: the data objects of `host-protocol` in its order, ready as TLV. Holds neither PAN nor track.
    public var iccData: [UInt8]
    /// As far as it is known by now; the cardholder's verification is.
    public var receipt: KernelReceiptData

    public init(card: KernelCardData, iccData: [UInt8], receipt: KernelReceiptData = KernelReceiptData()) {
        self.card = card
        self.iccData = iccData
        self.receipt = receipt
    }
}

/// Card identification read from the application; secrets are secret types.
public struct KernelCardData: Sendable {
    public var pan: PAN
    /// 57 as `PAN=YYMM…` text (hexadecimal D becomes `=`), without padding.
    public var track2: SecretBytes?
    /// 5F24 as YYMM.
    public var expiry: String?
    /// 5F34.
    public var panSequenceNumber: Int?

    public init(pan: PAN, track2: SecretBytes?, expiry: String?, panSequenceNumber: Int?) {
        self.pan = pan
        self.track2 = track2
        self.expiry = expiry
        self.panSequenceNumber = panSequenceNumber
    }
}

/// How the card dialogue ended. All of them are outcomes, none is an error.
public struct KernelOutcome: Sendable {
    public enum Verdict: String, Sendable {
        /// TC obtained (offline, after the host's approval, or by default action when unable to go online).
        case approved
        /// AAC. If the host had approved, this is the card's refusal: a reversal is due.
        case declined
        /// The card cannot be used for this (no common application, blocked, missing data, processing error): terminate.
        case terminated
        /// The chip cannot be used but the stripe may (technical fallback rules of the terminal apply).
        case fallback
        /// The cardholder gave up at the application choice.
        case cancelled
        /// Mute, removed or reader lost.
        case cardLost
    }

    public var verdict: Verdict
    /// Stable short reason, such as `noCommonApplication`, `applicationBlocked`, `cardBlocked`, `missingData`, `conditionsNotSatisfied`.
    public var reason: String?
    public var card: KernelCardData?
    public var receipt: KernelReceiptData
    /// Field 55 for a reversal or advice after the second GENERATE AC: 9F10 95 9F5B 9B and 9F26/9F27 when there is one.
    public var finalICCData: [UInt8]
    /// Field 55 of the advice that tells the issuer of an offline approval: the objects of a request, with the TC as cryptogram.
    public var adviceICCData: [UInt8]
    /// The issuer sent commands for after the last cryptogram (72); they wait for `.performScripts`.
    public var hasPendingScripts: Bool
    /// Bit 4 of 9F27: the card wants the issuer to be told (EMV 4.4 Book 3, table 15).
    public var adviceRequired: Bool

    public init(
        verdict: Verdict, reason: String?, card: KernelCardData?, receipt: KernelReceiptData, finalICCData: [UInt8],
        adviceICCData: [UInt8] = [], hasPendingScripts: Bool = false, adviceRequired: Bool = false
    ) {
        self.verdict = verdict
        self.reason = reason
        self.card = card
        self.receipt = receipt
        self.finalICCData = finalICCData
        self.adviceICCData = adviceICCData
        self.hasPendingScripts = hasPendingScripts
        self.adviceRequired = adviceRequired
    }
}

/// What receipts and the POS answer show; nothing secret.
public struct KernelReceiptData: Sendable, Hashable {
    public var aid: [UInt8] = []
    public var label: String = ""
    public var preferredName: String?
    /// 95, five bytes.
    public var tvr: [UInt8] = [0, 0, 0, 0, 0]
    /// 9B, two bytes.
    public var tsi: [UInt8] = [0, 0]
    /// 9F34.
    public var cvmResults: [UInt8] = []
    public var cryptogram: [UInt8] = []
    public var cryptogramInformation: UInt8?
    public var atc: [UInt8] = []
    public var cvm: CardholderVerification = .none
    /// 9F5B; empty when the issuer sent no script.
    public var scriptResults: [UInt8] = []
    /// 5F2D: ISO 639-1 codes, the favourite first.
    public var languages: [String] = []
    /// What the table of data objects has for receipts, as far as it is there.
    public var objects: [BERTLV] = []

    public init() {}
}

/// The phases of a transaction, as people name them (EMV 4.4 Book 3, 8).
public enum KernelStage: String, Sendable, CaseIterable {
    case selection = "application selection"
    case initiation = "initiate application processing"
    case readData = "read application data"
    case dataAuthentication = "offline data authentication"
    /// Needs nothing of the card.
    case processingRestrictions = "processing restrictions"
    case cardholderVerification = "cardholder verification"
    case riskManagement = "terminal risk management"
    case actionAnalysis = "terminal action analysis"
    case online = "online processing"
    case scripts = "issuer scripts"
    case completion = "completion"
    case over = "end"
}

public enum CardholderVerification: String, Sendable, Hashable {
    case none = "NO CVM"
    case signature = "SIGNATURE"
    case onlinePIN = "ONLINE PIN"
    case offlinePIN = "OFFLINE PIN"
    case offlinePINAndSignature = "OFFLINE PIN SIGNATURE"
    case failed = "FAILED"
}
