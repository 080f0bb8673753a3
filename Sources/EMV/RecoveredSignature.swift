import Keys

/// A digital signature with message recovery, opened (EMV 4.4 Book 2, A2.1): `6A body hash(20) BC`, the body beginning with its format.
struct RecoveredSignature: Sendable {
    /// Everything between header and hash: at least 42 bytes, as no key is shorter than 64.
    let body: [UInt8]
    let hash: [UInt8]

    /// `nil` when the length is not that of the key, or header, format or trailer are others.
    init?(_ signature: [UInt8], key: RSAPublicKey, format: UInt8) {
        guard signature.count == key.modulus.count, let opened = try? key.apply(signature), opened.count >= 64, opened.first == 0x6A,
            opened.last == 0xBC, opened[1] == format
        else { return nil }
        body = Array(opened[1..<(opened.count - 21)])
        hash = Array(opened[(opened.count - 21)..<(opened.count - 1)])
    }

    /// Whether the hash is that of the body and what is hashed without being in it.
    func covers(_ more: [UInt8]) -> Bool { (try? Digest.sha1(body + more)) == hash }
}
