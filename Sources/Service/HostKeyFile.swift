import Hex
import ISO8583
import Keys
import PaymentHost

/// Where a MAC key that the host has sent is kept: its key block as it came, enciphered under the key encryption key, and in front of it the check value
/// of the operator's key that it followed. Another key from the operator makes it void.
struct HostKeyFile: Sendable {
    let path: String
    /// The operator's: `host.macKey` …
    let initial: SecretBytes
    /// … and `host.keyEncryptionKey`.
    let protection: SecretBytes
    let dialect: Dialect

    private var initialCheckValue: String { DialectMapping.checkValue(of: initial, dialect)?.hex ?? "" }

    /// The key in force.
    func key() throws(ServiceError) -> SecretBytes {
        let content: [UInt8]?
        do { content = try PrivateFile.read(path) } catch { throw ServiceError(.keys, "\(path): \(error)", remedy: error.remedy) }
        guard let content else { return initial }
        let parts = String(decoding: content, as: UTF8.self).split { $0 == " " || $0 == "\n" }
        guard parts.count == 2 else { throw unusable("it is damaged") }
        guard parts[0] == initialCheckValue else { return initial }
        do { return try DialectMapping.macKey(in: String(parts[1]), under: protection, dialect) } catch { throw unusable(error.reason) }
    }

    /// On the disk when it returns.
    func store(_ block: String) throws(KeysError) { try PrivateFile.replace(path, Array("\(initialCheckValue) \(block)\n".utf8)) }

    private func unusable(_ reason: String) -> ServiceError {
        ServiceError(
            .keys, "The MAC key that the host has sent, \(path), cannot be used: \(reason).",
            remedy: "Ask the acquirer for a new MAC key, put it in the file of host.macKey, and remove \(path).")
    }
}
