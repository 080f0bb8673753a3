import CLibCrypto

/// Bytes nobody can foresee, from libcrypto's generator, which the kernel seeds.
public enum RandomBytes {
    public static func generate(_ count: Int) throws(KeysError) -> [UInt8] {
        guard (0...65_536).contains(count) else { throw KeysError(.dataLength, "\(count) random bytes at once are too many.") }
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw .refused("RAND_bytes") }
        return bytes
    }

    /// A new key.
    public static func secret(_ count: Int) throws(KeysError) -> SecretBytes {
        var bytes = try generate(count)
        defer { bytes.withUnsafeMutableBytes { wipe($0) } }
        return SecretBytes(bytes)
    }
}

/// Whether two byte strings are equal, in a time that does not tell where they differ. Lengths are not secret.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
