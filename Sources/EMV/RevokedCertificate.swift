import Hex

/// An entry of a payment system's certificate revocation list (EMV 4.4 Book 2, 5.1.2): an issuer public key certificate not to be trusted.
public struct RevokedCertificate: Sendable, Hashable {
    /// Five bytes.
    public let rid: [UInt8]
    /// Index of the certification authority's key that signed it.
    public let index: UInt8
    /// Three bytes.
    public let serial: [UInt8]

    /// Throws `authorityKeyMalformed`.
    public init(rid: [UInt8], index: UInt8, serial: [UInt8]) throws(EMVError) {
        guard rid.count == 5, serial.count == 3 else {
            throw EMVError(.authorityKeyMalformed, "a revoked certificate is named by 5 bytes RID, an index and 3 bytes serial number")
        }
        self.rid = rid
        self.index = index
        self.serial = serial
    }
}

/// Hexadecimal text.
extension RevokedCertificate: Codable {
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case rid, index, serial
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            rid: try container.decodeHex(.rid, 5...5), index: try container.decodeHex(.index, 1...1).first ?? 0,
            serial: try container.decodeHex(.serial, 3...3))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rid.hex, forKey: .rid)
        try container.encode([index].hex, forKey: .index)
        try container.encode(serial.hex, forKey: .serial)
    }
}
