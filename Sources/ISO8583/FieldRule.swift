/// A row of the field table as the codec's inner loop wants it: without references, found by number in an array.
struct FieldRule {
    let format: FieldFormat
    let isFixed: Bool
    /// Length digits, and the bytes they take.
    let lengthDigits: Int
    let lengthBytes: Int
    /// Characters or bytes, the sign of `x+n` included.
    let maximum: Int
    let encoding: FieldEncoding
    let lengthEncoding: FieldEncoding
    let isSecret: Bool
    let isSpacePadded: Bool

    init(_ field: FieldDefinition) {
        format = field.format
        isFixed = field.length == .fixed
        lengthDigits = field.length.digits
        lengthBytes = field.length == .fixed ? 0 : LengthDigits.byteCount(field.length.digits, field.lengthEncoding)
        maximum = field.maximumCharacters
        encoding = field.encoding
        lengthEncoding = field.lengthEncoding
        isSecret = field.isSecret || Message.alwaysSecret.contains(field.number)
        isSpacePadded = field.isSpacePadded
    }

    var isTrack: Bool { format == .z }
    /// Characters that keep a byte of their own even in BCD.
    var signCount: Int { format == .signed ? 1 : 0 }

    /// Bytes that a value of so many characters takes.
    func byteCount(_ characters: Int) -> Int {
        encoding == .bcd ? signCount + BCDEncoding.byteCount(max(0, characters - signCount)) : characters
    }
}

/// A dialect with the rules of its fields by number. An object, because a dialect has so many tables that copying it would cost more than a field.
final class FieldTable: Sendable {
    let dialect: Dialect
    private let rules: [FieldRule?]
    /// Spaces that the fixed fields of a message can be filled up with, together.
    let padding: Int

    init(_ dialect: Dialect) {
        self.dialect = dialect
        rules = (0...128).map { dialect.fields[$0].map(FieldRule.init) }
        padding = rules.reduce(0) { $0 + ($1.map { $0.isSpacePadded ? $0.maximum : 0 } ?? 0) }
    }

    /// 2…128.
    @inline(__always)
    subscript(number: Int) -> FieldRule? { rules[number] }
}
