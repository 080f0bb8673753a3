/// A data object: tag, length, value (EMV 4.4 Book 3, Annex B; ISO/IEC 8825-1 with definite lengths).
///
/// Parsed objects share the bytes they were parsed from: a template costs one array for its objects, not one for each value.
public struct BERTLV: Sendable, Hashable {
    public let tag: TagNumber
    /// The value field. A slice: its indices do not start at zero; `value` copies it into an array of its own.
    public let content: ArraySlice<UInt8>
    /// The objects inside a constructed object; empty for a primitive one.
    public let children: [BERTLV]

    init(tag: TagNumber, content: ArraySlice<UInt8>, children: [BERTLV]) {
        self.tag = tag
        self.content = content
        self.children = children
    }

    /// A primitive object.
    public init(_ tag: TagNumber, _ value: [UInt8]) {
        self.init(tag: tag, content: value[...], children: [])
    }

    /// A constructed object.
    public init(_ tag: TagNumber, _ children: [BERTLV]) {
        self.init(tag: tag, content: children.encoded[...], children: children)
    }

    public var value: [UInt8] { Array(content) }

    /// The first object with this tag directly inside.
    public func first(_ tag: TagNumber) -> BERTLV? { children.first(tag) }

    public static func == (left: BERTLV, right: BERTLV) -> Bool { left.tag == right.tag && left.content == right.content }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(tag)
        hasher.combine(content)
    }
}

/// Tag and length only: values may be card data (5A, 57, 5F20, …).
extension BERTLV: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        children.isEmpty
            ? "\(tag)(\(content.count))" : "\(tag)(\(content.count)){\(children.map(\.description).joined(separator: " "))}"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension Sequence<BERTLV> {
    /// The first object with this tag, at this level only.
    public func first(_ tag: TagNumber) -> BERTLV? { first { $0.tag == tag } }

    /// The objects one after another.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for object in self { object.encode(into: &bytes) }
        return bytes
    }
}

extension BERTLV {
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(content.count + 8)
        encode(into: &bytes)
        return bytes
    }

    /// Shortest length field: one byte up to 127, then 81, 82, 83 (EMV 4.4 Book 3, B2).
    public func encode(into bytes: inout [UInt8]) {
        for shift in (0..<tag.byteCount).reversed() { bytes.append(UInt8(truncatingIfNeeded: tag.rawValue >> UInt32(shift * 8))) }
        let count = content.count
        if count > 0x7F {
            let size = count > 0xFF_FFFF ? 4 : count > 0xFFFF ? 3 : count > 0xFF ? 2 : 1
            bytes.append(0x80 | UInt8(truncatingIfNeeded: size))
            for shift in (0..<size).reversed() { bytes.append(UInt8(truncatingIfNeeded: count >> (shift * 8))) }
        } else {
            bytes.append(UInt8(truncatingIfNeeded: count))
        }
        bytes += content
    }
}
