/// Two digits a byte, the first in the high half. An odd count gets a leading zero, except track data (`z`), which gets a trailing F and writes
/// its separator `=` as D (ISO/IEC 7813 as packed by card networks). Decoding gives `=` for D.
enum BCDEncoding {
    /// False when a character is neither a digit nor, in a track, a separator.
    static func append(_ text: UnsafeRawBufferPointer, isTrack: Bool = false, to bytes: inout [UInt8]) -> Bool {
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
                bytes.append(upper << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        if let upper = high { bytes.append(upper << 4 | 0xF) }
        return true
    }

    /// `count` digits; `nil` for nibbles that are none, or padding that is not the padding above.
    static func decode(_ bytes: ArraySlice<UInt8>, count: Int, isTrack: Bool = false) -> [UInt8]? {
        guard bytes.count == byteCount(count) else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(count + 1)
        for byte in bytes {
            for nibble in [byte >> 4, byte & 0xF] {
                switch nibble {
                case 0...9: text.append(0x30 + nibble)
                case 0xD where isTrack: text.append(0x3D)
                case 0xF where isTrack && text.count == count: text.append(0x46)
                default: return nil
                }
            }
        }
        guard count % 2 == 1 else { return text }
        guard isTrack else { return text.first == 0x30 ? Array(text.dropFirst()) : nil }
        return text.last == 0x46 ? Array(text.dropLast()) : nil
    }

    static func byteCount(_ digits: Int) -> Int { (digits + 1) / 2 }
}
