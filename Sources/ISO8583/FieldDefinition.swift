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
    func allows(_ text: some Collection<UInt8>) -> Bool {
        switch format {
        case .n: text.allSatisfy(isDigit)
        case .a: text.allSatisfy(isLetter)
        case .an: text.allSatisfy { isDigit($0) || isLetter($0) }
        case .anp: text.allSatisfy { isDigit($0) || isLetter($0) || $0 == 0x20 }
        case .ans: text.allSatisfy { (0x20...0x7E).contains($0) }
        case .z: text.allSatisfy { (0x30...0x3F).contains($0) || $0 == 0x44 }
        case .b: true
        case .signed: text.first.map { $0 == 0x43 || $0 == 0x44 } == true && text.dropFirst().allSatisfy(isDigit)
        }
    }
}

func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
