/// The length before each message on a stream.
public struct LengthHeader: Sendable, Hashable {
    /// Bytes of the header, 1…8.
    public var byteCount: Int
    /// binary is big-endian.
    public var encoding: FieldEncoding
    /// Whether the length counts the header too.
    public var isInclusive: Bool

    /// Longest message taken or sent.
    public static let maximumFrame = 8192

    public init(byteCount: Int = 2, encoding: FieldEncoding = .binary, isInclusive: Bool = false) {
        self.byteCount = byteCount
        self.encoding = encoding
        self.isInclusive = isInclusive
    }

    private var digits: Int { encoding == .bcd ? byteCount * 2 : byteCount }

    /// The header of a message of `count` bytes.
    public func bytes(for count: Int) throws(ISO8583Error) -> [UInt8] {
        guard (1...Self.maximumFrame).contains(count) else {
            throw .init(.unencodable, "length", "a message has 1 to \(Self.maximumFrame) bytes")
        }
        let value = isInclusive ? count + byteCount : count
        return try ByteOutput.bytes(capacity: byteCount) { header throws(ISO8583Error) in
            if encoding == .binary {
                guard byteCount >= 4 || value < 1 << (8 * byteCount) else { throw .init(.unencodable, "length", "does not fit the header") }
                BinaryEncoding.append(value, byteCount: byteCount, to: &header)
            } else if !LengthDigits.append(value, digits: digits, encoding, to: &header) {
                throw .init(.unencodable, "length", "does not fit the header")
            }
        }
    }

    /// Bytes of the message that follows; `nil` for a header that is no number. May be out of range.
    func count(_ header: ArraySlice<UInt8>) -> Int? {
        let value = header.withUnsafeBytes { header in
            encoding == .binary ? BinaryEncoding.number(header) : LengthDigits.number(header, digits: digits, encoding)
        }
        return value.map { isInclusive ? $0 - byteCount : $0 }
    }
}
