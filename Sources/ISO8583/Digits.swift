/// Numbers as fixed-width digits.
public enum Digits {
    /// `number` with leading zeros; `nil` when negative or too long.
    @inlinable public static func text(_ number: some BinaryInteger, _ width: Int) -> String? {
        let digits = String(number)
        guard number >= 0, digits.utf8.count <= width else { return nil }
        return String(repeating: "0", count: width - digits.utf8.count) + digits
    }

    /// `nil` unless `text` is digits only.
    public static func number(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy(isDigit) else { return nil }
        return Int64(text)
    }
}
