/// Format 4 (ISO 9564-1:2017, 9.4): 16 bytes under AES, in two steps so that the block depends on the PAN and a random number.
///
/// ```
/// PIN field  4 N PIN A… (8 bytes) | random (8 bytes)
/// PAN field  M PAN 0…             M = digits over 12
/// block      AES(AES(PIN field) xor PAN field)
/// ```
extension PINBlock {
    public static func encipherFormat4(_ pin: PIN, pan: PAN, key: SecretBytes) throws(KeysError) -> SecretBytes {
        try encipherFormat4(pin, pan: pan, key: key, random: RandomBytes.secret(8))
    }

    /// - Parameter random: 8 bytes.
    static func encipherFormat4(_ pin: PIN, pan: PAN, key: SecretBytes, random: SecretBytes) throws(KeysError) -> SecretBytes {
        var nibbles: [UInt8] = [4, UInt8(pin.count)]
        defer { nibbles.withUnsafeMutableBytes { wipe($0) } }
        nibbles.reserveCapacity(16)
        pin.digits.withBytes { nibbles.append(contentsOf: $0) }
        nibbles += [UInt8](repeating: 0xA, count: 14 - pin.count)
        let pinField = try pack(nibbles).followed(by: random.part(0..<8))
        let first = try AES.encryptECB(secret: pinField, key: key)
        return try AES.encryptECB(secret: first.exclusiveOr(format4PANField(pan)), key: key)
    }

    /// `keys.pinBlock` when key, PAN and block do not belong together.
    public static func decipherFormat4(_ block: SecretBytes, pan: PAN, key: SecretBytes) throws(KeysError) -> PIN {
        guard block.count == 16 else { throw KeysError(.dataLength, "A PIN block of format 4 has 16 bytes, not \(block.count).") }
        let first = try AES.decryptECB(secret: block, key: key).exclusiveOr(format4PANField(pan))
        return try pin(in: AES.decryptECB(secret: first, key: key), control: 4) { $0 == 0xA }
    }

    /// Short account numbers are written with leading zeros to 12 digits.
    static func format4PANField(_ pan: PAN) throws(KeysError) -> SecretBytes {
        var nibbles = pan.withDigits { digits in
            [UInt8(max(0, pan.count - 12))] + [UInt8](repeating: 0, count: max(0, 12 - pan.count)) + digits.utf8.map { $0 - 0x30 }
        }
        defer { nibbles.withUnsafeMutableBytes { wipe($0) } }
        nibbles += [UInt8](repeating: 0, count: 32 - nibbles.count)
        return try pack(nibbles)
    }
}
