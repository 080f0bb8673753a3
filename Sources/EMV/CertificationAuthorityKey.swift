import Hex
import Keys

/// A public key of a payment system's certification authority, as terminals keep it (EMV 4.4 Book 2, 11.2.2). A value exists only when its
/// checksum is right.
public struct CertificationAuthorityKey: Sendable, Hashable {
    /// Five bytes: the registered application provider.
    public let rid: [UInt8]
    /// 8F, 9F22.
    public let index: UInt8
    /// Up to 248 bytes; exponent 3 or 65537.
    public let publicKey: RSAPublicKey
    /// The last day on which it may be used; `nil` when the payment system gives none.
    public let expiry: KernelDate?
    /// SHA-1 of RID, index, modulus and exponent.
    public let checksum: [UInt8]

    /// Throws `authorityKeyMalformed` and `authorityKeyChecksum`.
    public init(
        rid: [UInt8], index: UInt8, modulus: [UInt8], exponent: [UInt8], expiry: KernelDate? = nil, checksum: [UInt8]
    ) throws(EMVError) {
        let name = "certification authority key \(rid.hex) \([index].hex)"
        guard rid.count == 5 else { throw EMVError(.authorityKeyMalformed, "\(name): a RID has 5 bytes, not \(rid.count)") }
        // Book 2, B2.1 and D1: at most 1984 bits.
        guard modulus.count <= 248, let key = try? RSAPublicKey(modulus: modulus, exponent: exponent) else {
            throw EMVError(.authorityKeyMalformed, "\(name): the modulus has 64 to 248 bytes and the exponent is 03 or 010001")
        }
        guard let computed = try? Digest.sha1(rid + [index] + key.modulus + key.exponent), computed == checksum else {
            throw EMVError(.authorityKeyChecksum, "\(name): the checksum does not fit")
        }
        self.rid = rid
        self.index = index
        publicKey = key
        self.expiry = expiry
        self.checksum = checksum
    }

    public func isExpired(on date: KernelDate) -> Bool { expiry.map { $0 < date } ?? false }
}

/// Hexadecimal text; `expiry` as YYMMDD.
extension CertificationAuthorityKey: Codable {
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case rid, index, modulus, exponent, expiry, checksum
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        var expiry: KernelDate?
        if let bytes = try container.decodeHexIfPresent(.expiry, 3...3) {
            expiry = KernelDate(numeric: bytes)
            guard expiry != nil else {
                throw DecodingError.dataCorruptedError(
                    forKey: .expiry, in: container, debugDescription: "expiry must be a date as YYMMDD")
            }
        }
        try self.init(
            rid: try container.decodeHex(.rid, 5...5), index: try container.decodeHex(.index, 1...1).first ?? 0,
            modulus: try container.decodeHex(.modulus, 64...248), exponent: try container.decodeHex(.exponent, 1...3), expiry: expiry,
            checksum: try container.decodeHex(.checksum, 20...20))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rid.hex, forKey: .rid)
        try container.encode([index].hex, forKey: .index)
        try container.encode(publicKey.modulus.hex, forKey: .modulus)
        try container.encode(publicKey.exponent.hex, forKey: .exponent)
        try container.encodeIfPresent(expiry?.numeric.hex, forKey: .expiry)
        try container.encode(checksum.hex, forKey: .checksum)
    }
}
