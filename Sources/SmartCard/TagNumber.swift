import Hex

/// A BER tag of one to four bytes, written as EMV writes it: `0x9F26` is the tag 9F 26 (EMV 4.4 Book 3, Annex B1).
public struct TagNumber: RawRepresentable, Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public let rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt32) { rawValue = value }

    /// Tag text such as `9F26`; `nil` when it is not one to four bytes that make exactly one tag.
    public init?(hex text: some StringProtocol) {
        guard let bytes = [UInt8](hex: text), case .tag(let tag, let end) = TagReading.read(bytes, at: 0, end: bytes.count),
            end == bytes.count
        else { return nil }
        self = tag
    }

    /// The first byte, which says class and kind.
    public var firstByte: UInt8 { UInt8(truncatingIfNeeded: rawValue >> UInt32((byteCount - 1) * 8)) }
    public var isConstructed: Bool { firstByte & 0x20 != 0 }

    public var byteCount: Int {
        switch rawValue {
        case ...0xFF: 1
        case ...0xFFFF: 2
        case ...0xFF_FFFF: 3
        default: 4
        }
    }

    /// The tag field, most significant byte first.
    public var bytes: [UInt8] { (0..<byteCount).reversed().map { UInt8(truncatingIfNeeded: rawValue >> UInt32($0 * 8)) } }

    public var description: String { bytes.hex }

    @inlinable public static func < (left: TagNumber, right: TagNumber) -> Bool { left.rawValue < right.rawValue }
}

/// One tag field taken from bytes.
enum TagReading {
    case tag(TagNumber, end: Int)
    case needMore
    /// Over four bytes, or a second byte of 80, which would be a leading zero.
    case malformed

    static func read(_ bytes: [UInt8], at start: Int, end: Int) -> TagReading {
        guard start < end else { return .needMore }
        let first = bytes[start]
        guard first & 0x1F == 0x1F else { return .tag(TagNumber(rawValue: UInt32(first)), end: start + 1) }
        var value = UInt32(first)
        var index = start + 1
        while true {
            guard index - start < 4 else { return .malformed }
            guard index < end else { return .needMore }
            let byte = bytes[index]
            if index == start + 1, byte == 0x80 { return .malformed }
            value = value << 8 | UInt32(byte)
            index += 1
            if byte & 0x80 == 0 { return .tag(TagNumber(rawValue: value), end: index) }
        }
    }
}
