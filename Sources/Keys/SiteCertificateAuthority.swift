import CLibCrypto
import Glibc
import Hex

/// The site's own certification authority: made at the first start so that `wss` works at once, and handed to the points of sale as the one
/// certificate to trust. EC P-256, ten years for the authority, 397 days for a server (the longest that browsers take).
public struct SiteCertificateAuthority: Sendable {
    /// The authority's certificate, PEM.
    public let certificatePEM: String
    private let keyPEM: SecretBytes

    static let day: Int64 = 86_400
    static let authorityLife = 3650 * day
    static let serverLife = 397 * day
    /// A server certificate is renewed when it has less than this to live.
    static let renewalMargin = 30 * day

    /// The authority kept in `directory` as `ca.pem` and `ca-key.pem` (0600); both are made when neither is there. `now` is in seconds since 1970.
    /// `directory` itself is made (0700) when it is missing.
    public static func open(directory: String, now: Int64) throws(KeysError) -> SiteCertificateAuthority {
        if mkdir(directory, 0o700) != 0, errno != EEXIST { throw .file("create", directory, errno) }
        let (certificatePath, keyPath) = ("\(directory)/ca.pem", "\(directory)/ca-key.pem")
        let certificate = try PrivateFile.readPublic(certificatePath)
        let key = try PrivateFile.read(keyPath)
        switch (certificate, key) {
        case (let certificate?, let key?):
            let authority = SiteCertificateAuthority(certificatePEM: String(decoding: certificate, as: UTF8.self), keyPEM: SecretBytes(key))
            try authority.check(certificatePath, now: now)
            return authority
        case (nil, let key?):
            // The key is written first: a start that was cut between the two goes on here.
            let authority = try make(key: .init(pem: SecretBytes(key), from: keyPath), now: now)
            try PrivateFile.replace(certificatePath, Array(authority.certificatePEM.utf8), mode: 0o644)
            return authority
        case (nil, nil):
            let authority = try make(key: .generate(), now: now)
            try authority.keyPEM.withBytes { (bytes) throws(KeysError) in try PrivateFile.replace(keyPath, Array(bytes)) }
            try PrivateFile.replace(certificatePath, Array(authority.certificatePEM.utf8), mode: 0o644)
            return authority
        case (_?, nil):
            throw KeysError(
                .fileAccess, "\(keyPath) is missing, its certificate \(certificatePath) is there.",
                remedy: "Restore the key, or move ca.pem away: a new authority is made, which every point of sale must then be given.")
        }
    }

    /// An authority that lives in memory only: for tests, and for the lab's host simulator.
    public static func temporary(now: Int64) throws(KeysError) -> SiteCertificateAuthority { try make(key: .generate(), now: now) }

    /// The server certificate kept in `directory` as `NAME.pem` (with the authority's behind it) and `NAME-key.pem` (0600). It is made, or made
    /// anew with a new key, when it is missing, is damaged, has less than 30 days to live, is not this authority's, or is for other names.
    public func serverCertificate(
        directory: String, name: String = "server", names: CertificateNames, now: Int64
    ) throws(KeysError) -> ServerCertificate {
        let (chainPath, keyPath) = ("\(directory)/\(name).pem", "\(directory)/\(name)-key.pem")
        if let chain = try PrivateFile.readPublic(chainPath), let key = try PrivateFile.read(keyPath) {
            let existing = ServerCertificate(
                chainPEM: String(decoding: chain, as: UTF8.self), privateKeyPEM: SecretBytes(key), chainPath: chainPath, keyPath: keyPath,
                isNew: false)
            if try isCurrent(existing, names: names, now: now) { return existing }
        }
        var made = try issue(names: names, now: now)
        (made.chainPath, made.keyPath) = (chainPath, keyPath)
        // A crash between the two leaves a pair that does not fit, which the next start replaces.
        try made.privateKeyPEM.withBytes { (bytes) throws(KeysError) in try PrivateFile.replace(keyPath, Array(bytes)) }
        try PrivateFile.replace(chainPath, Array(made.chainPEM.utf8), mode: 0o644)
        return made
    }

    /// A server certificate with a new key, not kept anywhere.
    public func issue(names: CertificateNames, now: Int64) throws(KeysError) -> ServerCertificate {
        let authority = try Certificate(pem: certificatePEM)
        let authorityKey = try CertificateKey(pem: keyPEM, from: "the authority's key")
        let key = try CertificateKey.generate()
        let certificate = try Certificate(subject: names.hosts.first ?? names.addresses.first ?? "", key: key, issuer: authority)
        // No server certificate outlives its authority (RFC 5280, 6.1.3).
        try certificate.setValidity(from: now - Self.day, to: min(now + Self.serverLife, now + authority.secondsLeft(now: now)))
        try certificate.add(NID_basic_constraints, "critical,CA:FALSE", issuer: authority)
        try certificate.add(NID_key_usage, "critical,digitalSignature", issuer: authority)
        try certificate.add(NID_ext_key_usage, "serverAuth", issuer: authority)
        try certificate.add(NID_subject_alt_name, names.configuration, issuer: authority)
        try certificate.add(NID_subject_key_identifier, "hash", issuer: authority)
        try certificate.add(NID_authority_key_identifier, "keyid:always", issuer: authority)
        try certificate.sign(with: authorityKey)
        return ServerCertificate(
            chainPEM: try certificate.pem() + certificatePEM, privateKeyPEM: try key.pem(), chainPath: nil, keyPath: nil, isNew: true)
    }

    private static func make(key: CertificateKey, now: Int64) throws(KeysError) -> SiteCertificateAuthority {
        let certificate = try Certificate(subject: "Countertop site CA \(RandomBytes.generate(4).hex)", key: key, issuer: nil)
        try certificate.setValidity(from: now - day, to: now + authorityLife)
        try certificate.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", issuer: nil)
        try certificate.add(NID_key_usage, "critical,keyCertSign,cRLSign", issuer: nil)
        try certificate.add(NID_subject_key_identifier, "hash", issuer: nil)
        try certificate.sign(with: key)
        return SiteCertificateAuthority(certificatePEM: try certificate.pem(), keyPEM: try key.pem())
    }

    private func check(_ path: String, now: Int64) throws(KeysError) {
        let certificate = try Certificate(pem: certificatePEM)
        guard certificate.matches(try CertificateKey(pem: keyPEM, from: path)) else {
            throw KeysError(.certificate, "\(path) and its key do not belong together.")
        }
        guard try certificate.secondsLeft(now: now) > Self.renewalMargin else {
            throw KeysError(
                .certificate, "The site's certification authority in \(path) has expired or is about to.",
                remedy: "Move ca.pem and ca-key.pem away: a new one is made, which every point of sale must then be given.")
        }
    }

    private func isCurrent(_ server: ServerCertificate, names: CertificateNames, now: Int64) throws(KeysError) -> Bool {
        guard let certificate = try? Certificate(pem: server.chainPEM),
            let key = try? CertificateKey(pem: server.privateKeyPEM, from: "the server's key")
        else { return false }
        let authority = try Certificate(pem: certificatePEM)
        let hasBegun = try certificate.hasBegun(now: now)
        let secondsLeft = try certificate.secondsLeft(now: now)
        let hasNames = try certificate.hasNames(names)
        return hasBegun && secondsLeft > Self.renewalMargin && hasNames && certificate.matches(key) && certificate.isSigned(by: authority)
            && server.chainPEM.hasSuffix(certificatePEM)
    }
}

/// A TLS server's certificate and key, as NIOSSL and files take them.
public struct ServerCertificate: Sendable {
    /// The server's certificate and the authority's, PEM.
    public let chainPEM: String
    /// PKCS#8, PEM.
    public let privateKeyPEM: SecretBytes
    /// Where they are kept; `nil` when they are not.
    public internal(set) var chainPath: String?
    public internal(set) var keyPath: String?
    /// Whether this call made it.
    public let isNew: Bool
}
