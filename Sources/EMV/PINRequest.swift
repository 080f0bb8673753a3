import Keys
import SmartCard

/// What the kernel wants typed. It never sees a PIN: devices verify it, or encipher it, and the kernel is told how that ended.
public struct PINRequest: Sendable {
    public enum Method: Sendable {
        /// VERIFY with a plaintext PIN block made inside the reader (EMV 4.4 Book 3, 6.5.12).
        case plaintextOffline
        /// VERIFY with a PIN block that a device enciphers with the card's key and this challenge (Book 2, 7).
        case encipheredOffline(key: RSAPublicKey, challenge: [UInt8])
        /// An enciphered PIN block for the issuer; it stays with the caller.
        case online(PAN)
    }

    public var method: Method
    /// 9F17 as the card told, or what its last answer left; `nil` when it does not tell.
    public var triesLeft: Int?
    /// A wrong PIN came before.
    public var isRetry: Bool
    /// Whether the cardholder may leave the PIN out (Book 4, 6.3.4.3).
    public var bypassAllowed: Bool
    /// 5F2D: ISO 639-1 codes, the cardholder's favourite first; empty when the card has none.
    public var languages: [String]

    public init(method: Method, triesLeft: Int? = nil, isRetry: Bool = false, bypassAllowed: Bool = false, languages: [String] = []) {
        self.method = method
        self.triesLeft = triesLeft
        self.isRetry = isRetry
        self.bypassAllowed = bypassAllowed
        self.languages = languages
    }

    /// Book 4, 6.3.4.1: the cardholder is told that this is the last try.
    public var isLastTry: Bool { triesLeft == 1 }
}

/// How a `PINRequest` ended.
public enum PINOutcome: Sendable, Hashable {
    /// Offline: what the card answered to VERIFY.
    case answered(ResponseAPDU)
    /// Online: a block was made.
    case entered
    case bypassed
    /// The cardholder gave the transaction up.
    case cancelled
    case timedOut
    /// The keypad is missing or does not work.
    case unavailable
}
