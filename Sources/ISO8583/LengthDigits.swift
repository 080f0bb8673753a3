/// Lengths written as digits before a variable field or a whole frame.
enum LengthDigits {
    /// Bytes that `digits` length digits take. A binary length counts bytes: one up to 255, else two.
    static func byteCount(_ digits: Int, _ encoding: FieldEncoding) -> Int {
        switch encoding {
        case .ascii, .ebcdic: digits
        case .bcd: BCDEncoding.byteCount(digits)
        case .binary: digits <= 2 ? 1 : 2
        }
    }

    /// False when the number does not fit.
    static func append(_ number: Int, digits: Int, _ encoding: FieldEncoding, to output: inout ByteOutput) -> Bool {
        guard number >= 0 else { return false }
        if encoding == .binary {
            let count = byteCount(digits, .binary)
            guard number < 1 << (8 * count) else { return false }
            BinaryEncoding.append(number, byteCount: count, to: &output)
            return true
        }
        var unit = 1
        for _ in 0..<digits { unit *= 10 }
        guard number < unit else { return false }
        if encoding == .bcd {
            for byte in stride(from: BCDEncoding.byteCount(digits) - 1, through: 0, by: -1) {
                var pair = number
                for _ in 0..<byte { pair /= 100 }
                output.append(UInt8((pair % 100 / 10) << 4 | pair % 10))
            }
            return true
        }
        while unit > 1 {
            unit /= 10
            output.append(UInt8(number / unit % 10) + zero(encoding))
        }
        return true
    }

    /// `nil` when the bytes are no number.
    static func number(_ bytes: UnsafeRawBufferPointer, digits: Int, _ encoding: FieldEncoding) -> Int? {
        guard encoding != .binary else { return BinaryEncoding.number(bytes) }
        guard !bytes.isEmpty else { return nil }
        var number = 0
        if encoding == .bcd {
            guard bytes.count == BCDEncoding.byteCount(digits), digits % 2 == 0 || bytes[0] < 0x10 else { return nil }
            for byte in bytes {
                guard byte >> 4 <= 9, byte & 0xF <= 9 else { return nil }
                number = number * 100 + Int(byte >> 4) * 10 + Int(byte & 0xF)
            }
            return number
        }
        let zero = zero(encoding)
        for byte in bytes {
            guard byte &- zero <= 9 else { return nil }
            number = number * 10 + Int(byte &- zero)
        }
        return number
    }

    private static func zero(_ encoding: FieldEncoding) -> UInt8 { encoding == .ebcdic ? 0xF0 : 0x30 }
}
