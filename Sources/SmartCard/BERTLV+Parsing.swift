/// Bytes between data objects that carry nothing.
public enum TLVPadding: Sendable, Hashable {
    /// 00 and FF, as EMV 4.4 Book 3, B1 and ISO/IEC 7816-4 have them. Rules tags out that begin with FF.
    case zeroAndFF
    /// 00 only: for readers whose own tags begin with FF.
    case zero
}

extension BERTLV {
    /// Constructed objects inside each other; EMV needs four.
    public static let deepestNesting = 16

    /// What the beginning of a buffer holds.
    public enum Reading: Sendable, Hashable {
        /// The first object and the index of the byte after it.
        case object(BERTLV, end: Int)
        /// Well formed as far as it goes; also for nothing but padding.
        case needMore
        case malformed(SmartCardError)
    }

    /// Every object of a complete message. Throws for a message that ends inside an object, an indefinite length (80), a length field of more
    /// than three further bytes, a tag of more than four bytes, and a constructed object whose inside is any of these. Length fields longer than
    /// needed (81 05) are taken: cards in the field have them.
    public static func parse(_ bytes: [UInt8], padding: TLVPadding = .zeroAndFF) throws(SmartCardError) -> [BERTLV] {
        try parse(bytes, from: 0, to: bytes.count, padding: padding, depth: 0)
    }

    /// The first object, for a stream that may not be complete.
    public static func read(_ bytes: [UInt8], from start: Int = 0, padding: TLVPadding = .zeroAndFF) -> Reading {
        let begin = skip(bytes, from: max(0, start), to: bytes.count, padding)
        do throws(SmartCardError) {
            switch try header(bytes, at: begin, end: bytes.count) {
            case .needMore: return .needMore
            case .header(let tag, let content, let length):
                guard length <= bytes.count - content else { return .needMore }
                let end = content + length
                return .object(try object(bytes, tag, from: content, to: end, padding: padding, depth: 0), end: end)
            }
        } catch {
            return .malformed(error)
        }
    }

    private static func parse(
        _ bytes: [UInt8], from start: Int, to end: Int, padding: TLVPadding, depth: Int
    ) throws(SmartCardError) -> [BERTLV] {
        var index = skip(bytes, from: start, to: end, padding)
        guard index < end else { return [] }
        var objects: [BERTLV] = []
        objects.reserveCapacity(min(16, (end - index) / 4 + 1))
        while index < end {
            guard case .header(let tag, let content, let length) = try header(bytes, at: index, end: end) else {
                throw SmartCardError(.tlvTruncated, "the header at byte \(index) is cut off")
            }
            guard length <= end - content else {
                throw SmartCardError(.tlvTruncated, "\(tag) says \(length) bytes, \(end - content) follow")
            }
            objects.append(try object(bytes, tag, from: content, to: content + length, padding: padding, depth: depth))
            index = skip(bytes, from: content + length, to: end, padding)
        }
        return objects
    }

    private static func object(
        _ bytes: [UInt8], _ tag: TagNumber, from start: Int, to end: Int, padding: TLVPadding, depth: Int
    ) throws(SmartCardError) -> BERTLV {
        guard tag.isConstructed else { return BERTLV(tag: tag, content: bytes[start..<end], children: []) }
        guard depth < deepestNesting else { throw SmartCardError(.tlvNesting, "\(tag) is nested deeper than \(deepestNesting)") }
        let children = try parse(bytes, from: start, to: end, padding: padding, depth: depth + 1)
        return BERTLV(tag: tag, content: bytes[start..<end], children: children)
    }

    private static func skip(_ bytes: [UInt8], from start: Int, to end: Int, _ padding: TLVPadding) -> Int {
        var index = start
        while index < end, bytes[index] == 0x00 || (bytes[index] == 0xFF && padding == .zeroAndFF) { index += 1 }
        return index
    }

    private enum Header {
        case header(TagNumber, content: Int, length: Int)
        case needMore
    }

    private static func header(_ bytes: [UInt8], at start: Int, end: Int) throws(SmartCardError) -> Header {
        let tag: TagNumber
        var index: Int
        switch TagReading.read(bytes, at: start, end: end) {
        case .tag(let found, let next): (tag, index) = (found, next)
        case .needMore: return .needMore
        case .malformed: throw SmartCardError(.tlvTag, "no tag at byte \(start)")
        }
        guard index < end else { return .needMore }
        let first = bytes[index]
        index += 1
        if first < 0x80 { return .header(tag, content: index, length: Int(first)) }
        guard first != 0x80 else { throw SmartCardError(.tlvIndefiniteLength, "\(tag) has an indefinite length") }
        let size = Int(first & 0x7F)
        guard size <= 3 else { throw SmartCardError(.tlvLengthTooLong, "\(tag) has a length field of \(size) bytes") }
        guard size <= end - index else { return .needMore }
        var length = 0
        for _ in 0..<size {
            length = length << 8 | Int(bytes[index])
            index += 1
        }
        return .header(tag, content: index, length: length)
    }
}
