/// DUKPT with AES (ANSI X9.24-3:2017, 6). KSNs have 12 bytes; the BDK, the initial key and the transaction keys have 16, 24 or 32 bytes alike.
///
/// The host has a base derivation key (BDK) for a fleet and finds each transaction's keys from the KSN. The device has the initial key of its
/// own id, makes its future keys from it, and forgets each after use (`Device`).
public enum AESDUKPT {
    /// What a working key is for (6.3.2, key usage indicator).
    public enum KeyUsage: UInt16, Sendable, Hashable, CaseIterable {
        case keyEncryption = 0x0002
        case pinEncryption = 0x1000
        case macGeneration = 0x2000
        case macVerification = 0x2001
        case macBothWays = 0x2002
        case dataEncryption = 0x3000
        case dataDecryption = 0x3001
        case dataBothWays = 0x3002
    }

    /// The algorithm of a working key (6.3.2, algorithm indicator).
    public enum KeyType: UInt16, Sendable, Hashable, CaseIterable {
        case twoKeyTDES = 0
        case threeKeyTDES = 1
        case aes128 = 2
        case aes192 = 3
        case aes256 = 4

        public var byteCount: Int {
            switch self {
            case .twoKeyTDES, .aes128: 16
            case .threeKeyTDES, .aes192: 24
            case .aes256: 32
            }
        }

        init(aes key: SecretBytes) throws(KeysError) {
            switch key.count {
            case 16: self = .aes128
            case 24: self = .aes192
            case 32: self = .aes256
            default: throw .aesKeyLength(key.count)
            }
        }
    }

    /// The initial key of the device that `serial` names; the counter in it is not looked at (6.3.3).
    public static func initialKey(baseKey: SecretBytes, serial: KeySerialNumber) throws(KeysError) -> SecretBytes {
        guard serial.scheme == .aes else { throw KeysError(.keySerialNumber, "AES DUKPT has KSNs of 12 bytes.") }
        return try derive(
            baseKey, .init(usage: initialKeyUsage, type: KeyType(aes: baseKey), identity: Array(serial.bytes.prefix(8))))
    }

    /// The key of one transaction from the BDK: what a host does with a KSN it was sent.
    public static func transactionKey(baseKey: SecretBytes, serial: KeySerialNumber) throws(KeysError) -> TransactionKey {
        try transactionKey(initialKey: initialKey(baseKey: baseKey, serial: serial), serial: serial)
    }

    /// The key of one transaction from the device's initial key.
    public static func transactionKey(initialKey: SecretBytes, serial: KeySerialNumber) throws(KeysError) -> TransactionKey {
        try serial.requireReachable(.aes)
        return TransactionKey(serial: serial, key: try serial.walk(from: initialKey, deriveNext))
    }

    /// The derivation key of one transaction, from which its working keys are made.
    public struct TransactionKey: Sendable {
        public let serial: KeySerialNumber
        let key: SecretBytes

        /// One working key. It may not be longer than the key it comes from (X9.24-3, 6.3: strength).
        public func workingKey(_ usage: KeyUsage, _ type: KeyType = .aes128) throws(KeysError) -> SecretBytes {
            let strength = type == .twoKeyTDES || type == .threeKeyTDES ? 16 : type.byteCount
            guard strength <= key.count else {
                throw KeysError(.keyLength, "A working key of \(type.byteCount) bytes is stronger than its derivation key of \(key.count).")
            }
            return try derive(key, .init(usage: usage.rawValue, type: type, identity: Array(serial.bytes.suffix(8))))
        }

        /// Enciphers PIN blocks of format 4.
        public var pin: SecretBytes { get throws(KeysError) { try workingKey(.pinEncryption) } }
    }

    /// The device's side: holds future keys, gives each transaction's keys once.
    public struct Device: Sendable {
        private var keys: FutureKeys

        /// - Parameter serial: names the device and its first key; counter 0 is a new device, whose first key has counter 1.
        public init(initialKey: SecretBytes, serial: KeySerialNumber) throws(KeysError) {
            guard serial.scheme == .aes else { throw KeysError(.keySerialNumber, "AES DUKPT has KSNs of 12 bytes.") }
            keys = try FutureKeys(initialKey: initialKey, serial: serial, derive: deriveNext)
        }

        /// The KSN of the next key, `nil` when all are used.
        public var nextSerial: KeySerialNumber? { keys.next }

        /// The next key, which the device then no longer has. `keys.exhausted` after about two thousand million.
        public mutating func nextKey() throws(KeysError) -> TransactionKey {
            let (serial, key) = try keys.take()
            return TransactionKey(serial: serial, key: key)
        }
    }

    /// Key usage of the keys in the tree, and of the initial key (6.3.2).
    private static let derivationUsage: UInt16 = 0x8000
    private static let initialKeyUsage: UInt16 = 0x8001

    /// The 16 bytes that name the key to be made: `01 | block counter | usage(2) | algorithm(2) | length in bits(2) | identity(8)`.
    private struct DerivationData {
        var usage: UInt16
        var type: KeyType
        /// The initial key id, or its last four bytes and the counter.
        var identity: [UInt8]

        func block(_ number: UInt8) -> [UInt8] {
            let words = [usage, type.rawValue, UInt16(type.byteCount * 8)]
            return [0x01, number] + words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] } + identity
        }
    }

    /// The key derivation function (6.3.2): as many enciphered blocks as the key needs.
    private static func derive(_ key: SecretBytes, _ data: DerivationData) throws(KeysError) -> SecretBytes {
        var blocks = data.block(1)
        if data.type.byteCount > AES.blockSize { blocks += data.block(2) }
        return try AES.encryptECB(secret: SecretBytes(blocks), key: key).part(0..<data.type.byteCount)
    }

    private static let deriveNext: FutureKeys.Derivation = { (base, serial) throws(KeysError) in
        try derive(base, .init(usage: derivationUsage, type: KeyType(aes: base), identity: Array(serial.bytes.suffix(8))))
    }
}

extension AESDUKPT.TransactionKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "KSN \(serial) ****" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension AESDUKPT.Device: CustomStringConvertible, CustomReflectable {
    public var description: String { "DUKPT device, next KSN \(nextSerial.map(\.description) ?? "none")" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
