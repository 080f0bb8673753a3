import Hex

/// The keys that are this site's own: made at the first start, kept in one file, never sent anywhere. All are derived by label from one secret of
/// 32 bytes, so that knowing one of them tells nothing of another.
public struct SiteKeys: Sendable {
    /// Makes `account` of the POS protocol from a card number.
    public let accountMask: AccountMask
    /// Keys the card hash by which a follow-up recognises the original's card.
    private let cardHashKey: SecretBytes
    /// 32 bytes for what the journal enciphers (AES-256-GCM).
    public let journalKey: SecretBytes

    private let root: SecretBytes
    private static let heading = "countertop-site-key-1"

    /// The keys of the file at `path`; when there is none it is created with mode 0600 and synced before this returns. A file that others can read
    /// (`keys.fileMode`) or that is damaged (`keys.fileContent`) is refused, never replaced: the journal may depend on it.
    public static func open(path: String) throws(KeysError) -> SiteKeys {
        if let content = try PrivateFile.read(path) { return try SiteKeys(root: parse(content, path)) }
        let secret = try RandomBytes.secret(32)
        if try PrivateFile.create(path, serialise(secret)) { return try SiteKeys(root: secret) }
        guard let content = try PrivateFile.read(path) else { throw KeysError(.fileAccess, "\(path) came and went during the start.") }
        return try SiteKeys(root: parse(content, path))
    }

    /// For tests and the lab: keys of a known secret of 32 bytes, without a file.
    public init(root: SecretBytes) throws(KeysError) {
        guard root.count == 32 else { throw KeysError(.keyLength, "A site key has 32 bytes, not \(root.count).") }
        self.root = root
        accountMask = AccountMask(key: try Self.derive(root, "account mask", 32))
        cardHashKey = try Self.derive(root, "card hash", 32)
        journalKey = try Self.derive(root, "journal", 32)
    }

    /// A key for the purpose that `label` names.
    public func derive(label: String, count: Int = 32) throws(KeysError) -> SecretBytes { try Self.derive(root, label, count) }

    /// The card's hash under this site's key.
    public func cardHash(of pan: PAN) throws(KeysError) -> CardHash { try CardHash(of: pan, key: cardHashKey) }

    private static func derive(_ root: SecretBytes, _ label: String, _ count: Int) throws(KeysError) -> SecretBytes {
        try HMACSHA256.deriveKey(from: root, salt: Array(heading.utf8), info: Array(label.utf8), count: count)
    }

    /// One line: heading, 64 hexadecimal digits, the first 4 bytes of the SHA-256 of both as a check.
    private static func serialise(_ secret: SecretBytes) throws(KeysError) -> [UInt8] {
        let body = secret.withBytes { "\(heading) \($0.hex)" }
        let check = try Digest.sha256(body.utf8).prefix(4).hex
        return Array("\(body) \(check)\n".utf8)
    }

    private static func parse(_ content: [UInt8], _ path: String) throws(KeysError) -> SecretBytes {
        let malformed = KeysError(
            .fileContent, "\(path) is not a site key file, or is damaged.",
            remedy: "Restore it from a backup. Without it the cards of open transactions cannot be recognised.")
        guard let text = String(validating: content, as: UTF8.self), text.hasSuffix("\n") else { throw malformed }
        let parts = text.dropLast().split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == heading, parts[1].utf8.count == 64, let secret = [UInt8](hex: parts[1]), secret.count == 32,
            try Digest.sha256("\(parts[0]) \(parts[1])".utf8).prefix(4).hex == parts[2]
        else { throw malformed }
        return SecretBytes(secret)
    }
}

extension SiteKeys: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "****" }
    public var debugDescription: String { "****" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What is kept of a card after the decision, to tell whether a follow-up uses the same one: HMAC-SHA-256 of the PAN under a site key.
public struct CardHash: Sendable, Hashable {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// A hash read back from the journal.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.bytes = Array(bytes)
    }

    init(of pan: PAN, key: SecretBytes) throws(KeysError) {
        bytes = try HMACSHA256.code(for: pan.withDigits { Array($0.utf8) }, key: key)
    }
}
