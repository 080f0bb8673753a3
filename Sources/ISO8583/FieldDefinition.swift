/// Attribute of a data element, ISO 8583:1993, 4.3 (notation of the data element directory).
public enum FieldFormat: String, Sendable, Hashable, CaseIterable {
    /// Digits.
    case n
    /// Letters.
    case a
    /// Letters and digits.
    case an
    /// Letters, digits and the space.
    case anp
    /// Printable characters, 0x20…0x7E.
    case ans
    /// Tracks 2 and 3 code set: 0x30…0x3F, or `D` for the separator.
    case z
    /// Raw bytes.
    case b
    /// `C` or `D`, then digits; `max` counts the digits.
    case signed = "x+n"
}

/// How long a field is on the wire.
public enum FieldLength: String, Sendable, Hashable, CaseIterable {
    /// Always `max`.
    case fixed
    /// One to four length digits before the value. BCD length digits are padded to whole bytes on the left.
    case l, ll, lll, llll

    /// Length digits.
    public var digits: Int {
        switch self {
        case .fixed: 0
        case .l: 1
        case .ll: 2
        case .lll: 3
        case .llll: 4
        }
    }
}

/// How characters become bytes; each in its own file.
public enum FieldEncoding: String, Sendable, Hashable, CaseIterable { case ascii, ebcdic, bcd, binary }

/// One row of a dialect's field table.
public struct FieldDefinition: Sendable, Hashable {
    public var number: Int
    public var name: String
    public var format: FieldFormat
    public var length: FieldLength
    /// Characters, digits (without the sign of `x+n`) or, for `b`, bytes.
    public var maximum: Int
    public var encoding: FieldEncoding
    public var lengthEncoding: FieldEncoding
    /// Held as `SecretBytes` and never printed.
    public var isSecret: Bool

    public init(
        number: Int, name: String, format: FieldFormat, length: FieldLength, maximum: Int, encoding: FieldEncoding = .ascii,
        lengthEncoding: FieldEncoding = .ascii, isSecret: Bool = false
    ) {
        self.number = number
        self.name = name
        self.format = format
        self.length = length
        self.maximum = maximum
        self.encoding = format == .b ? .binary : encoding
        self.lengthEncoding = lengthEncoding
        self.isSecret = isSecret
    }

    /// Whether a fixed field of this kind is filled up with spaces on the wire (they are no part of the value).
    var isSpacePadded: Bool { length == .fixed && (format == .a || format == .an || format == .anp || format == .ans) }

    /// Characters the value has at most.
    var maximumCharacters: Int { format == .signed ? maximum + 1 : maximum }

    /// Whether every character of `text` (ASCII) is allowed by the format.
    func allows(_ text: String.UTF8View) -> Bool { Array(text).withUnsafeBytes { format.allows($0) } }
}

extension FieldFormat {
    /// Whether every character of `text` (ASCII) is allowed.
    func allows(_ text: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .n: text.hasOnlyDigits
        case .a: text.hasOnly(isLetter)
        case .an: text.hasOnly { isDigit($0) || isLetter($0) }
        case .anp: text.hasOnly { isDigit($0) || isLetter($0) || $0 == 0x20 }
        case .ans: text.hasOnlyPrintable
        case .z: text.hasOnly { (0x30...0x3F).contains($0) || $0 == 0x44 }
        case .b: true
        case .signed:
            text.first.map { $0 == 0x43 || $0 == 0x44 } == true && UnsafeRawBufferPointer(rebasing: text.dropFirst()).hasOnlyDigits
        }
    }
}

extension UnsafeRawBufferPointer {
    /// `allSatisfy` that does not leave early: most fields are short, and all of most messages is right.
    @inline(__always)
    fileprivate func hasOnly(_ isAllowed: (UInt8) -> Bool) -> Bool {
        var wrong: UInt8 = 0
        for byte in self { wrong |= isAllowed(byte) ? 0 : 1 }
        return wrong == 0
    }

    /// `hasOnly(isDigit)`, eight bytes at a time.
    fileprivate var hasOnlyDigits: Bool {
        var wrong: UInt64 = 0
        var offset = 0
        while count - offset >= 8 {
            // Of a digit the high half is 3, and still is with 6 added to the low half. A carry between bytes needs a high half that is wrong already.
            let word = loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            wrong |= (word ^ 0x3030_3030_3030_3030) & 0xF0F0_F0F0_F0F0_F0F0
            wrong |= ((word &+ 0x0606_0606_0606_0606) ^ 0x3030_3030_3030_3030) & 0xF0F0_F0F0_F0F0_F0F0
            offset += 8
        }
        while offset < count {
            wrong |= isDigit(self[offset]) ? 0 : 1
            offset += 1
        }
        return wrong == 0
    }

    /// 0x20…0x7E, eight bytes at a time.
    fileprivate var hasOnlyPrintable: Bool {
        var wrong: UInt64 = 0
        var offset = 0
        while count - offset >= 8 {
            // The high bit of no byte is set, nor is it with 1 added; with it set, 0x20 can be taken away without a borrow from it.
            let word = loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            wrong |= word | (word &+ 0x0101_0101_0101_0101) | ~((word | Self.highBits) &- 0x2020_2020_2020_2020)
            offset += 8
        }
        wrong &= Self.highBits
        while offset < count {
            wrong |= (0x20...0x7E).contains(self[offset]) ? 0 : 1
            offset += 1
        }
        return wrong == 0
    }

    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }
}

func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }
func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 <= 25 }
