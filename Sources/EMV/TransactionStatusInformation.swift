import Hex

/// TSI, tag 9B: which functions were performed (EMV 4.4 Book 3, C6).
public struct TransactionStatusInformation: BitField, Hashable, CustomStringConvertible {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    static let byteCount = 2

    /// `nil` unless there are two.
    public init?(bytes: some Collection<UInt8>) {
        guard let value = Self.of(bytes) else { return nil }
        self = value
    }
    public var bytes: [UInt8] { asBytes }
    public var description: String { bytes.hex }

    public static let offlineDataAuthenticationPerformed = bit(1, 8)
    public static let cardholderVerificationPerformed = bit(1, 7)
    public static let cardRiskManagementPerformed = bit(1, 6)
    public static let issuerAuthenticationPerformed = bit(1, 5)
    public static let terminalRiskManagementPerformed = bit(1, 4)
    public static let scriptProcessingPerformed = bit(1, 3)
}
