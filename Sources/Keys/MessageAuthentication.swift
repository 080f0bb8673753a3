import CLibCrypto

/// CMAC (SP 800-38B, RFC 4493) over AES.
public enum CMAC {
    /// The leftmost `length` (1…16) bytes.
    public static func code(for data: some Collection<UInt8>, key: SecretBytes, length: Int = 16) throws(KeysError) -> [UInt8] {
        let code = try key.authentication(.cmac).code(for: data)
        guard (1...16).contains(length) else { throw KeysError(.dataLength, "A CMAC has 1 to 16 bytes, not \(length).") }
        return length == 16 ? code : Array(code.prefix(length))
    }
}

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1).
public enum HMACSHA256 {
    public static func code(for data: some Collection<UInt8>, key: SecretBytes) throws(KeysError) -> [UInt8] {
        try key.authentication(.hmacSHA256).code(for: data)
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

/// An algorithm that has taken its key in. Fetching the algorithm and expanding the key costs several times what a message of the host does, so a
/// `SecretBytes` keeps this for as long as it lives (`SecretBytes.authentication`).
///
/// `@unchecked Sendable`: `context` is written in init only; every code is made in a copy of it.
final class KeyedAuthentication: @unchecked Sendable {
    enum Algorithm: Hashable { case cmac, hmacSHA256 }

    let algorithm: Algorithm
    private let context: OpaquePointer

    init(_ algorithm: Algorithm, key: UnsafeRawBufferPointer) throws(KeysError) {
        let (name, option, part) =
            switch algorithm {
            case .cmac: ("CMAC", "cipher", try Self.cipher(key.count))
            case .hmacSHA256: ("HMAC", "digest", "SHA256")
            }
        guard key.count > 0 else { throw KeysError(.keyLength, "An empty key authenticates nothing.") }
        let method = EVP_MAC_fetch(nil, name, nil)
        // The context holds on to it.
        defer { EVP_MAC_free(method) }
        guard let context = EVP_MAC_CTX_new(method) else { throw .refused(name) }
        var text = Array(part.utf8CString)
        let isReady = text.withUnsafeMutableBufferPointer { text in
            let parameters = [OSSL_PARAM_construct_utf8_string(option, text.baseAddress, 0), OSSL_PARAM_construct_end()]
            return EVP_MAC_init(context, key.baseAddress, key.count, parameters) == 1
        }
        guard isReady else {
            EVP_MAC_CTX_free(context)
            throw .refused(name)
        }
        self.algorithm = algorithm
        self.context = context
    }

    // libcrypto wipes what it knows of the key.
    deinit { EVP_MAC_CTX_free(context) }

    func code(for data: some Collection<UInt8>) throws(KeysError) -> [UInt8] {
        let made = data.withContiguousStorageIfAvailable { code($0) } ?? Array(data).withUnsafeBufferPointer { code($0) }
        guard let made else { throw .refused(algorithm == .cmac ? "CMAC" : "HMAC") }
        return made
    }

    private func code(_ data: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let copy = EVP_MAC_CTX_dup(context) else { return nil }
        defer { EVP_MAC_CTX_free(copy) }
        let size = algorithm == .cmac ? 16 : 32
        var written = 0
        let code = [UInt8](unsafeUninitializedCapacity: size) { output, count in
            if EVP_MAC_update(copy, data.baseAddress, data.count) == 1, EVP_MAC_final(copy, output.baseAddress, &written, size) == 1 {
                count = written
            }
        }
        return code.count == size ? code : nil
    }

    private static func cipher(_ keyLength: Int) throws(KeysError) -> String {
        switch keyLength {
        case 16: "AES-128-CBC"
        case 24: "AES-192-CBC"
        case 32: "AES-256-CBC"
        default: throw KeysError.aesKeyLength(keyLength)
        }
    }
}
