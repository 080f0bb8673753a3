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
    static func append(_ number: Int, digits: Int, _ encoding: FieldEncoding, to bytes: inout [UInt8]) -> Bool {
        guard number >= 0 else { return false }
        if encoding == .binary {
            let count = byteCount(digits, .binary)
            guard number < 1 << (8 * count) else { return false }
            BinaryEncoding.append(number, byteCount: count, to: &bytes)
            return true
        }
        var text = [UInt8](repeating: 0x30, count: digits)
        var rest = number
        for index in stride(from: digits - 1, through: 0, by: -1) {
            text[index] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
        guard rest == 0 else { return false }
        return text.withUnsafeBytes { text in
            switch encoding {
            case .ebcdic: return EBCDICEncoding.append(text, to: &bytes)
            case .bcd: return BCDEncoding.append(text, to: &bytes)
            case .ascii, .binary:
                ASCIIEncoding.append(text, to: &bytes)
                return true
            }
        }
    }

    /// `nil` when the bytes are no number.
    static func number(_ bytes: ArraySlice<UInt8>, digits: Int, _ encoding: FieldEncoding) -> Int? {
        let text: [UInt8]?
        switch encoding {
        case .binary: return BinaryEncoding.number(bytes)
        case .ascii: text = Array(bytes)
        case .ebcdic: text = EBCDICEncoding.decode(bytes)
        case .bcd: text = BCDEncoding.decode(bytes, count: digits)
        }
        guard let text, !text.isEmpty, text.allSatisfy(isDigit) else { return nil }
        return text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
