/// AIP, tag 82: what the card's application can do (EMV 4.4 Book 3, C1).
public struct ApplicationInterchangeProfile: BitField, Hashable {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    static let byteCount = 2

    /// `nil` unless there are two.
    public init?(bytes: some Collection<UInt8>) {
        guard let value = Self.of(bytes) else { return nil }
        self = value
    }
    public var bytes: [UInt8] { asBytes }

    public static let sdaSupported = bit(1, 7)
    public static let ddaSupported = bit(1, 6)
    public static let cardholderVerificationSupported = bit(1, 5)
    public static let terminalRiskManagementToBePerformed = bit(1, 4)
    /// Issuer authentication by EXTERNAL AUTHENTICATE; without it the card takes tag 91 in CDOL2, if at all.
    public static let issuerAuthenticationSupported = bit(1, 3)
    public static let cdaSupported = bit(1, 1)
}
