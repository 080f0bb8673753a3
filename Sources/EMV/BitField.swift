/// A data element of named bits, as EMV tables show them: byte 1 first, bit 8 the highest of a byte.
protocol BitField: OptionSet, Sendable where RawValue == UInt64 {
    /// Bytes of the element, at most eight.
    static var byteCount: Int { get }
}

extension BitField {
    /// The element with only this bit set; `byte` and `bit` as in the books' tables.
    static func bit(_ byte: Int, _ bit: Int) -> Self {
        Self(rawValue: 1 << UInt64((byteCount - byte) * 8 + bit - 1))
    }

    static func of(_ bytes: some Collection<UInt8>) -> Self? {
        guard bytes.count == byteCount else { return nil }
        return Self(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    var asBytes: [UInt8] {
        (0..<Self.byteCount).reversed().map { UInt8(truncatingIfNeeded: rawValue >> UInt64($0 * 8)) }
    }
}
