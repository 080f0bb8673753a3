/// A selection of the parts of a date and time, written as in the data element directory: `YYMMDDhhmmss`, `hhmmss`, `MMDD`.
public struct DateTimePattern: Sendable, Hashable {
    /// Parts of YYMMDDhhmmss, two digits each, in that order.
    private static let parts = ["YY", "MM", "DD", "hh", "mm", "ss"]
    /// Indices into `parts`.
    private let indices: [Int]

    /// `nil` when `pattern` is empty or made of anything else.
    public init?(_ pattern: String) {
        var indices: [Int] = []
        var rest = pattern[...]
        while !rest.isEmpty {
            guard let index = Self.parts.firstIndex(of: String(rest.prefix(2))) else { return nil }
            indices.append(index)
            rest = rest.dropFirst(2)
        }
        guard !indices.isEmpty else { return nil }
        self.indices = indices
    }

    /// Digits.
    public var width: Int { 2 * indices.count }

    /// The selected parts of `dateTime`, twelve digits YYMMDDhhmmss; `nil` when it is not that.
    public func text(of dateTime: String) -> String? {
        let digits = Array(dateTime.utf8)
        guard digits.count == 2 * Self.parts.count, digits.allSatisfy(isDigit) else { return nil }
        return String(decoding: indices.flatMap { digits[2 * $0...2 * $0 + 1] }, as: UTF8.self)
    }
}
