import Keys

/// Why a method of offline data authentication failed.
enum AuthenticationFailure: Error, Sendable, Hashable {
    /// Data of the card that the method needs is not there (EMV 4.4 Book 3, 7.2).
    case missingData
    case failed
}

/// An issuer's or a card's public key certificate, opened and checked as far as it can be by itself (EMV 4.4 Book 2, tables 6 and 14):
/// `format(1) identifier(4 or 10) expiry MMYY(2) serial(3) hash algorithm(1) key algorithm(1) key length(1) exponent length(1) key digits`.
struct PublicKeyCertificate: Sendable {
    enum Kind: UInt8, Sendable {
        case issuer = 0x02
        case card = 0x04

        /// Issuer identifier, or application PAN.
        var identifierLength: Int { self == .issuer ? 4 : 10 }
    }

    /// Digits; the padding F is dropped.
    let identifier: String
    /// MMYY.
    private let expiry: [UInt8]
    let serial: [UInt8]
    let key: RSAPublicKey

    /// Book 2, 5.3 and 6.4, steps 1 to 7, and the algorithm indicators. `staticData` is what a card's certificate covers besides itself.
    init(
        _ kind: Kind, certificate: [UInt8], remainder: [UInt8], exponent: [UInt8], staticData: [UInt8] = [], signedBy signer: RSAPublicKey
    ) throws(AuthenticationFailure) {
        guard let signature = RecoveredSignature(certificate, key: signer, format: kind.rawValue) else { throw .failed }
        let body = signature.body
        let start = 1 + kind.identifierLength
        guard body.count > start + 9 else { throw .failed }
        // B2.1 and B3.1: SHA-1 and RSA have the indicator 01.
        guard body[start + 5] == 0x01, body[start + 6] == 0x01 else { throw .failed }
        guard signature.covers(remainder + exponent + staticData) else { throw .failed }
        // The key fills the room or is padded; what has no room is the remainder.
        let length = Int(body[start + 7])
        let modulus = body[(start + 9)...].prefix(length) + remainder
        guard modulus.count == length, let key = try? RSAPublicKey(modulus: modulus, exponent: exponent) else { throw .failed }
        guard let identifier = Self.digits(body[1..<start]) else { throw .failed }
        self.identifier = identifier
        expiry = Array(body[start..<(start + 2)])
        serial = Array(body[(start + 2)..<(start + 5)])
        self.key = key
    }

    /// Valid until the last day of its month; a month no calendar has is never valid.
    func isValid(on date: KernelDate) -> Bool {
        guard expiry.count == 2, let last = KernelDate(numeric: [expiry[1], expiry[0], 0x01]) else { return false }
        return (last.year, last.month) >= (date.year, date.month)
    }

    /// Format cn: digits, then F.
    private static func digits(_ bytes: some Sequence<UInt8>) -> String? {
        var nibbles = bytes.flatMap { [$0 >> 4, $0 & 0x0F] }
        while nibbles.last == 0x0F { nibbles.removeLast() }
        guard nibbles.allSatisfy({ $0 <= 9 }) else { return nil }
        return String(decoding: nibbles.map { 0x30 + $0 }, as: UTF8.self)
    }
}
