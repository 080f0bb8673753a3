/// Field 56 (ISO 8583:1993, 4.4.6): which message this one follows.
public struct OriginalDataElements: Sendable, Hashable {
    /// MTI as first sent.
    public var mti: String
    /// Six digits.
    public var stan: String
    /// Field 12 of the original, twelve digits.
    public var localDateTime: String
    /// Field 32 of the original, up to eleven digits.
    public var acquirer: String

    public init(mti: String, stan: String, localDateTime: String, acquirer: String) {
        self.mti = mti
        self.stan = stan
        self.localDateTime = localDateTime
        self.acquirer = acquirer
    }

    public init(_ text: String) throws(ISO8583Error) {
        let digits = Array(text.utf8)
        guard (24...35).contains(digits.count), digits.allSatisfy(isDigit) else {
            throw ISO8583Error(.malformed, "56", "is not 24 to 35 digits")
        }
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        guard Int(part(22..<24)) == digits.count - 24 else { throw ISO8583Error(.malformed, "56.4", "its length is wrong") }
        mti = part(0..<4)
        stan = part(4..<10)
        localDateTime = part(10..<22)
        acquirer = part(24..<digits.count)
    }

    public func text() throws(ISO8583Error) -> String {
        let fixed = mti + stan + localDateTime
        guard mti.utf8.count == 4, stan.utf8.count == 6, localDateTime.utf8.count == 12, acquirer.utf8.count <= 11,
            (fixed + acquirer).utf8.allSatisfy(isDigit), let length = Digits.text(acquirer.utf8.count, 2)
        else { throw ISO8583Error(.unencodable, "56", "is not n4 n6 n12 LL n..11") }
        return fixed + length + acquirer
    }
}
