import Hex

/// Which brand and kind a card is, by its application and its number (`cardBrand`, `cardTypeProcessed`). The rows come from a table file.
public struct CardBrandTable: Sendable, Hashable, Codable {
    public enum CardType: String, Sendable, Hashable, Codable, CaseIterable {
        case credit, debit, gift, ebt

        /// `cardTypeProcessed`: 1 credit, 2 debit, 3 gift, 4 EBT.
        public var processedCode: Int {
            switch self {
            case .credit: 1
            case .debit: 2
            case .gift: 3
            case .ebt: 4
            }
        }
    }

    public struct Row: Sendable, Hashable, Codable {
        public var brand: String
        public var type: CardType
        /// Hexadecimal application identifiers; a card's AID belongs to the row when it begins with one of them.
        public var aids: [String]
        /// Card numbers from…through by their first digits, both of the same length, both included: `"222100-272099"` or `"4"`.
        public var binRanges: [String]

        public init(brand: String, type: CardType, aids: [String] = [], binRanges: [String] = []) {
            self.brand = brand
            self.type = type
            self.aids = aids
            self.binRanges = binRanges
        }
    }

    /// Earlier rows win among equally long matches.
    public var rows: [Row]

    public init(rows: [Row] = []) { self.rows = rows }

    /// The row with the longest AID in front of `aid`; without one, the row with the narrowest range that holds `bin` (the first six digits).
    public func row(aid: [UInt8]?, bin: String) -> Row? {
        if let aid = aid?.hex, !aid.isEmpty,
            let found = longest({ row in row.aids.filter { aid.hasPrefix($0.uppercased()) }.map(\.utf8.count).max() })
        {
            return found
        }
        return longest { row in row.binRanges.filter { Self.range($0, holds: bin) }.map { Self.bounds($0).from.utf8.count }.max() }
    }

    /// Whether the text is such a range of card numbers.
    public static func isRange(_ range: String) -> Bool {
        let (from, through) = bounds(range)
        let digits = { (text: Substring) in (1...6).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        return digits(from) && digits(through) && from.utf8.count == through.utf8.count && from <= through
    }

    private func longest(_ length: (Row) -> Int?) -> Row? {
        var best: (row: Row, length: Int)?
        for row in rows {
            if let found = length(row), found > best?.length ?? 0 { best = (row, found) }
        }
        return best?.row
    }

    private static func bounds(_ range: String) -> (from: Substring, through: Substring) {
        let parts = range.split(separator: "-", maxSplits: 1)
        guard let from = parts.first else { return ("", "") }
        return (from, parts.count == 2 ? parts[1] : from)
    }

    private static func range(_ range: String, holds bin: String) -> Bool {
        let (from, through) = bounds(range)
        guard !from.isEmpty, from.utf8.count == through.utf8.count, bin.utf8.count >= from.utf8.count else { return false }
        let head = bin.prefix(from.utf8.count)
        return from <= head && head <= through
    }
}
