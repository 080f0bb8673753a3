import CLibCrypto

/// AES (FIPS 197) with keys of 16, 24 or 32 bytes; nothing is padded.
public enum AES {
    public static let blockSize = 16

    /// Every block by itself (SP 800-38A, 6.1). `data` is whole blocks.
    public static func encryptECB(_ data: some Collection<UInt8>, key: SecretBytes) throws(KeysError) -> [UInt8] {
        try BlockCipher.run(ecb(key), key: key, data, encrypt: true)
    }

    public static func decryptECB(_ data: some Collection<UInt8>, key: SecretBytes) throws(KeysError) -> [UInt8] {
        try BlockCipher.run(ecb(key), key: key, data, encrypt: false)
    }

    static func encryptECB(secret: SecretBytes, key: SecretBytes) throws(KeysError) -> SecretBytes {
        try BlockCipher.run(ecb(key), key: key, secret: secret, encrypt: true)
    }

    static func decryptECB(secret: SecretBytes, key: SecretBytes) throws(KeysError) -> SecretBytes {
        try BlockCipher.run(ecb(key), key: key, secret: secret, encrypt: false)
    }

    /// Chained blocks (SP 800-38A, 6.2); `iv` has 16 bytes.
    public static func encryptCBC(_ data: some Collection<UInt8>, key: SecretBytes, iv: [UInt8]) throws(KeysError) -> [UInt8] {
        try BlockCipher.run(cbc(key, iv), key: key, data, encrypt: true)
    }

    public static func decryptCBC(_ data: some Collection<UInt8>, key: SecretBytes, iv: [UInt8]) throws(KeysError) -> [UInt8] {
        try BlockCipher.run(cbc(key, iv), key: key, data, encrypt: false)
    }

    private static func ecb(_ key: SecretBytes) throws(KeysError) -> BlockCipher.Mode {
        switch key.count {
        case 16: .init(cipher: EVP_aes_128_ecb(), blockSize: blockSize)
        case 24: .init(cipher: EVP_aes_192_ecb(), blockSize: blockSize)
        case 32: .init(cipher: EVP_aes_256_ecb(), blockSize: blockSize)
        default: throw .aesKeyLength(key.count)
        }
    }

    private static func cbc(_ key: SecretBytes, _ iv: [UInt8]) throws(KeysError) -> BlockCipher.Mode {
        switch key.count {
        case 16: .init(cipher: EVP_aes_128_cbc(), blockSize: blockSize, iv: iv)
        case 24: .init(cipher: EVP_aes_192_cbc(), blockSize: blockSize, iv: iv)
        case 32: .init(cipher: EVP_aes_256_cbc(), blockSize: blockSize, iv: iv)
        default: throw .aesKeyLength(key.count)
        }
    }
}

extension KeysError {
    static func aesKeyLength(_ count: Int) -> KeysError { KeysError(.keyLength, "An AES key has 16, 24 or 32 bytes, not \(count).") }
}
