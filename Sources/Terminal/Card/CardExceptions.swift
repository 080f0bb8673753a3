import Hex
import Keys

/// The exception file: cards whose transactions must not be approved without the issuer (EMV 4.4 Book 4, 6.3.5). No entry shows a whole number.
public struct CardExceptions: Sendable, Hashable {
    /// First digits, six to eight of them.
    public var ranges: [String]
    /// As `SiteKeys.cardHash` makes them.
    public var hashes: Set<CardHash>

    public init(ranges: [String] = [], hashes: Set<CardHash> = []) {
        self.ranges = ranges
        self.hashes = hashes
    }

    public var isEmpty: Bool { ranges.isEmpty && hashes.isEmpty }

    public static let allowed = "6 to 8 first digits of a range, or the 64 hexadecimal digits that `countertop emv exception` prints"

    /// One entry a line; what is behind `#` does not count. The number of the first line that is no entry otherwise.
    public static func parse(_ text: String) -> Result<CardExceptions, Line> {
        var exceptions = CardExceptions()
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let entry = line.prefix { $0 != "#" }.filter { !$0.isWhitespace }
            if entry.isEmpty { continue }
            if (6...8).contains(entry.utf8.count), entry.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                exceptions.ranges.append(entry)
            } else if let bytes = [UInt8](hex: entry), let hash = CardHash(bytes: bytes) {
                exceptions.hashes.insert(hash)
            } else {
                return .failure(Line(number: number + 1))
            }
        }
        return .success(exceptions)
    }

    /// A line, counted from one, that is no entry. It may hold a card number, so it is never shown.
    public struct Line: Error, Sendable, Hashable { public let number: Int }

    func contains(_ pan: PAN, hash: CardHash?) -> Bool {
        if let hash, hashes.contains(hash) { return true }
        return !ranges.isEmpty && pan.withDigits { digits in ranges.contains { digits.hasPrefix($0) } }
    }
}
