/// Tag 9F33 (EMV 4.4 Book 4, A2). What no attached device can do must not be claimed here.
public struct TerminalCapabilities: BitField, Hashable {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    static let byteCount = 3

    /// `nil` unless there are three.
    public init?(bytes: some Collection<UInt8>) {
        guard let value = Self.of(bytes) else { return nil }
        self = value
    }
    public var bytes: [UInt8] { asBytes }

    public static let manualKeyEntry = bit(1, 8)
    public static let magneticStripe = bit(1, 7)
    public static let chip = bit(1, 6)
    public static let plaintextOfflinePIN = bit(2, 8)
    public static let encipheredOnlinePIN = bit(2, 7)
    public static let signature = bit(2, 6)
    public static let encipheredOfflinePIN = bit(2, 5)
    public static let noCVM = bit(2, 4)
    public static let sda = bit(3, 8)
    public static let dda = bit(3, 7)
    public static let cardCapture = bit(3, 6)
    public static let cda = bit(3, 4)
}

/// Tag 9F40 (EMV 4.4 Book 4, A3).
public struct AdditionalTerminalCapabilities: BitField, Hashable {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    static let byteCount = 5

    /// `nil` unless there are five.
    public init?(bytes: some Collection<UInt8>) {
        guard let value = Self.of(bytes) else { return nil }
        self = value
    }
    public var bytes: [UInt8] { asBytes }

    public static let cash = bit(1, 8)
    public static let goods = bit(1, 7)
    public static let services = bit(1, 6)
    public static let cashback = bit(1, 5)
    public static let numericKeys = bit(3, 8)
    public static let commandKeys = bit(3, 6)
    public static let functionKeys = bit(3, 5)
    public static let printAttendant = bit(4, 8)
    public static let printCardholder = bit(4, 7)
    public static let displayAttendant = bit(4, 6)
    public static let displayCardholder = bit(4, 5)
    public static let codeTable1 = codeTable(1)

    /// Part 1 to 10 of ISO/IEC 8859: byte 5 has parts 1 to 8, byte 4 parts 9 and 10. Nothing for any other.
    public static func codeTable(_ part: Int) -> AdditionalTerminalCapabilities {
        switch part {
        case 1...8: bit(5, part)
        case 9, 10: bit(4, part - 8)
        default: []
        }
    }
}
