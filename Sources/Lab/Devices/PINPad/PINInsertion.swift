@_spi(ClearPIN) import Keys

/// How a reader puts digits into an APDU (CCID 1.10, 6.1.11.1 to 6.1.11.4): bmFormatString, bmPINBlockString, bmPINLengthFormat.
struct PINInsertion: Sendable {
    let format: UInt8
    let block: UInt8
    let length: UInt8

    /// Offset of the field that makes no sense, counted in the message; `nil` when all do.
    func wrongField(dataLength: Int, formatOffset: UInt8 = 12) -> UInt8? {
        guard format & 0x03 != 3 else { return formatOffset }
        // Lc is block and position together.
        guard blockSize > 0, position + blockSize <= dataLength else { return formatOffset + 1 }
        guard lengthSize == 0 || lengthPosition + lengthSize <= dataLength * 8 else { return formatOffset + 2 }
        return nil
    }

    /// Bytes from the beginning of the APDU's data to the PIN; bits are whole bytes in all that readers do.
    private var position: Int { format & 0x80 != 0 ? Int(format >> 3 & 0x0F) : Int(format >> 3 & 0x0F) / 8 }
    private var blockSize: Int { Int(block & 0x0F) }
    /// Bits.
    private var lengthSize: Int { Int(block >> 4) }
    private var lengthPosition: Int { Int(length & 0x0F) * (length & 0x10 != 0 ? 8 : 1) }

    /// Writes the digits into `data`, `offset` bytes after its beginning; `false` when they do not fit.
    func put(_ pin: PIN, into data: inout [UInt8], at offset: Int) -> Bool {
        let digits = pin.withDigits { $0 }
        let start = offset + position
        guard start + blockSize <= data.count else { return false }
        let nibbles: [UInt8]
        switch format & 0x03 {
        case 0:
            guard digits.count <= blockSize else { return false }
            nibbles = digits.flatMap { [0, $0] }
        case 1: nibbles = digits
        case 2: nibbles = digits.flatMap { [3, $0] }
        default: return false
        }
        guard nibbles.count <= 2 * blockSize else { return false }
        let first = format & 0x04 == 0 ? 2 * start : 2 * (start + blockSize) - nibbles.count
        for (index, nibble) in nibbles.enumerated() {
            let (byte, isHigh) = ((first + index) / 2, (first + index).isMultiple(of: 2))
            data[byte] = isHigh ? data[byte] & 0x0F | nibble << 4 : data[byte] & 0xF0 | nibble
        }
        return putLength(digits.count, into: &data, at: offset)
    }

    private func putLength(_ count: Int, into data: inout [UInt8], at offset: Int) -> Bool {
        for bit in 0..<lengthSize {
            let place = offset * 8 + lengthPosition + bit
            guard data.indices.contains(place / 8) else { return false }
            let mask = UInt8(0x80) >> UInt8(place % 8)
            let isSet = count >> (lengthSize - 1 - bit) & 1 == 1
            data[place / 8] = isSet ? data[place / 8] | mask : data[place / 8] & ~mask
        }
        return true
    }
}
