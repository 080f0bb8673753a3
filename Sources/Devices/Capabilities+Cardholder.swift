import Keys
import SmartCard

/// Reads magnetic stripes.
public protocol StripeReader: Sendable {
    var device: DeviceDescription { get }
    /// Every swipe from now on; ends when the reader is gone. Each call makes an independent stream. A swipe that nobody awaits is lost.
    func swipes() -> AsyncStream<StripeRead>
}

/// One swipe. Tracks as on the card with their sentinels, or as the reader encrypted them.
public struct StripeRead: Sendable {
    /// Clear tracks; `nil` where the reader read none, or encrypts.
    public var track1: SecretBytes?
    public var track2: SecretBytes?
    public var track3: SecretBytes?
    public var encrypted: EncryptedTracks?
    /// What went wrong on the stripe, by track (1 to 3).
    public var failedTracks: Set<Int>

    public init(
        track1: SecretBytes? = nil, track2: SecretBytes? = nil, track3: SecretBytes? = nil, encrypted: EncryptedTracks? = nil,
        failedTracks: Set<Int> = []
    ) {
        self.track1 = track1
        self.track2 = track2
        self.track3 = track3
        self.encrypted = encrypted
        self.failedTracks = failedTracks
    }
}

/// Tracks that the reader's own key encrypted; they go to the host as they are.
public struct EncryptedTracks: Sendable, Hashable {
    /// By the reader's documents, for example `MAGNESAFE-TDES`.
    public var scheme: String
    public var keySerialNumber: [UInt8]
    public var track1: [UInt8]
    public var track2: [UInt8]
    public var track3: [UInt8]
    /// Track 2 with the middle of the account number masked by the reader, where it tells it.
    public var maskedTrack2: String?

    public init(
        scheme: String, keySerialNumber: [UInt8], track1: [UInt8], track2: [UInt8], track3: [UInt8], maskedTrack2: String?
    ) {
        self.scheme = scheme
        self.keySerialNumber = keySerialNumber
        self.track1 = track1
        self.track2 = track2
        self.track3 = track3
        self.maskedTrack2 = maskedTrack2
    }
}

/// Takes contactless cards with kernels of its own; the terminal says what to ask for and gets EMV tags.
public protocol ContactlessReader: Sendable {
    var device: DeviceDescription { get }
    /// Waits for a tap until the task is cancelled or `seconds` have passed.
    func tap(_ request: ContactlessRequest) async throws(DeviceError) -> ContactlessRead
}

public struct ContactlessRequest: Sendable, Hashable {
    /// Minor units, 9F02 and 9F03.
    public var amount: Int64
    public var amountOther: Int64
    /// 9C.
    public var transactionType: UInt8
    /// ISO 4217 numeric.
    public var currency: Int
    /// YYMMDD and hhmmss, local.
    public var date: String
    public var time: String
    public var seconds: Int

    public init(amount: Int64, amountOther: Int64, transactionType: UInt8, currency: Int, date: String, time: String, seconds: Int) {
        self.amount = amount
        self.amountOther = amountOther
        self.transactionType = transactionType
        self.currency = currency
        self.date = date
        self.time = time
        self.seconds = seconds
    }
}

/// What the reader's kernel answered.
public struct ContactlessRead: Sendable {
    public enum Verdict: String, Sendable { case approvedOffline, onlineRequested, declined, useChip, timedOut, failed }

    public var verdict: Verdict
    /// The transaction's data objects in clear, among them 57 or 5A; empty when the reader encrypts them.
    public var objects: [BERTLV]
    public var encrypted: EncryptedTracks?

    public init(verdict: Verdict, objects: [BERTLV], encrypted: EncryptedTracks? = nil) {
        self.verdict = verdict
        self.objects = objects
        self.encrypted = encrypted
    }
}

/// A keypad that never lets a clear PIN out: it answers with an enciphered block.
public protocol PINPad: Sendable {
    var device: DeviceDescription { get }
    /// Asks for a PIN for `pan` and enciphers it under the pad's current DUKPT key. Ends early when the task is cancelled.
    func enterOnlinePIN(_ request: PINEntryRequest) async throws(DeviceError) -> PINEntry
}

public struct PINEntryRequest: Sendable {
    public var pan: PAN
    /// Shown with the prompt when the pad has a display.
    public var amountText: String?
    public var language: String
    public var minimumDigits: Int
    public var maximumDigits: Int
    public var seconds: Int
    /// Whether an empty entry bypasses the PIN (EMV 4.4 Book 4, 6.3.4.3).
    public var bypassAllowed: Bool

    public init(
        pan: PAN, amountText: String?, language: String = "en", minimumDigits: Int = 4, maximumDigits: Int = 12, seconds: Int,
        bypassAllowed: Bool
    ) {
        self.pan = pan
        self.amountText = amountText
        self.language = language
        self.minimumDigits = minimumDigits
        self.maximumDigits = maximumDigits
        self.seconds = seconds
        self.bypassAllowed = bypassAllowed
    }
}

public enum PINEntry: Sendable {
    /// The block under the DUKPT key that `keySerialNumber` names; 8 bytes TDES (format 0 or 3), 16 bytes AES (format 4).
    case entered(block: SecretBytes, keySerialNumber: [UInt8])
    case bypassed
    case cancelled
    case timedOut
}

/// A keypad on which the number of a card is typed that cannot be read. As with a swipe, the number comes in clear only from a device that has no
/// key of its own for it.
public protocol CardKeypad: Sendable {
    var device: DeviceDescription { get }
    /// Has number and expiry typed; the security code is not asked for. Ends early when the task is cancelled.
    func enterCard(seconds: Int) async throws(DeviceError) -> KeyedCard
}

/// What was typed at a `CardKeypad`. Nobody has checked it.
public enum KeyedCard: Sendable {
    /// Digits as typed; expiry MMYY or YYMM, as the device has it.
    case entered(number: SecretBytes, expiry: String)
    /// What the device made of it in the form of tracks, and encrypted.
    case encrypted(EncryptedTracks)
    case cancelled
    case timedOut
}

/// A chip reader with a keypad of its own, on which the card's PIN is verified without leaving the reader (CCID PC_to_RDR_Secure).
public protocol SecurePINReader: ChipReader {
    var securePIN: SecurePINCapability { get }
    /// Has the cardholder type the PIN and sends it to the card in a VERIFY, as plaintext or as the device enciphers it.
    func verifyPIN(_ verification: PINVerification) async throws(DeviceError) -> PINVerificationOutcome
}

public struct SecurePINCapability: Sendable, Hashable {
    /// VERIFY with a plaintext PIN block (EMV 4.4 Book 3, 6.5.12), made inside the reader.
    public var plaintext: Bool
    /// VERIFY with a PIN that the reader enciphers with the card's key (Book 2, 7).
    public var enciphered: Bool

    public init(plaintext: Bool, enciphered: Bool) {
        self.plaintext = plaintext
        self.enciphered = enciphered
    }
}

public enum PINVerification: Sendable {
    case plaintext(minimumDigits: Int, maximumDigits: Int, seconds: Int)
    /// The card's PIN encipherment key and its challenge of 8 bytes (GET CHALLENGE).
    case enciphered(modulus: [UInt8], exponent: [UInt8], challenge: [UInt8], minimumDigits: Int, maximumDigits: Int, seconds: Int)
}

public enum PINVerificationOutcome: Sendable, Hashable {
    /// What the card answered to the VERIFY.
    case answered(ResponseAPDU)
    case bypassed
    case cancelled
    case timedOut
}

/// A reader that can also change the PIN of a card on its keypad.
public protocol PINModifyingReader: SecurePINReader {
    var canModifyPIN: Bool { get }
    /// Has the cardholder type the new PIN twice, and the old one first where the card wants it, and sends both to the card.
    func modifyPIN(_ modification: PINModification) async throws(DeviceError)
        -> PINVerificationOutcome
}

/// CHANGE REFERENCE DATA (24) or RESET RETRY COUNTER (2C) with format-2 blocks (ISO/IEC 7816-4, 7.5.7 and 7.5.10).
public struct PINModification: Sendable, Hashable {
    public var instruction: UInt8
    public var p1: UInt8
    /// The old PIN stands before the new one.
    public var asksOldPIN: Bool
    public var minimumDigits: Int
    public var maximumDigits: Int
    public var seconds: Int

    public init(
        instruction: UInt8 = 0x24, p1: UInt8 = 0, asksOldPIN: Bool = true, minimumDigits: Int = 4,
        maximumDigits: Int = 12, seconds: Int
    ) {
        self.instruction = instruction
        self.p1 = p1
        self.asksOldPIN = asksOldPIN
        self.minimumDigits = minimumDigits
        self.maximumDigits = maximumDigits
        self.seconds = seconds
    }
}

/// Prints receipts.
public protocol Printer: Sendable {
    var device: DeviceDescription { get }
    /// Characters in a line of the normal font.
    var columns: Int { get }
    func print(_ document: PrintDocument) async throws(DeviceError)
    func status() async throws(DeviceError) -> PrinterStatus
}

public struct PrintDocument: Sendable, Hashable {
    public enum Alignment: String, Sendable { case left, center, right }

    public struct Line: Sendable, Hashable {
        public var text: String
        public var alignment: Alignment
        public var bold: Bool
        /// Double width and height.
        public var double: Bool

        public init(_ text: String, alignment: Alignment = .left, bold: Bool = false, double: Bool = false) {
            self.text = text
            self.alignment = alignment
            self.bold = bold
            self.double = double
        }
    }

    public var lines: [Line]
    public var copies: Int
    public var cut: Bool

    public init(lines: [Line], copies: Int = 1, cut: Bool = true) {
        self.lines = lines
        self.copies = copies
        self.cut = cut
    }
}

public struct PrinterStatus: Sendable, Hashable {
    public enum Paper: String, Sendable { case present, low, out }
    public var paper: Paper
    public var coverOpen: Bool

    public init(paper: Paper, coverOpen: Bool) {
        self.paper = paper
        self.coverOpen = coverOpen
    }
}
