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
        var output = [UInt8](repeating: 0, count: input.count)
        try input.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in run(mode, key: key, input, into: output, encrypt: encrypt) }
        }.get()
        return output
    }

    /// From secret to secret, without a copy that is not wiped.
    static func run(_ mode: Mode, key: SecretBytes, secret: SecretBytes, encrypt: Bool) throws(KeysError) -> SecretBytes {
        try SecretBytes(count: secret.count) { (output) throws(KeysError) in
            try secret.withBytes { input in run(mode, key: key, input, into: output, encrypt: encrypt) }.get()
        }
    }

    /// `output` has the size of `input`.
    private static func run(
        _ mode: Mode, key: SecretBytes, _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, encrypt: Bool
    ) -> Result<Void, KeysError> {
        guard input.count % mode.blockSize == 0, input.count <= 1 << 24 else {
            return .failure(KeysError(.dataLength, "\(input.count) bytes are not whole blocks of \(mode.blockSize)."))
        }
        if let iv = mode.iv, iv.count != mode.blockSize {
            return .failure(KeysError(.dataLength, "The initial vector has \(iv.count) bytes, not \(mode.blockSize)."))
        }
        guard let context = EVP_CIPHER_CTX_new() else { return .failure(.refused("EVP_CIPHER_CTX_new")) }
        defer { EVP_CIPHER_CTX_free(context) }
        let initialised = key.withBytes { EVP_CipherInit_ex(context, mode.cipher, nil, $0.unsignedBytes, mode.iv, encrypt ? 1 : 0) }
        guard initialised == 1, EVP_CIPHER_CTX_set_padding(context, 0) == 1 else { return .failure(.refused("EVP_CipherInit_ex")) }
        if input.isEmpty { return .success(()) }
        // Without padding whole blocks come out as they go in (EVP_EncryptInit(3)).
        var written: Int32 = 0
        let bytes = output.bindMemory(to: UInt8.self).baseAddress
        guard EVP_CipherUpdate(context, bytes, &written, input.unsignedBytes, Int32(input.count)) == 1, Int(written) == input.count else {
            return .failure(.refused("EVP_CipherUpdate"))
        }
        return .success(())
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
