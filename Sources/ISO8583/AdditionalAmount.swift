/// One set of field 54 (ISO 8583:1993, 4.4.12): account type 2, amount type 2, currency 3, sign C or D, amount 12; at most six sets.
public struct AdditionalAmount: Sendable, Hashable {
    /// Two digits, as in positions 3–4 of field 3: 00 default.
    public var accountType: String
    /// Two digits.
    public var amountType: String
    /// ISO 4217 numeric, three digits.
    public var currency: String
    /// C: in the cardholder's favour.
    public var isCredit: Bool
    /// Minor units, 0…999 999 999 999.
    public var minorUnits: Int64

    public init(accountType: String = "00", amountType: String, currency: String, isCredit: Bool, minorUnits: Int64) {
        self.accountType = accountType
        self.amountType = amountType
        self.currency = currency
        self.isCredit = isCredit
        self.minorUnits = minorUnits
    }

    /// Characters of one set.
    static let width = 20

    public static func sets(_ text: String) throws(ISO8583Error) -> [AdditionalAmount] {
        let characters = Array(text.utf8)
        guard characters.count % width == 0, characters.count <= 6 * width else {
            throw ISO8583Error(.malformed, "54", "is not one to six sets of \(width)")
        }
        var sets: [AdditionalAmount] = []
        for start in stride(from: 0, to: characters.count, by: width) {
            let set = characters[start..<start + width]
            let digits = set.prefix(7) + set.suffix(12)
            let sign = set[start + 7]
            guard digits.allSatisfy(isDigit), sign == 0x43 || sign == 0x44 else {
                throw ISO8583Error(.malformed, "54.\(start / width + 1)", "is not n7, C or D, n12")
            }
            func part(_ range: Range<Int>) -> String {
                String(decoding: set[start + range.lowerBound..<start + range.upperBound], as: UTF8.self)
            }
            sets.append(
                AdditionalAmount(
                    accountType: part(0..<2), amountType: part(2..<4), currency: part(4..<7), isCredit: sign == 0x43,
                    minorUnits: Int64(part(8..<20)) ?? 0))
        }
        return sets
    }

    public static func text(_ sets: [AdditionalAmount]) throws(ISO8583Error) -> String {
        guard sets.count <= 6 else { throw ISO8583Error(.unencodable, "54", "has more than six sets") }
        var text = ""
        for (index, set) in sets.enumerated() {
            let head = set.accountType + set.amountType + set.currency
            guard head.utf8.count == 7, head.utf8.allSatisfy(isDigit), let amount = Digits.text(set.minorUnits, 12) else {
                throw ISO8583Error(.unencodable, "54.\(index + 1)", "is not n7, C or D, n12")
            }
            text += head + (set.isCredit ? "C" : "D") + amount
        }
        return text
    }
}
