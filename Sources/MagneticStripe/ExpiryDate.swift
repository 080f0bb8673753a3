/// A card's expiry as the stripe and the card say it: year and month. The card is good through the last day of the month
/// (ISO/IEC 7813, 8.1.2).
public struct ExpiryDate: Sendable, Hashable {
    /// 0 to 99.
    public let year: Int
    /// 1 to 12.
    public let month: Int

    /// Four digits YYMM; `nil` for anything else.
    public init?(yymm text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 4, isDecimal(bytes) else { return nil }
        year = Int(bytes[0] - 0x30) * 10 + Int(bytes[1] - 0x30)
        month = Int(bytes[2] - 0x30) * 10 + Int(bytes[3] - 0x30)
        guard (1...12).contains(month) else { return nil }
    }

    /// Four digits MMYY, or YYMM where that order alone is a date.
    public init?(keyed text: some StringProtocol) {
        let swapped = String(text.suffix(2)) + text.prefix(2)
        guard text.utf8.count == 4, let date = Self(yymm: swapped) ?? Self(yymm: text) else { return nil }
        self = date
    }

    /// YYMM.
    public var yymm: String { (year < 10 ? "0" : "") + "\(year)" + (month < 10 ? "0" : "") + "\(month)" }

    /// Whether the card is past its last day in a month given with its full year. Two-digit years mean the century that is nearest
    /// (EMV 4.4 Book 4, 6.7.3, EMV reads 00 to 49 as 20yy).
    public func isPast(year: Int, month: Int) -> Bool {
        let century = year - year % 100
        let candidates = [century - 100, century, century + 100].map { $0 + self.year }
        let nearest = candidates.min { abs($0 - year) < abs($1 - year) } ?? self.year
        return (nearest, self.month) < (year, month)
    }
}
