/// CVM list, tag 8E (EMV 4.4 Book 3, 10.5): amounts X and Y, four bytes each, then rules of two bytes.
struct CardholderVerificationMethodList: Sendable, Hashable {
    struct Rule: Sendable, Hashable {
        /// Bit 7: go on with the next rule when this one is unsuccessful. Bits 6 to 1: the method (Book 3, C3).
        var code: UInt8
        /// Book 3, C3, "CVM condition codes".
        var condition: UInt8

        /// `nil` for codes that the books do not give a meaning.
        var method: Method? { Method(rawValue: code & 0x3F) }
        var goesOnIfUnsuccessful: Bool { code & 0x40 != 0 }
    }

    /// Book 3, C3, "CVM codes".
    enum Method: UInt8, Sendable, Hashable {
        case fail = 0x00
        case plaintextPIN = 0x01
        case onlinePIN = 0x02
        case plaintextPINAndSignature = 0x03
        case encipheredPIN = 0x04
        case encipheredPINAndSignature = 0x05
        case signature = 0x1E
        case noCVM = 0x1F

        var isEnciphered: Bool { self == .encipheredPIN || self == .encipheredPINAndSignature }
    }

    /// In minor units of the application's currency.
    var x: Int64
    var y: Int64
    var rules: [Rule]

    /// `nil` for a format error: shorter than the two amounts or half a rule (Book 3, 7.5).
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 8, bytes.count.isMultiple(of: 2) else { return nil }
        x = bytes[0..<4].reduce(0) { $0 << 8 | Int64($1) }
        y = bytes[4..<8].reduce(0) { $0 << 8 | Int64($1) }
        rules = stride(from: 8, to: bytes.count, by: 2).map { Rule(code: bytes[$0], condition: bytes[$0 + 1]) }
    }
}
