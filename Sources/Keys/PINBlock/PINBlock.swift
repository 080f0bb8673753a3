/// PIN blocks of ISO 9564-1 in the clear, 8 bytes: `C | N | PIN and fill`, control nibble C and PIN length N, for simulated PIN pads and hosts
/// (see `PIN`). A block that travels is enciphered; a terminal passes it on as `SecretBytes` and never opens it.
@_spi(ClearPIN) public enum PINBlock {
    public enum Format: UInt8, Sendable, Hashable, CaseIterable {
        /// Fill F, exclusive or with the PAN (9.3.2).
        case iso0 = 0
        /// Fill F, without PAN: the block of VERIFY (9.3.4; EMV 4.4 Book 3, 6.5.12).
        case iso2 = 2
        /// Random fill A to F, exclusive or with the PAN (9.3.5).
        case iso3 = 3

        var needsPAN: Bool { self != .iso2 }
    }

    /// The clear block. Formats 0 and 3 need a PAN of at least 13 digits.
    public static func make(_ format: Format, _ pin: PIN, pan: PAN? = nil) throws(KeysError) -> SecretBytes {
        try make(format, pin, pan: pan, fill: randomFill(14 - pin.count))
    }

    /// - Parameter fill: the random nibbles of format 3.
    static func make(_ format: Format, _ pin: PIN, pan: PAN?, fill: [UInt8]) throws(KeysError) -> SecretBytes {
        var nibbles: [UInt8] = [format.rawValue, UInt8(pin.count)]
        defer { nibbles.withUnsafeMutableBytes { wipe($0) } }
        nibbles.reserveCapacity(16)
        pin.digits.withBytes { nibbles.append(contentsOf: $0) }
        let padding = format == .iso3 ? fill : [UInt8](repeating: 0xF, count: 14 - pin.count)
        guard nibbles.count + padding.count == 16 else { throw KeysError(.dataLength, "The fill does not fit the PIN.") }
        nibbles += padding
        let block = try pack(nibbles)
        return format.needsPAN ? try block.exclusiveOr(panField(pan)) : block
    }

    /// The PIN of a clear block. `keys.pinBlock` when it is not one of this format and PAN, which is also what a wrong key leads to.
    public static func pin(in block: SecretBytes, _ format: Format, pan: PAN? = nil) throws(KeysError) -> PIN {
        guard block.count == 8 else {
            throw KeysError(.dataLength, "A PIN block of format \(format.rawValue) has 8 bytes, not \(block.count).")
        }
        let clear = format.needsPAN ? try block.exclusiveOr(panField(pan)) : block
        return try pin(in: clear, control: format.rawValue) { nibble in format == .iso3 ? nibble >= 0xA : nibble == 0xF }
    }

    /// Which of the formats a clear block under a TDES key is, by its control nibble; the first byte is never mixed with the PAN.
    public static func format(of block: SecretBytes) -> Format? {
        block.withBytes { $0.first.flatMap { Format(rawValue: $0 >> 4) } }
    }

    /// `control | length | digits | fill`, as many nibbles as the PIN field of the format has before random bytes.
    static func pin(in field: SecretBytes, control: UInt8, isFill: (UInt8) -> Bool) throws(KeysError) -> PIN {
        let refusal = KeysError(.pinBlock, "The PIN block does not open to a PIN.")
        return try field.withBytes { (bytes) throws(KeysError) in
            var nibbles = bytes.prefix(8).flatMap { [$0 >> 4, $0 & 0x0F] }
            defer { nibbles.withUnsafeMutableBytes { wipe($0) } }
            guard nibbles.count == 16, nibbles[0] == control, (4...12).contains(nibbles[1]) else { throw refusal }
            let end = 2 + Int(nibbles[1])
            guard nibbles[end...].allSatisfy(isFill), let pin = PIN(digits: nibbles[2..<end]) else { throw refusal }
            return pin
        }
    }

    /// Four zero nibbles and the 12 rightmost digits of the PAN without its check digit.
    private static func panField(_ pan: PAN?) throws(KeysError) -> SecretBytes {
        guard let pan, pan.count >= 13 else { throw KeysError(.dataLength, "This PIN block needs a PAN of 13 digits or more.") }
        var nibbles = pan.withDigits { [0, 0, 0, 0] + $0.utf8.dropLast().suffix(12).map { $0 - 0x30 } }
        defer { nibbles.withUnsafeMutableBytes { wipe($0) } }
        return try pack(nibbles)
    }

    static func pack(_ nibbles: [UInt8]) throws(KeysError) -> SecretBytes {
        try SecretBytes(count: nibbles.count / 2) { (bytes) throws(KeysError) in
            for index in bytes.indices { bytes[index] = nibbles[2 * index] << 4 | nibbles[2 * index + 1] }
        }
    }

    /// Nibbles A to F, each as likely.
    private static func randomFill(_ count: Int) throws(KeysError) -> [UInt8] {
        var nibbles: [UInt8] = []
        while nibbles.count < count {
            // 252 is the largest multiple of 6 in a byte.
            nibbles += try RandomBytes.generate(16).filter { $0 < 252 }.map { 0xA + $0 % 6 }.prefix(count - nibbles.count)
        }
        return nibbles
    }
}
