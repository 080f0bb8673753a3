/// Money: whole minor units in one currency. There is no arithmetic between currencies and none in floating point.
public struct Amount: Hashable, Sendable, Codable {
    /// Minor units; never negative. 500 in USD is 5.00.
    public let minorUnits: Int64
    public let currency: Currency

    /// The largest amount that n12 (ISO 8583 field 4, EMV 9F02) can carry.
    public static let largest: Int64 = 999_999_999_999

    /// `nil` outside 0…999 999 999 999 minor units.
    public init?(minorUnits: Int64, currency: Currency) {
        guard (0...Self.largest).contains(minorUnits) else { return nil }
        self.minorUnits = minorUnits
        self.currency = currency
    }

    public static func zero(_ currency: Currency) -> Amount { Amount(unchecked: 0, currency) }

    private init(unchecked minorUnits: Int64, _ currency: Currency) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    /// `nil` when the currencies differ or the sum no longer fits n12.
    public func adding(_ other: Amount) -> Amount? {
        guard currency == other.currency else { return nil }
        return Amount(minorUnits: minorUnits + other.minorUnits, currency: currency)
    }

    /// `nil` when the currencies differ or the difference would be negative.
    public func subtracting(_ other: Amount) -> Amount? {
        guard currency == other.currency else { return nil }
        return Amount(minorUnits: minorUnits - other.minorUnits, currency: currency)
    }

    /// For people: `5.00`, `500` in a currency without minor units.
    public var decimalText: String {
        guard currency.exponent > 0 else { return String(minorUnits) }
        var digits = Array(String(minorUnits).utf8)
        let missing = currency.exponent + 1 - digits.count
        if missing > 0 { digits.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: missing), at: 0) }
        digits.insert(UInt8(ascii: "."), at: digits.count - currency.exponent)
        return String(decoding: digits, as: UTF8.self)
    }
}
