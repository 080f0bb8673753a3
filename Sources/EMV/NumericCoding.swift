/// Formats n and cn (EMV 4.4 Book 3, 4.3): two decimal digits a byte.
enum NumericCoding {
    /// The last digits of `value` that fit, with leading zeros; a negative value counts as zero.
    static func bytes(_ value: Int64, count: Int) -> [UInt8] {
        var rest = max(0, value)
        var bytes = [UInt8](repeating: 0, count: count)
        for index in bytes.indices.reversed() {
            let pair = UInt8(truncatingIfNeeded: rest % 100)
            bytes[index] = (pair / 10) << 4 | pair % 10
            rest /= 100
        }
        return bytes
    }

    /// The digits of text, right justified; characters that are no digits are left out.
    static func bytes(digits text: String, count: Int) -> [UInt8] {
        var digits = text.utf8.filter { (0x30...0x39).contains($0) }.map { $0 - 0x30 }.suffix(count * 2)[...]
        digits = ArraySlice([UInt8](repeating: 0, count: count * 2 - digits.count) + digits)
        let all = Array(digits)
        return stride(from: 0, to: all.count, by: 2).map { all[$0] << 4 | all[$0 + 1] }
    }

    /// `nil` when a nibble is no digit.
    static func value(_ bytes: some Sequence<UInt8>) -> Int? {
        var value = 0
        for byte in bytes {
            guard byte >> 4 <= 9, byte & 0x0F <= 9, value < 1_000_000_000 else { return nil }
            value = value * 100 + Int(byte >> 4) * 10 + Int(byte & 0x0F)
        }
        return value
    }
}
