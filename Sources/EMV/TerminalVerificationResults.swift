import Hex

/// TVR, tag 95: what the terminal found (EMV 4.4 Book 3, C5).
public struct TerminalVerificationResults: BitField, Hashable, CustomStringConvertible {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    static let byteCount = 5

    /// `nil` unless there are five.
    public init?(bytes: some Collection<UInt8>) {
        guard let value = Self.of(bytes) else { return nil }
        self = value
    }
    public var bytes: [UInt8] { asBytes }
    public var description: String { bytes.hex }

    public static let offlineDataAuthenticationNotPerformed = bit(1, 8)
    public static let sdaFailed = bit(1, 7)
    public static let iccDataMissing = bit(1, 6)
    public static let cardOnExceptionFile = bit(1, 5)
    public static let ddaFailed = bit(1, 4)
    public static let cdaFailed = bit(1, 3)
    public static let sdaSelected = bit(1, 2)

    public static let differentApplicationVersions = bit(2, 8)
    public static let expiredApplication = bit(2, 7)
    public static let applicationNotYetEffective = bit(2, 6)
    public static let serviceNotAllowed = bit(2, 5)
    public static let newCard = bit(2, 4)

    public static let cardholderVerificationNotSuccessful = bit(3, 8)
    public static let unrecognisedCVM = bit(3, 7)
    public static let pinTryLimitExceeded = bit(3, 6)
    public static let pinPadNotPresentOrNotWorking = bit(3, 5)
    public static let pinNotEntered = bit(3, 4)
    public static let onlinePINEntered = bit(3, 3)

    public static let floorLimitExceeded = bit(4, 8)
    public static let lowerConsecutiveOfflineLimitExceeded = bit(4, 7)
    public static let upperConsecutiveOfflineLimitExceeded = bit(4, 6)
    public static let selectedRandomly = bit(4, 5)
    public static let merchantForcedOnline = bit(4, 4)

    public static let defaultTDOLUsed = bit(5, 8)
    public static let issuerAuthenticationFailed = bit(5, 7)
    public static let scriptFailedBeforeFinalCryptogram = bit(5, 6)
    public static let scriptFailedAfterFinalCryptogram = bit(5, 5)
}
