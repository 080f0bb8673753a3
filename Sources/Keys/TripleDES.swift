import CLibCrypto

/// TDES (SP 800-67). Keys of 24 bytes are K1 K2 K3, of 16 bytes K1 K2 K1, of 8 bytes K K K, which is single DES: the card schemes and X9.24 still
/// are made of it. Parity bits are not looked at; nothing is padded.
public enum TripleDES {
    public static let blockSize = 8

    public static func encryptECB(_ data: some Collection<UInt8>, key: SecretBytes) throws(KeysError) -> [UInt8] {
        try BlockCipher.run(.init(cipher: EVP_des_ede3_ecb(), blockSize: blockSize), key: full(key), data, encrypt: true)
    }

    public static func decryptECB(_ data: some Collection<UInt8>, key: SecretBytes) throws(KeysError) -> [UInt8] {
        try BlockCipher.run(.init(cipher: EVP_des_ede3_ecb(), blockSize: blockSize), key: full(key), data, encrypt: false)
    }

    static func encryptECB(secret: SecretBytes, key: SecretBytes) throws(KeysError) -> SecretBytes {
        try BlockCipher.run(.init(cipher: EVP_des_ede3_ecb(), blockSize: blockSize), key: full(key), secret: secret, encrypt: true)
    }

    static func decryptECB(secret: SecretBytes, key: SecretBytes) throws(KeysError) -> SecretBytes {
        try BlockCipher.run(.init(cipher: EVP_des_ede3_ecb(), blockSize: blockSize), key: full(key), secret: secret, encrypt: false)
    }

    /// `iv` has 8 bytes.
    public static func encryptCBC(_ data: some Collection<UInt8>, key: SecretBytes, iv: [UInt8]) throws(KeysError) -> [UInt8] {
        try BlockCipher.run(.init(cipher: EVP_des_ede3_cbc(), blockSize: blockSize, iv: iv), key: full(key), data, encrypt: true)
    }

    public static func decryptCBC(_ data: some Collection<UInt8>, key: SecretBytes, iv: [UInt8]) throws(KeysError) -> [UInt8] {
        try BlockCipher.run(.init(cipher: EVP_des_ede3_cbc(), blockSize: blockSize, iv: iv), key: full(key), data, encrypt: false)
    }

    /// The key with every byte's lowest bit set so that the byte has an odd number of ones, as DES keys are written.
    public static func withOddParity(_ key: SecretBytes) -> SecretBytes {
        key.withBytes { bytes in SecretBytes(bytes.lazy.map { ($0 & 0xFE) | (($0 >> 1).nonzeroBitCount.isMultiple(of: 2) ? 1 : 0) }) }
    }

    private static func full(_ key: SecretBytes) throws(KeysError) -> SecretBytes {
        switch key.count {
        case 24: key
        case 16: key.withBytes { SecretBytes([$0[...], $0[..<8]].joined()) }
        case 8: key.withBytes { SecretBytes([$0[...], $0[...], $0[...]].joined()) }
        default: throw KeysError(.keyLength, "A TDES key has 8, 16 or 24 bytes, not \(key.count).")
        }
    }
}
