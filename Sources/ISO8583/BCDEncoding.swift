/// Two digits a byte, the first in the high half. An odd count gets a leading zero, except track data (`z`), which gets a trailing F and writes
/// its separator `=` as D (ISO/IEC 7813 as packed by card networks). Decoding gives `=` for D.
enum BCDEncoding {
    /// False when a character is neither a digit nor, in a track, a separator.
    static func append(_ text: UnsafeRawBufferPointer, isTrack: Bool = false, to output: inout ByteOutput) -> Bool {
        var high: UInt8? = !isTrack && text.count % 2 == 1 ? 0 : nil
        for character in text {
            let nibble: UInt8
            if isDigit(character) {
                nibble = character - 0x30
            } else if isTrack, character == 0x3D || character == 0x44 {
                nibble = 0xD
            } else {
                return false
            }
            if let upper = high {
                output.append(upper << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        if let upper = high { output.append(upper << 4 | 0xF) }
        return true
    }

    /// As many digits as `text` has room for; false for nibbles that are none, or padding that is not the padding above.
    static func decode(_ bytes: UnsafeRawBufferPointer, into text: UnsafeMutableRawBufferPointer, isTrack: Bool = false) -> Bool {
        guard bytes.count == byteCount(text.count) else { return false }
        let isOdd = text.count % 2 == 1
        // Nibbles are counted from the first digit: the leading zero is number -1.
        var number = isOdd && !isTrack ? -1 : 0
        for byte in bytes {
            for shift in stride(from: UInt8(4), through: 0, by: -4) {
                let nibble = byte >> shift & 0xF
                switch nibble {
                case 0 where number < 0: break
                case 0...9 where text.indices.contains(number): text[number] = 0x30 + nibble
                case 0xD where isTrack && number < text.count: text[number] = 0x3D
                case 0xF where isTrack && isOdd && number == text.count: break
                default: return false
                }
                number += 1
            }
        }
        return true
    }

    static func byteCount(_ digits: Int) -> Int { (digits + 1) / 2 }
}
