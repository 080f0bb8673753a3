/// Tags and lengths that a card asks for: PDOL, CDOL1, CDOL2, DDOL, TDOL (EMV 4.4 Book 3, 5.4).
public struct DataObjectList: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public var tag: TagNumber
        /// Bytes the card wants for it, 0…255.
        public var length: Int
        public init(_ tag: TagNumber, _ length: Int) {
            self.tag = tag
            self.length = length
        }
    }

    public var entries: [Entry]

    public init(_ entries: [Entry]) { self.entries = entries }

    /// Tag, then a length of one byte, again and again.
    public static func parse(_ bytes: [UInt8]) throws(SmartCardError) -> DataObjectList {
        var entries: [Entry] = []
        var index = 0
        while index < bytes.count {
            switch TagReading.read(bytes, at: index, end: bytes.count) {
            case .needMore: throw SmartCardError(.dolTruncated, "the tag at byte \(index) is cut off")
            case .malformed: throw SmartCardError(.tlvTag, "no tag at byte \(index)")
            case .tag(let tag, let end):
                guard end < bytes.count else { throw SmartCardError(.dolTruncated, "no length after \(tag)") }
                entries.append(Entry(tag, Int(bytes[end])))
                index = end + 1
            }
        }
        return DataObjectList(entries)
    }

    /// Bytes of the data that answers the list.
    public var dataLength: Int { entries.reduce(0) { $0 + $1.length } }

    public func contains(_ tag: TagNumber) -> Bool { entries.contains { $0.tag == tag } }

    public var encoded: [UInt8] { entries.flatMap { $0.tag.bytes + [UInt8(truncatingIfNeeded: $0.length)] } }
}
