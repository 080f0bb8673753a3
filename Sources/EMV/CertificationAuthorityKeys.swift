import Hex

/// The keys of all payment systems a terminal trusts, and what was revoked under them (EMV 4.4 Book 2, 10 and 11.2).
public struct CertificationAuthorityKeys: Sendable, Hashable {
    private struct Name: Sendable, Hashable {
        var rid: [UInt8]
        var index: UInt8
    }

    public let keys: [CertificationAuthorityKey]
    public let revoked: [RevokedCertificate]
    private let byName: [Name: CertificationAuthorityKey]
    private let revocations: Set<RevokedCertificate>

    /// No key: every method of offline data authentication that needs one fails.
    public static let none = CertificationAuthorityKeys()

    private init() {
        (keys, revoked, byName, revocations) = ([], [], [:], [])
    }

    /// Throws `authorityKeyTwice`.
    public init(_ keys: [CertificationAuthorityKey], revoked: [RevokedCertificate] = []) throws(EMVError) {
        var byName: [Name: CertificationAuthorityKey] = [:]
        for key in keys {
            guard byName.updateValue(key, forKey: Name(rid: key.rid, index: key.index)) == nil else {
                throw EMVError(.authorityKeyTwice, "certification authority key \(key.rid.hex) \([key.index].hex) is there twice")
            }
        }
        self.keys = keys
        self.revoked = revoked
        self.byName = byName
        revocations = Set(revoked)
    }

    /// `nil` when there is none, or it expired before `date`.
    public func key(rid: some Collection<UInt8>, index: UInt8, on date: KernelDate) -> CertificationAuthorityKey? {
        guard let key = byName[Name(rid: Array(rid), index: index)], !key.isExpired(on: date) else { return nil }
        return key
    }

    func isRevoked(serial: [UInt8], under key: CertificationAuthorityKey) -> Bool {
        guard let name = try? RevokedCertificate(rid: key.rid, index: key.index, serial: serial) else { return false }
        return revocations.contains(name)
    }
}

/// `keys` and `revoked`, each a list; both may be missing.
extension CertificationAuthorityKeys: Codable {
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case keys, revoked
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            try container.decodeIfPresent([CertificationAuthorityKey].self, forKey: .keys) ?? [],
            revoked: try container.decodeIfPresent([RevokedCertificate].self, forKey: .revoked) ?? [])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(keys, forKey: .keys)
        try container.encode(revoked, forKey: .revoked)
    }
}
