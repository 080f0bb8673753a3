import CLibCrypto

/// An X.509 certificate of libcrypto, owned.
final class Certificate {
    let pointer: OpaquePointer

    /// A new one, version 3, with a random serial number and this common name; `issuer` is `nil` for one that signs itself.
    init(subject: String, key: CertificateKey, issuer: Certificate?) throws(KeysError) {
        guard let pointer = X509_new() else { throw .refused("X509_new") }
        self.pointer = pointer
        // RFC 5280, 4.1.2.2: positive, at most 20 bytes.
        var serial = try RandomBytes.generate(16)
        serial[0] = serial[0] & 0x7F | 0x40
        let number = BN_bin2bn(serial, 16, nil)
        defer { BN_free(number) }
        guard X509_set_version(pointer, 2) == 1, BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil,
            X509_set_pubkey(pointer, key.pointer) == 1
        else { throw .refused("X509_set_pubkey") }
        let name = X509_get_subject_name(pointer)
        for (field, value) in [("O", "Countertop"), ("CN", String(subject.prefix(64)))] {
            guard X509_NAME_add_entry_by_txt(name, field, utf8Text, Array(value.utf8), Int32(value.utf8.count), -1, 0) == 1 else {
                throw .refused("X509_NAME_add_entry_by_txt")
            }
        }
        guard X509_set_issuer_name(pointer, issuer.map { X509_get_subject_name($0.pointer) } ?? name) == 1 else {
            throw .refused("X509_set_issuer_name")
        }
    }

    /// The first certificate of a PEM text.
    init(pem: String) throws(KeysError) {
        let text = Array(pem.utf8)
        let input = BIO_new_mem_buf(text, Int32(clamping: text.count))
        defer { BIO_free(input) }
        guard let pointer = PEM_read_bio_X509(input, nil, noPassphrase, nil) else {
            ERR_clear_error()
            throw KeysError(.certificate, "The text holds no certificate in PEM.")
        }
        self.pointer = pointer
    }

    deinit { X509_free(pointer) }

    func setValidity(from start: Int64, to end: Int64) throws(KeysError) {
        guard ASN1_TIME_set(X509_getm_notBefore(pointer), Int(start)) != nil, ASN1_TIME_set(X509_getm_notAfter(pointer), Int(end)) != nil
        else {
            throw .refused("ASN1_TIME_set")
        }
    }

    /// An extension from libcrypto's configuration text (x509v3_config).
    func add(_ identifier: Int32, _ configuration: String, issuer: Certificate?) throws(KeysError) {
        let made = try Self.makeExtension(identifier, configuration, issuer: issuer?.pointer ?? pointer, subject: pointer)
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(pointer, made, -1) == 1 else { throw .refused("X509_add_ext") }
    }

    func sign(with key: CertificateKey) throws(KeysError) {
        guard X509_sign(pointer, key.pointer, EVP_sha256()) > 0 else { throw .refused("X509_sign") }
    }

    func pem() throws(KeysError) -> String {
        let output = BIO_new(BIO_s_mem())
        defer { BIO_free(output) }
        guard PEM_write_bio_X509(output, pointer) == 1 else { throw .refused("PEM_write_bio_X509") }
        return String(decoding: contents(of: output), as: UTF8.self)
    }

    func matches(_ key: CertificateKey) -> Bool {
        let matches = X509_check_private_key(pointer, key.pointer) == 1
        ERR_clear_error()
        return matches
    }

    func isSigned(by authority: Certificate) -> Bool {
        let verified = X509_verify(pointer, X509_get0_pubkey(authority.pointer)) == 1
        ERR_clear_error()
        return verified
    }

    /// Whether the subject alternative names are exactly these.
    func hasNames(_ names: CertificateNames) throws(KeysError) -> Bool {
        let wanted = try Self.makeExtension(NID_subject_alt_name, names.configuration, issuer: pointer, subject: pointer)
        defer { X509_EXTENSION_free(wanted) }
        guard let present = X509_get_ext(pointer, X509_get_ext_by_NID(pointer, NID_subject_alt_name, -1)) else { return false }
        return ASN1_STRING_cmp(X509_EXTENSION_get_data(present), X509_EXTENSION_get_data(wanted)) == 0
    }

    /// Until the certificate ends; negative afterwards.
    func secondsLeft(now: Int64) throws(KeysError) -> Int64 { try seconds(from: now, to: X509_get0_notAfter(pointer)) }

    func hasBegun(now: Int64) throws(KeysError) -> Bool { try seconds(from: now, to: X509_get0_notBefore(pointer)) <= 0 }

    private func seconds(from now: Int64, to end: UnsafePointer<ASN1_TIME>?) throws(KeysError) -> Int64 {
        let start = ASN1_TIME_set(nil, Int(now))
        defer { ASN1_STRING_free(start) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let start, ASN1_TIME_diff(&days, &seconds, start, end) == 1 else { throw .refused("ASN1_TIME_diff") }
        return Int64(days) * 86_400 + Int64(seconds)
    }

    private static func makeExtension(
        _ identifier: Int32, _ configuration: String, issuer: OpaquePointer, subject: OpaquePointer
    ) throws(KeysError) -> OpaquePointer {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer, subject, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, identifier, configuration) else { throw .refused("X509V3_EXT_conf_nid") }
        return made
    }
}

/// An EC P-256 key pair of libcrypto, owned.
final class CertificateKey {
    let pointer: OpaquePointer

    private init(adopting pointer: OpaquePointer) { self.pointer = pointer }

    static func generate() throws(KeysError) -> CertificateKey {
        let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard let context, EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw .refused("EVP_PKEY_generate") }
        return CertificateKey(adopting: key)
    }

    /// A private key in PEM, not enciphered; `source` names it in the error.
    convenience init(pem: SecretBytes, from source: String) throws(KeysError) {
        let key = pem.withBytes { bytes in
            let input = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            defer { BIO_free(input) }
            return PEM_read_bio_PrivateKey(input, nil, noPassphrase, nil)
        }
        guard let key else {
            ERR_clear_error()
            throw KeysError(.fileContent, "\(source) holds no private key in PEM.")
        }
        self.init(adopting: key)
    }

    deinit { EVP_PKEY_free(pointer) }

    /// PKCS#8.
    func pem() throws(KeysError) -> SecretBytes {
        let output = BIO_new(BIO_s_mem())
        defer { BIO_free(output) }
        guard PEM_write_bio_PKCS8PrivateKey(output, pointer, nil, nil, 0, nil, nil) == 1 else {
            throw .refused("PEM_write_bio_PKCS8PrivateKey")
        }
        var bytes = contents(of: output)
        defer { bytes.withUnsafeMutableBytes { wipe($0) } }
        return SecretBytes(bytes)
    }
}

/// Keeps libcrypto from asking for a passphrase at a terminal.
private let noPassphrase: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = { _, _, _, _ in
    -1
}

/// `MBSTRING_UTF8` of openssl/asn1.h.
let utf8Text: Int32 = 0x1000

func contents(of memory: OpaquePointer?) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(memory))
    let count = BIO_read(memory, &bytes, Int32(clamping: bytes.count))
    return Array(bytes.prefix(max(0, Int(count))))
}
