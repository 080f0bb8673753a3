import Hex

/// A key that an operator puts in a file of mode 0600, as hexadecimal digits on one line.
public enum KeyFile {
    /// - Parameter byteCounts: lengths the key may have.
    /// - Throws: `.fileMode` when others can read it, `.fileContent` when it is not such a key; the message never holds the content.
    public static func read(_ path: String, byteCounts: Set<Int>) throws(KeysError) -> SecretBytes {
        guard let content = try PrivateFile.read(path, limit: 4096) else {
            throw KeysError(
                .fileAccess, "\(path) is not there.", remedy: "Put the key in it as hexadecimal digits, then chmod 600 \(path).")
        }
        guard let key = [UInt8](hex: String(decoding: content, as: UTF8.self)), byteCounts.contains(key.count) else {
            let lengths = byteCounts.sorted().map { String($0 * 2) }.joined(separator: " or ")
            throw KeysError(.fileContent, "\(path) does not hold a key: \(lengths) hexadecimal digits are expected.")
        }
        return SecretBytes(key)
    }

    /// Writes a key so that `read` takes it; for test keys and `init`.
    public static func write(_ key: SecretBytes, to path: String) throws(KeysError) {
        try key.withBytes { (bytes) throws(KeysError) in try PrivateFile.replace(path, Array((bytes.hex + "\n").utf8)) }
    }
}
