import CLibCrypto

/// CMAC (SP 800-38B, RFC 4493) over AES.
public enum CMAC {
    /// The leftmost `length` (1…16) bytes.
    public static func code(for data: some Collection<UInt8>, key: SecretBytes, length: Int = 16) throws(KeysError) -> [UInt8] {
        let cipher =
            switch key.count {
            case 16: "AES-128-CBC"
            case 24: "AES-192-CBC"
            case 32: "AES-256-CBC"
            default: throw KeysError.aesKeyLength(key.count)
            }
        let code = try messageAuthenticationCode("CMAC", cipher, Array(data), key: key, size: 16)
        guard (1...16).contains(length) else { throw KeysError(.dataLength, "A CMAC has 1 to 16 bytes, not \(length).") }
        return Array(code.prefix(length))
    }
}

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1).
public enum HMACSHA256 {
    public static func code(for data: some Collection<UInt8>, key: SecretBytes) throws(KeysError) -> [UInt8] {
        try messageAuthenticationCode("HMAC", "SHA256", Array(data), key: key, size: 32)
    }

    /// HKDF (RFC 5869): `count` bytes, at most 255 × 32, from a secret, for the purpose that `info` names.
    public static func deriveKey(from secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int) throws(KeysError) -> SecretBytes {
        guard (1...8160).contains(count) else { throw KeysError(.dataLength, "HKDF gives 1 to 8160 bytes, not \(count).") }
        let extracted = try secret.withBytes { (bytes) throws(KeysError) in
            // An empty key would be refused; 32 zero bytes are the same key to HMAC (RFC 5869, 2.2).
            try code(for: bytes, key: SecretBytes(salt.isEmpty ? [UInt8](repeating: 0, count: 32) : salt))
        }
        let pseudorandomKey = SecretBytes(extracted)
        var output: [UInt8] = []
        var block: [UInt8] = []
        var counter: UInt8 = 1
        while output.count < count {
            block = try code(for: block + info + [counter], key: pseudorandomKey)
            output += block
            counter &+= 1
        }
        defer { output.withUnsafeMutableBytes { wipe($0) } }
        return SecretBytes(output.prefix(count))
    }
}

private func messageAuthenticationCode(
    _ algorithm: String, _ part: String, _ data: [UInt8], key: SecretBytes, size: Int
) throws(KeysError) -> [UInt8] {
    guard key.count > 0 else { throw KeysError(.keyLength, "An empty key authenticates nothing.") }
    var output = [UInt8](repeating: 0, count: 64)
    var written = 0
    let made = key.withBytes {
        EVP_Q_mac(nil, algorithm, nil, part, nil, $0.baseAddress, $0.count, data, data.count, &output, output.count, &written)
    }
    guard made != nil, written == size else { throw .refused(algorithm) }
    return Array(output.prefix(written))
}
