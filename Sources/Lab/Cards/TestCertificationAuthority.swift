import EMV
import Keys

/// The lab's certification authority and what issuers do with its certificates: the chain of EMV 4.4 Book 2, 5 and 6, built instead of checked.
public struct TestCertificationAuthority: Sendable {
    /// 8F, the key's index; one that no scheme's published key has.
    public let index: UInt8
    private let key: RSAPrivateKey

    public var publicKey: RSAPublicKey { key.publicKey }

    /// The lab's authorities by index: C1 (1408 bits, exponent 3) and C2 (1984 bits, exponent 65537), valid for every RID.
    public static func load() throws -> [TestCertificationAuthority] {
        [
            TestCertificationAuthority(index: 0xC1, key: try TestKeyPair.authorityC1.key()),
            TestCertificationAuthority(index: 0xC2, key: try TestKeyPair.authorityC2.key()),
        ]
    }

    /// Serial number of an issuer certificate that the lab's revocation list names.
    public static let revokedSerial: [UInt8] = [0x00, 0x06, 0x66]

    /// What a terminal must know to authenticate the lab's cards: both keys, and the revocations, for every RID of the cards there are.
    public static func terminalKeys() throws -> CertificationAuthorityKeys {
        let authorities = try load()
        let rids = Set(try CardProfiles.load().flatMap(\.applications).map { Array($0.aid.prefix(5)) }).sorted {
            $0.lexicographicallyPrecedes($1)
        }
        var keys: [CertificationAuthorityKey] = []
        var revoked: [RevokedCertificate] = []
        for rid in rids {
            for authority in authorities {
                keys.append(try authority.terminalKey(rid: rid))
                revoked.append(try RevokedCertificate(rid: rid, index: authority.index, serial: revokedSerial))
            }
        }
        return try CertificationAuthorityKeys(keys, revoked: revoked)
    }

    /// As a terminal keeps it for this payment system.
    public func terminalKey(rid: [UInt8]) throws -> CertificationAuthorityKey {
        try CertificationAuthorityKey(
            rid: rid, index: index, modulus: publicKey.modulus, exponent: publicKey.exponent, checksum: try checksum(rid: rid))
    }

    /// An impostor: this authority's index, and a key that is not its own.
    func forged() throws -> TestCertificationAuthority {
        TestCertificationAuthority(index: index, key: try TestKeyPair.issuer2.key())
    }

    /// SHA-1 of RID | index | modulus | exponent, by which terminals check a stored key (Book 2, 11.2.2).
    public func checksum(rid: [UInt8]) throws(KeysError) -> [UInt8] {
        try Digest.sha1(rid + [index] + publicKey.modulus + publicKey.exponent)
    }

    /// Issuer public key certificate, 90 and 92 (Book 2, table 6): `6A 02 issuer identifier(4) expiry(2) serial(3) 01 01 length length key hash BC`.
    func issuerCertificate(for issuer: RSAPublicKey, issuerIdentifier: [UInt8], expiry: [UInt8], serial: [UInt8]) throws -> KeyCertificate {
        try KeyCertificate(
            header: [0x02] + issuerIdentifier + expiry + serial + KeyCertificate.algorithms(of: issuer), subject: issuer, signedBy: key)
    }
}

/// A public key certificate with what did not fit into it.
struct KeyCertificate: Sendable {
    /// As long as the signer's modulus.
    let certificate: [UInt8]
    /// The rightmost bytes of the modulus; empty when all of it is in the certificate.
    let remainder: [UInt8]
    let exponent: [UInt8]

    /// SHA-1 and RSA (Book 2, B2.1, B3.1), then the lengths of modulus and exponent.
    static func algorithms(of key: RSAPublicKey) -> [UInt8] {
        [0x01, 0x01, UInt8(clamping: key.modulus.count), UInt8(clamping: key.exponent.count)]
    }

    /// Issuer's and card's certificates differ in the header only, and in the static data that a card's hash also covers.
    init(header: [UInt8], subject: RSAPublicKey, signedBy signer: RSAPrivateKey, staticData: [UInt8] = []) throws {
        // 6A in front, 20 bytes hash and BC behind.
        let room = signer.publicKey.modulus.count - header.count - 22
        guard room > 0, subject.modulus.count <= signer.publicKey.modulus.count else {
            throw LabError(.badFile, "a key of \(subject.modulus.count) bytes does not fit under one of \(signer.publicKey.modulus.count)")
        }
        let inside = subject.modulus.prefix(room)
        remainder = Array(subject.modulus.dropFirst(room))
        exponent = subject.exponent
        let body = header + inside + [UInt8](repeating: 0xBB, count: room - inside.count)
        certificate = try signer.sign(body: body, hashedToo: remainder + exponent + staticData)
    }
}

/// An issuer's key pair and what it signs for its cards.
struct IssuerSigner: Sendable {
    let key: RSAPrivateKey

    /// ICC public key certificate, 9F46 and 9F48 (Book 2, table 14): `6A 04 PAN(10) expiry(2) serial(3) 01 01 length length key hash BC`.
    func cardCertificate(
        for card: RSAPublicKey, applicationPAN: [UInt8], expiry: [UInt8], serial: [UInt8], staticData: [UInt8]
    ) throws -> KeyCertificate {
        try KeyCertificate(
            header: [0x04] + applicationPAN + expiry + serial + KeyCertificate.algorithms(of: card), subject: card, signedBy: key,
            staticData: staticData)
    }

    /// Signed static application data, 93 (Book 2, table 3): `6A 03 01 data authentication code(2) BB… hash BC`.
    func signedStaticData(authenticationCode: [UInt8], staticData: [UInt8]) throws(KeysError) -> [UInt8] {
        let header = [0x03, 0x01] + authenticationCode
        let padding = [UInt8](repeating: 0xBB, count: max(0, key.publicKey.modulus.count - header.count - 22))
        return try key.sign(body: header + padding, hashedToo: staticData)
    }
}

extension RSAPrivateKey {
    /// Digital signature with message recovery (Book 2, A2.1.2): `6A body SHA-1(body | hashedToo) BC`, raised to the private exponent.
    func sign(body: [UInt8], hashedToo: [UInt8]) throws(KeysError) -> [UInt8] {
        try apply([0x6A] + body + Digest.sha1(body + hashedToo) + [0xBC])
    }

    /// Signed dynamic application data, 9F4B (Book 2, table 15): `6A 05 01 length dynamic data BB… hash BC`, the hash also over what the terminal
    /// sent for the DDOL.
    func signDynamicData(_ dynamicData: [UInt8], terminalData: [UInt8]) throws(KeysError) -> [UInt8] {
        let padding = publicKey.modulus.count - dynamicData.count - 25
        guard padding >= 0 else { throw KeysError(.dataLength, "\(dynamicData.count) bytes are too many for the card's key.") }
        let body = [0x05, 0x01, UInt8(clamping: dynamicData.count)] + dynamicData + [UInt8](repeating: 0xBB, count: padding)
        return try sign(body: body, hashedToo: terminalData)
    }
}
