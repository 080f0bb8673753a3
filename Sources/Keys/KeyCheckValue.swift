/// A few bytes that tell whether two parties hold the same key, without telling the key.
public enum KeyCheckValue {
    /// The first `length` (1…8) bytes of eight zero bytes enciphered (X9.24-1; usually 3, EMV issuers write 2).
    public static func tripleDES(_ key: SecretBytes, length: Int = 3) throws(KeysError) -> [UInt8] {
        guard (1...8).contains(length) else { throw KeysError(.dataLength, "A TDES check value has 1 to 8 bytes, not \(length).") }
        return Array(try TripleDES.encryptECB([UInt8](repeating: 0, count: 8), key: key).prefix(length))
    }

    /// The first `length` bytes of the CMAC over sixteen zero bytes (X9.24-3, usually 5).
    public static func aes(_ key: SecretBytes, length: Int = 5) throws(KeysError) -> [UInt8] {
        try CMAC.code(for: [UInt8](repeating: 0, count: 16), key: key, length: length)
    }
}
