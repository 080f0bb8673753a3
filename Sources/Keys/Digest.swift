import CLibCrypto

/// Hash functions of FIPS 180-4.
public enum Digest {
    /// 20 bytes. Broken as a hash for signatures of strangers' data; EMV's certificates still are made with it (Book 2, B3.1).
    public static func sha1(_ data: some Collection<UInt8>) throws(KeysError) -> [UInt8] { try hash("SHA1", Array(data), size: 20) }

    /// 32 bytes.
    public static func sha256(_ data: some Collection<UInt8>) throws(KeysError) -> [UInt8] { try hash("SHA256", Array(data), size: 32) }

    private static func hash(_ name: String, _ data: [UInt8], size: Int) throws(KeysError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 64)
        var written = 0
        guard EVP_Q_digest(nil, name, nil, data, data.count, &output, &written) == 1, written == size else { throw .refused(name) }
        return Array(output.prefix(size))
    }
}
