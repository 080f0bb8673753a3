/// The retail MAC: ANSI X9.19, ISO/IEC 9797-1 algorithm 3. Single DES in CBC with the left half of a 16-byte key, the last block also deciphered
/// with the right half and enciphered with the left.
public enum RetailMAC {
    /// ISO/IEC 9797-1, 6.3.
    public enum Padding: Sendable, Hashable {
        /// Method 1: zeros up to a whole block (an empty message becomes one block).
        case zeros
        /// Method 2: 80 and then zeros; a whole block is followed by one more. EMV uses this.
        case bit80
        /// Method 3: a block with the length in bits first, then method 1.
        case lengthBlock

        public func padded(_ data: some Collection<UInt8>) -> [UInt8] {
            var bytes = Array(data)
            switch self {
            case .zeros: break
            case .bit80: bytes.append(0x80)
            case .lengthBlock:
                let bits = UInt64(bytes.count) &* 8
                bytes.insert(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }, at: 0)
            }
            let rest = bytes.count % 8
            if rest != 0 || bytes.isEmpty { bytes.append(contentsOf: [UInt8](repeating: 0, count: 8 - rest)) }
            return bytes
        }
    }

    /// The leftmost `length` (4…8) bytes.
    public static func code(
        for data: some Collection<UInt8>, key: SecretBytes, padding: Padding, length: Int = 8
    ) throws(KeysError) -> [UInt8] {
        guard key.count == 16 else { throw KeysError(.keyLength, "A retail MAC key has 16 bytes, not \(key.count).") }
        guard (4...8).contains(length) else { throw KeysError(.dataLength, "A retail MAC has 4 to 8 bytes, not \(length).") }
        let left = key.withBytes { SecretBytes($0[..<8]) }
        let right = key.withBytes { SecretBytes($0[8...]) }
        let chained = try TripleDES.encryptCBC(padding.padded(data), key: left, iv: [UInt8](repeating: 0, count: 8))
        let last = try TripleDES.encryptECB(TripleDES.decryptECB(chained.suffix(8), key: right), key: left)
        return Array(last.prefix(length))
    }
}
