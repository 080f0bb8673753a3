/// DUKPT with TDES (ANSI X9.24-1:2009, annex A; X9.24-3:2017, annex C keeps it). Keys have 16 bytes, KSNs 10.
///
/// The host has a base derivation key (BDK) for a fleet and finds each transaction's key from the KSN. The device has the initial key of its
/// own KSN, makes its future keys from it, and forgets each after use (`Device`).
public enum TripleDESDUKPT {
    /// The initial key (IPEK) of the device that `serial` names; the counter in it is not looked at (A.6).
    public static func initialKey(baseKey: SecretBytes, serial: KeySerialNumber) throws(KeysError) -> SecretBytes {
        guard baseKey.count == 16 else { throw KeysError(.keyLength, "A TDES BDK has 16 bytes, not \(baseKey.count).") }
        guard serial.scheme == .tripleDES else { throw KeysError(.keySerialNumber, "TDES DUKPT has KSNs of 10 bytes.") }
        let device = SecretBytes(serial.with(counter: 0).bytes.prefix(8))
        let left = try TripleDES.encryptECB(secret: device, key: baseKey)
        return try left.followed(by: TripleDES.encryptECB(secret: device, key: baseKey.exclusiveOr(variant)))
    }

    /// The key of one transaction from the BDK: what a host does with a KSN it was sent.
    public static func transactionKey(baseKey: SecretBytes, serial: KeySerialNumber) throws(KeysError) -> TransactionKey {
        try transactionKey(initialKey: initialKey(baseKey: baseKey, serial: serial), serial: serial)
    }

    /// The key of one transaction from the device's initial key.
    public static func transactionKey(initialKey: SecretBytes, serial: KeySerialNumber) throws(KeysError) -> TransactionKey {
        try serial.requireReachable(.tripleDES)
        try requireLength(initialKey)
        return TransactionKey(serial: serial, key: try serial.walk(from: initialKey, derive))
    }

    /// The keys of one transaction, each for one use.
    public struct TransactionKey: Sendable {
        public let serial: KeySerialNumber
        let key: SecretBytes

        /// Enciphers the PIN block.
        public var pin: SecretBytes { get throws(KeysError) { try variant(at: 7) } }
        /// MAC of the device's messages, and of the host's messages by devices that make no difference.
        public var macRequest: SecretBytes { get throws(KeysError) { try variant(at: 6) } }
        /// MAC of the host's messages.
        public var macResponse: SecretBytes { get throws(KeysError) { try variant(at: 4) } }
        /// Enciphers the device's data, for example tracks.
        public var dataRequest: SecretBytes { get throws(KeysError) { try oneWay(variant(at: 5)) } }
        /// Enciphers the host's data.
        public var dataResponse: SecretBytes { get throws(KeysError) { try oneWay(variant(at: 3)) } }

        /// Both halves with FF at one place (A.4, table of variants).
        private func variant(at index: Int) throws(KeysError) -> SecretBytes {
            try key.exclusiveOr((0..<8).map { $0 == index ? 0xFF : 0x00 })
        }

        /// Data keys go through one more encipherment: each half under the whole variant.
        private func oneWay(_ variant: SecretBytes) throws(KeysError) -> SecretBytes {
            try TripleDES.encryptECB(secret: variant, key: variant)
        }
    }

    /// The device's side: holds future keys, gives each transaction's keys once.
    public struct Device: Sendable {
        private var keys: FutureKeys

        /// - Parameter serial: names the device and its first key; counter 0 is a new device, whose first key has counter 1.
        public init(initialKey: SecretBytes, serial: KeySerialNumber) throws(KeysError) {
            guard serial.scheme == .tripleDES else { throw KeysError(.keySerialNumber, "TDES DUKPT has KSNs of 10 bytes.") }
            try requireLength(initialKey)
            keys = try FutureKeys(initialKey: initialKey, serial: serial, derive: derive)
        }

        /// The KSN of the next key, `nil` when all are used.
        public var nextSerial: KeySerialNumber? { keys.next }

        /// The next key, which the device then no longer has. `keys.exhausted` after about a million.
        public mutating func nextKey() throws(KeysError) -> TransactionKey {
            let (serial, key) = try keys.take()
            return TransactionKey(serial: serial, key: key)
        }
    }

    private static let variant: [UInt8] = [0xC0, 0xC0, 0xC0, 0xC0, 0, 0, 0, 0]

    private static func requireLength(_ key: SecretBytes) throws(KeysError) {
        guard key.count == 16 else { throw KeysError(.keyLength, "A TDES initial key has 16 bytes, not \(key.count).") }
    }

    /// The non-reversible key generation process (A.2): the right half with the key, the left half with its variant.
    private static let derive: FutureKeys.Derivation = { (base, serial) throws(KeysError) in
        let register = SecretBytes(serial.bytes.suffix(8))
        func half(_ key: SecretBytes) throws(KeysError) -> SecretBytes {
            let (left, right) = (try key.part(0..<8), try key.part(8..<16))
            return try TripleDES.encryptECB(secret: register.exclusiveOr(right), key: left).exclusiveOr(right)
        }
        return try half(base.exclusiveOr(variant)).followed(by: half(base))
    }
}

extension TripleDESDUKPT.TransactionKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "KSN \(serial) ****" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension TripleDESDUKPT.Device: CustomStringConvertible, CustomReflectable {
    public var description: String { "DUKPT device, next KSN \(nextSerial.map(\.description) ?? "none")" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
