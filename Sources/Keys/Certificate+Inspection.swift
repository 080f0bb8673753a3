import CLibCrypto
import Hex

extension Certificate {
    /// Every certificate of a PEM text, in order, at most 16.
    static func all(in pem: String) throws(KeysError) -> [Certificate] {
        let mark = "-----BEGIN CERTIFICATE-----"
        let parts = pem.split(separator: mark, omittingEmptySubsequences: true).dropFirst(pem.hasPrefix(mark) ? 0 : 1)
        guard parts.count <= 16 else { throw KeysError(.certificate, "A chain has at most 16 certificates.") }
        var certificates: [Certificate] = []
        for part in parts { certificates.append(try Certificate(pem: mark + part)) }
        return certificates
    }

    /// RFC 5280, 4.2.1.9: basic constraints with CA true.
    var isAuthority: Bool { X509_check_ca(pointer) == 1 }

    func fingerprint() throws(KeysError) -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard X509_digest(pointer, EVP_sha256(), &digest, &count) == 1 else { throw .refused("X509_digest") }
        return Array(digest.prefix(Int(count))).hex
    }
}
