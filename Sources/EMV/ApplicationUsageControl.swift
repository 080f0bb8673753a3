/// AUC, tag 9F07: where and for what the issuer lets the application be used (EMV 4.4 Book 3, C2).
public struct ApplicationUsageControl: BitField, Hashable {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    static let byteCount = 2

    /// `nil` unless there are two.
    public init?(bytes: some Collection<UInt8>) {
        guard let value = Self.of(bytes) else { return nil }
        self = value
    }
    public var bytes: [UInt8] { asBytes }

    public static let domesticCash = bit(1, 8)
    public static let internationalCash = bit(1, 7)
    public static let domesticGoods = bit(1, 6)
    public static let internationalGoods = bit(1, 5)
    public static let domesticServices = bit(1, 4)
    public static let internationalServices = bit(1, 3)
    public static let cashMachines = bit(1, 2)
    public static let otherTerminals = bit(1, 1)
    public static let domesticCashback = bit(2, 8)
    public static let internationalCashback = bit(2, 7)
}
