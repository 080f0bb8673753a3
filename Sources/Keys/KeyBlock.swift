import Hex

/// A key under another key, as ANSI X9.143 (TR-31) version D writes it: a header that says what the key is for, the key enciphered with AES, and a MAC over
/// both. Reading and writing; keys for AES-CMAC only need a header without optional blocks.
public struct KeyBlock: Sendable {
    /// What the header says.
    public struct Header: Sendable, Hashable {
        /// Two characters: `M6` for CMAC keys, `M3` for ISO 9797-1 algorithm 3 (X9.143, table "key usage").
        public var usage: String
        /// `A` AES, `T` TDES.
        public var algorithm: Character
        /// `C` generate and verify, `G`, `V`, `N` no restriction …
        public var modeOfUse: Character
        public var version: String
        public var exportability: Character

        public init(usage: String, algorithm: Character, modeOfUse: Character, version: String = "00", exportability: Character = "N") {
            (self.usage, self.algorithm, self.modeOfUse) = (usage, algorithm, modeOfUse)
            (self.version, self.exportability) = (version, exportability)
        }
    }

    public let header: Header
    public let key: SecretBytes

    public init(header: Header, key: SecretBytes) {
        self.header = header
        self.key = key
    }

    private static let headerCount = 16
    private static let macCount = 16

    /// - Parameter protection: the key block protection key, AES of 16, 24 or 32 bytes.
    public init(_ text: String, protection: SecretBytes) throws(KeysError) {
        let characters = Array(text.utf8)
        guard characters.count >= Self.headerCount + 2 * (AES.blockSize + Self.macCount), characters.count <= 9999,
            characters.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw Self.damaged("has the wrong length or characters") }
        func part(_ range: Range<Int>) -> String { String(decoding: characters[range], as: UTF8.self) }
        guard part(0..<1) == "D" else { throw Self.damaged("is not of version D") }
        guard Self.isDigits(characters[1..<5]), Int(part(1..<5)) == characters.count else {
            throw Self.damaged("says another length than it has")
        }
        guard part(12..<14) == "00" else { throw Self.damaged("has optional blocks") }
        let usage = (part(5..<7), Character(part(7..<8)), Character(part(8..<9)))
        header = Header(
            usage: usage.0, algorithm: usage.1, modeOfUse: usage.2, version: part(9..<11), exportability: Character(part(11..<12)))
        guard let sealed = Self.bytes(characters[Self.headerCount...]), (sealed.count - Self.macCount) % AES.blockSize == 0 else {
            throw Self.damaged("is not whole blocks in hexadecimal")
        }
        let keys = try Self.derived(protection)
        let mac = Array(sealed.suffix(Self.macCount))
        var clear = try AES.decryptCBC(sealed.dropLast(Self.macCount), key: keys.encryption, iv: mac)
        defer { clear.withUnsafeMutableBytes { wipe($0) } }
        var authenticated = Array(characters.prefix(Self.headerCount)) + clear
        defer { authenticated.withUnsafeMutableBytes { wipe($0) } }
        // Compared in constant time.
        guard SecretBytes(try CMAC.code(for: authenticated, key: keys.authentication)) == SecretBytes(mac) else {
            throw KeysError(.authentication, "The key block is damaged, or under another key.")
        }
        let bits = Int(clear[0]) << 8 | Int(clear[1])
        guard bits > 0, bits % 8 == 0, 2 + bits / 8 <= clear.count else { throw Self.damaged("holds a key of an impossible length") }
        key = SecretBytes(clear[2..<2 + bits / 8])
    }

    /// Its text under `protection`. `padding`: at least as many random bytes as fill the last block.
    public func text(protection: SecretBytes, padding: [UInt8]) throws(KeysError) -> String {
        let head = header.usage + String(header.algorithm) + String(header.modeOfUse) + header.version + String(header.exportability)
        let fill = (AES.blockSize - (2 + key.count) % AES.blockSize) % AES.blockSize
        guard head.utf8.count == 7, (1...512).contains(key.count), padding.count >= fill else {
            throw KeysError(.dataLength, "A key block's header has 7 characters, its key 1 to 512 bytes and whole blocks.")
        }
        var clear: [UInt8] = [UInt8(key.count >> 5), UInt8(key.count * 8 & 0xFF)]
        clear.reserveCapacity(2 + key.count + fill)
        defer { clear.withUnsafeMutableBytes { wipe($0) } }
        key.withBytes { clear.append(contentsOf: $0) }
        clear += padding.prefix(fill)
        let length = String(Self.headerCount + 2 * (clear.count + Self.macCount))
        let text = "D" + String(repeating: "0", count: max(0, 4 - length.utf8.count)) + length + head + "0000"
        let keys = try Self.derived(protection)
        var authenticated = Array(text.utf8) + clear
        defer { authenticated.withUnsafeMutableBytes { wipe($0) } }
        let mac = try CMAC.code(for: authenticated, key: keys.authentication)
        return text + (try AES.encryptCBC(clear, key: keys.encryption, iv: mac) + mac).hex
    }

    /// X9.143, "key derivation with CMAC as PRF": counter, what for (0 encryption, 1 MAC), 0, algorithm 2…4 (AES-128 … -256), length in bits.
    private static func derived(_ protection: SecretBytes) throws(KeysError) -> (encryption: SecretBytes, authentication: SecretBytes) {
        guard [16, 24, 32].contains(protection.count) else { throw .aesKeyLength(protection.count) }
        func key(_ purpose: UInt8) throws(KeysError) -> SecretBytes {
            var bytes: [UInt8] = []
            defer { bytes.withUnsafeMutableBytes { wipe($0) } }
            for counter in 1...UInt8(protection.count > 16 ? 2 : 1) {
                let bits = UInt16(protection.count * 8)
                let data = [counter, 0, purpose, 0, 0, UInt8(protection.count / 8), UInt8(bits >> 8), UInt8(bits & 0xFF)]
                bytes += try CMAC.code(for: data, key: protection)
            }
            return SecretBytes(bytes.prefix(protection.count))
        }
        return (try key(0), try key(1))
    }

    private static func damaged(_ what: String) -> KeysError { KeysError(.fileContent, "The key block \(what).") }

    private static func isDigits(_ characters: ArraySlice<UInt8>) -> Bool { characters.allSatisfy { (0x30...0x39).contains($0) } }

    private static func bytes(_ characters: ArraySlice<UInt8>) -> [UInt8]? { [UInt8](hex: String(decoding: characters, as: UTF8.self)) }
}
