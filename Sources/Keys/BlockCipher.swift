import CLibCrypto

/// One pass of a libcrypto cipher without padding.
enum BlockCipher {
    /// The `EVP_CIPHER` to use, the bytes in one block, and the initial vector (`nil` for ECB).
    struct Mode {
        var cipher: OpaquePointer?
        var blockSize: Int
        var iv: [UInt8]?
    }

    static func run(_ mode: Mode, key: SecretBytes, _ data: some Collection<UInt8>, encrypt: Bool) throws(KeysError) -> [UInt8] {
        let input = Array(data)
        guard input.count % mode.blockSize == 0, input.count <= 1 << 24 else {
            throw KeysError(.dataLength, "\(input.count) bytes are not whole blocks of \(mode.blockSize).")
        }
        if let iv = mode.iv, iv.count != mode.blockSize {
            throw KeysError(.dataLength, "The initial vector has \(iv.count) bytes, not \(mode.blockSize).")
        }
        guard let context = EVP_CIPHER_CTX_new() else { throw .refused("EVP_CIPHER_CTX_new") }
        defer { EVP_CIPHER_CTX_free(context) }
        let initialised = key.withBytes { EVP_CipherInit_ex(context, mode.cipher, nil, $0.unsignedBytes, mode.iv, encrypt ? 1 : 0) }
        guard initialised == 1, EVP_CIPHER_CTX_set_padding(context, 0) == 1 else { throw .refused("EVP_CipherInit_ex") }
        var output = [UInt8](repeating: 0, count: input.count + mode.blockSize)
        var written: Int32 = 0
        guard EVP_CipherUpdate(context, &output, &written, input, Int32(input.count)) == 1, Int(written) == input.count else {
            throw .refused("EVP_CipherUpdate")
        }
        output.removeLast(mode.blockSize)
        return output
    }
}

extension UnsafeRawBufferPointer {
    var unsignedBytes: UnsafePointer<UInt8>? { bindMemory(to: UInt8.self).baseAddress }
}

extension KeysError {
    /// libcrypto said no: its own reason is taken from its queue, which is emptied.
    static func refused(_ function: String) -> KeysError {
        let reason = ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) }
        ERR_clear_error()
        return KeysError(.libcrypto, "\(function) failed\(reason.map { ": \($0)" } ?? "").")
    }
}
