import CLibCrypto

/// A PKCS #10 request (RFC 2986) for a new key pair.
public struct CertificateSigningRequest: Sendable {
    /// The request, PEM.
    public let pem: String
    /// Its private key, PKCS#8 in PEM.
    public let privateKeyPEM: SecretBytes

    /// - Parameters:
    ///   - subject: short names of attributes and their values, in order: `CN`, `O`, `OU`, `L`, `ST`, `C`.
    ///   - names: subject alternative names; `nil` for none.
    /// - Throws: `keys.certificate` for an attribute that cannot have that value, such as a country of three letters.
    public static func make(subject: [(attribute: String, value: String)], names: CertificateNames?) throws(KeysError) -> Self {
        let key = try CertificateKey.generate()
        guard let request = X509_REQ_new() else { throw .refused("X509_REQ_new") }
        defer { X509_REQ_free(request) }
        guard X509_REQ_set_version(request, 0) == 1, X509_REQ_set_pubkey(request, key.pointer) == 1 else {
            throw .refused("X509_REQ_set_pubkey")
        }
        let name = X509_REQ_get_subject_name(request)
        for (attribute, value) in subject {
            guard X509_NAME_add_entry_by_txt(name, attribute, utf8Text, Array(value.utf8), Int32(value.utf8.count), -1, 0) == 1 else {
                ERR_clear_error()
                throw KeysError(.certificate, "A certificate's \(attribute) cannot have that value.")
            }
        }
        if let names { try add(names, to: request) }
        guard X509_REQ_sign(request, key.pointer, EVP_sha256()) > 0 else { throw .refused("X509_REQ_sign") }
        let output = BIO_new(BIO_s_mem())
        defer { BIO_free(output) }
        guard PEM_write_bio_X509_REQ(output, request) == 1 else { throw .refused("PEM_write_bio_X509_REQ") }
        return Self(pem: String(decoding: contents(of: output), as: UTF8.self), privateKeyPEM: try key.pem())
    }

    private static func add(_ names: CertificateNames, to request: OpaquePointer) throws(KeysError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, nil, nil, request, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, NID_subject_alt_name, names.configuration) else {
            throw .refused("X509V3_EXT_conf_nid")
        }
        defer { X509_EXTENSION_free(made) }
        let list = OPENSSL_sk_new_null()
        defer { OPENSSL_sk_free(list) }
        guard OPENSSL_sk_push(list, UnsafeRawPointer(made)) > 0, X509_REQ_add_extensions(request, list) == 1 else {
            throw .refused("X509_REQ_add_extensions")
        }
    }
}

/// What a certificate that somebody hands in is good for.
public struct CertificateInspection: Sendable, Hashable {
    /// SHA-256 of the certificate's DER form, 64 upper-case hexadecimal digits.
    public let fingerprint: String
    /// Seconds since 1970.
    public let expires: Int64

    /// The first certificate of a chain that is to serve with this key.
    /// - Throws: `keys.certificate` saying why it does not serve: another key's, not yet valid, expired, or chained wrongly.
    public init(chain pem: String, for key: SecretBytes, now: Int64) throws(KeysError) {
        let chain = try Certificate.all(in: pem)
        guard let leaf = chain.first else { throw KeysError(.certificate, "The text holds no certificate in PEM.") }
        guard leaf.matches(try CertificateKey(pem: key, from: "the key")) else {
            throw KeysError(.certificate, "The certificate is not for the key of the last request.")
        }
        for (certificate, issuer) in zip(chain, chain.dropFirst()) where !certificate.isSigned(by: issuer) {
            throw KeysError(.certificate, "Every certificate of the chain must be signed by the next one.")
        }
        try self.init(leaf, now: now)
    }

    /// An authority that is to be trusted.
    /// - Throws: `keys.certificate` for one that is no authority, not yet valid or expired.
    public init(authority pem: String, now: Int64) throws(KeysError) {
        let certificates = try Certificate.all(in: pem)
        guard let authority = certificates.first, certificates.count == 1 else {
            throw KeysError(.certificate, "The text must hold exactly one certificate in PEM.")
        }
        guard authority.isAuthority else { throw KeysError(.certificate, "The certificate is not an authority's.") }
        try self.init(authority, now: now)
    }

    private init(_ certificate: Certificate, now: Int64) throws(KeysError) {
        guard try certificate.hasBegun(now: now) else { throw KeysError(.certificate, "The certificate is not valid yet.") }
        let left = try certificate.secondsLeft(now: now)
        guard left > 0 else { throw KeysError(.certificate, "The certificate has expired.") }
        fingerprint = try certificate.fingerprint()
        expires = now + left
    }
}
