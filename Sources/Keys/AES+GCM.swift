import CLibCrypto

extension AES {
    /// Bytes of a GCM nonce, and of the tag at the end of what `sealGCM` gives.
    public static let nonceSize = 12
    public static let tagSize = 16

    /// Enciphers and authenticates (SP 800-38D): ciphertext | tag (16). A nonce (12 bytes) must never serve twice under one key.
    public static func sealGCM(
        _ plaintext: SecretBytes, key: SecretBytes, nonce: [UInt8], authenticating header: [UInt8] = []
    ) throws(KeysError) -> [UInt8] {
        let context = try gcm(key: key, nonce: nonce, header: header, encrypt: true)
        defer { EVP_CIPHER_CTX_free(context) }
        guard plaintext.count <= 1 << 24 else { throw KeysError(.dataLength, "\(plaintext.count) bytes are too many for one message.") }
        var output = [UInt8](repeating: 0, count: plaintext.count + 16)
        var written: Int32 = 0
        let updated = plaintext.withBytes { EVP_CipherUpdate(context, &output, &written, $0.unsignedBytes, Int32($0.count)) }
        guard plaintext.count == 0 || updated == 1, EVP_CipherFinal_ex(context, nil, &written) == 1 else { throw .refused("GCM") }
        var tag = [UInt8](repeating: 0, count: tagSize)
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagSize), &tag) == 1 else { throw .refused("GCM tag") }
        return output.prefix(plaintext.count) + tag
    }

    /// The reverse of `sealGCM`; `keys.authentication` when data, header, nonce or key are not those it was sealed with.
    public static func openGCM(
        _ sealed: [UInt8], key: SecretBytes, nonce: [UInt8], authenticating header: [UInt8] = []
    ) throws(KeysError) -> SecretBytes {
        guard sealed.count >= tagSize, sealed.count <= 1 << 24 else {
            throw KeysError(.dataLength, "\(sealed.count) bytes cannot hold a tag of \(tagSize).")
        }
        let context = try gcm(key: key, nonce: nonce, header: header, encrypt: false)
        defer { EVP_CIPHER_CTX_free(context) }
        let length = sealed.count - tagSize
        var tag = Array(sealed.suffix(tagSize))
        var output = [UInt8](repeating: 0, count: sealed.count)
        defer { output.withUnsafeMutableBytes { wipe($0) } }
        var written: Int32 = 0
        guard length == 0 || EVP_CipherUpdate(context, &output, &written, sealed, Int32(length)) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagSize), &tag) == 1
        else { throw .refused("GCM") }
        guard EVP_CipherFinal_ex(context, nil, &written) == 1 else {
            ERR_clear_error()
            throw KeysError(.authentication, "The enciphered data does not fit its tag.")
        }
        return SecretBytes(output.prefix(length))
    }

    private static func gcm(key: SecretBytes, nonce: [UInt8], header: [UInt8], encrypt: Bool) throws(KeysError) -> OpaquePointer {
        let cipher =
            switch key.count {
            case 16: EVP_aes_128_gcm()
            case 24: EVP_aes_192_gcm()
            case 32: EVP_aes_256_gcm()
            default: throw KeysError.aesKeyLength(key.count)
            }
        guard nonce.count == nonceSize else { throw KeysError(.dataLength, "A GCM nonce has \(nonceSize) bytes, not \(nonce.count).") }
        guard header.count <= 1 << 16 else { throw KeysError(.dataLength, "\(header.count) bytes are too many for a header.") }
        guard let context = EVP_CIPHER_CTX_new() else { throw .refused("EVP_CIPHER_CTX_new") }
        let initialised = key.withBytes { EVP_CipherInit_ex(context, cipher, nil, $0.unsignedBytes, nonce, encrypt ? 1 : 0) }
        var written: Int32 = 0
        guard initialised == 1, header.isEmpty || EVP_CipherUpdate(context, nil, &written, header, Int32(header.count)) == 1 else {
            EVP_CIPHER_CTX_free(context)
            throw .refused("GCM")
        }
        return context
    }
}
