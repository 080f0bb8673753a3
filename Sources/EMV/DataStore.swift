import Keys
import SmartCard

/// The data elements of one transaction by tag. Every value is kept as a secret, so neither printing nor reflection shows any; what leaves is
/// asked for by name.
struct DataStore: Sendable, CustomStringConvertible, CustomReflectable {
    private var values: [TagNumber: SecretBytes] = [:]

    func bytes(_ tag: TagNumber) -> [UInt8]? { values[tag]?.withBytes { Array($0) } }
    func secret(_ tag: TagNumber) -> SecretBytes? { values[tag] }
    func contains(_ tag: TagNumber) -> Bool { values[tag] != nil }

    mutating func set(_ tag: TagNumber, _ value: some Sequence<UInt8>) { values[tag] = SecretBytes(value) }
    mutating func remove(_ tag: TagNumber) { values[tag] = nil }

    /// Keeps what a card sent if the dictionary has it as the card's: a card cannot set the terminal's or the issuer's data (EMV 4.4 Book 3, 10.2).
    /// A value that is already there stays. Returns whether the dictionary knows the object as the card's.
    @discardableResult
    mutating func keepFromCard(_ object: BERTLV) -> Bool {
        guard DataDictionary[object.tag]?.source == .card else { return false }
        if values[object.tag] == nil { values[object.tag] = SecretBytes(object.content) }
        return true
    }

    /// Tags and lengths.
    var description: String { values.sorted { $0.key < $1.key }.map { "\($0.key)(\($0.value.count))" }.joined(separator: " ") }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension DataStore {
    /// The value fields that answer a DOL, one after another (EMV 4.4 Book 3, 5.4).
    func data(for list: DataObjectList) -> [UInt8] {
        var data: [UInt8] = []
        data.reserveCapacity(list.dataLength)
        for entry in list.entries { data += value(for: entry) }
        return data
    }

    private func value(for entry: DataObjectList.Entry) -> [UInt8] {
        // 5.4, 1: what the terminal does not know, does not have, or what is constructed is answered with zeros.
        guard !entry.tag.isConstructed, let element = DataDictionary[entry.tag], let value = bytes(entry.tag) else {
            return [UInt8](repeating: 0, count: entry.length)
        }
        if value.count > entry.length {
            // 5.4, 2a: numeric values lose their leftmost bytes, all others their rightmost.
            return element.format == .numeric ? Array(value.suffix(entry.length)) : Array(value.prefix(entry.length))
        }
        // 5.4, 2b: numeric values get leading zeros, compressed numeric ones trailing FF, all others trailing zeros.
        let missing = entry.length - value.count
        switch element.format {
        case .numeric: return [UInt8](repeating: 0, count: missing) + value
        case .compressedNumeric: return value + [UInt8](repeating: 0xFF, count: missing)
        default: return value + [UInt8](repeating: 0, count: missing)
        }
    }

    /// The objects of these tags that are there, as TLV, in this order.
    func encoded(_ tags: [TagNumber]) -> [UInt8] { objects(tags).encoded }

    func objects(_ tags: [TagNumber]) -> [BERTLV] { tags.compactMap { tag in bytes(tag).map { BERTLV(tag, $0) } } }
}
