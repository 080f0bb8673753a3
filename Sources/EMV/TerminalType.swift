/// Tag 9F35: the tens say who operates the terminal, the units whether it is attended and what it can decide (EMV 4.4 Book 4, A1).
public struct TerminalType: RawRepresentable, Sendable, Hashable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Attended, operated by a merchant, offline with online capability.
    public static let attendedMerchant = TerminalType(rawValue: 0x22)

    private var units: UInt8 { rawValue & 0x0F }

    public var isAttended: Bool { (1...3).contains(units) }
    public var isOnlineOnly: Bool { units == 1 || units == 4 }
    public var isOfflineOnly: Bool { units == 3 || units == 6 }
    /// An ATM if it also gives out cash (9F40 byte 1 bit 8).
    var mayBeCashMachine: Bool { (0x14...0x16).contains(rawValue) }
}
