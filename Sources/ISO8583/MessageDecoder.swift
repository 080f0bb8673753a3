import Keys

/// Reads messages as a dialect says. Any bytes are either a message or an `ISO8583Error` that names the field and never its value.
public struct MessageDecoder: Sendable {
    private let table: FieldTable
    public var dialect: Dialect { table.dialect }

    public init(dialect: Dialect) { table = FieldTable(dialect) }

    /// A message as received, with what its MAC was computed over.
    public struct Received: Sendable {
        public var message: Message
        /// Field 64 or 128, when it is there; it is then the last field.
        public var mac: [UInt8]? { macField.flatMap { message.bytes($0) } }
        fileprivate var macField: Int?
        /// Everything before the MAC; the whole message when there is none.
        public var authenticated: ArraySlice<UInt8>
    }

    /// `bytes` is one message without its length header.
    public func decode(_ bytes: [UInt8]) throws(ISO8583Error) -> Received {
        let (message, macField, end) = try bytes.span.withUnsafeBytes { bytes throws(ISO8583Error) in try decode(bytes) }
        return Received(message: message, macField: macField, authenticated: bytes[..<end])
    }

    private func decode(_ bytes: UnsafeRawBufferPointer) throws(ISO8583Error) -> (Message, macField: Int?, authenticated: Int) {
        var input = Input(bytes: bytes)
        let mti = try readMTI(&input)
        guard let bitmap = Bitmap.read(bytes, at: &input.offset, table.dialect.bitmapEncoding) else {
            throw .init(.malformed, "bitmap", "is cut short")
        }
        var (last, beforeLast) = (0, 0)
        // A byte holds at most two characters (BCD).
        let message = try Message(mti: mti, fieldCount: bitmap.count, capacity: 2 * bytes.count) { message, values throws(ISO8583Error) in
            for number in bitmap {
                // The length of a field that the dialect does not know cannot be known, nor anything after it.
                guard let rule = table[number] else { throw .malformed(number, "is not in the dialect") }
                // ISO 8583:1993, 4.4.3: the MAC is the last field of the last bitmap.
                if number == 64, bitmap.hasSecondary { throw .malformed(64, "a MAC stands in 128 when there is a second bitmap") }
                (last, beforeLast) = (number, input.offset)
                try read(number, rule, &input, &message, &values)
            }
        }
        guard input.offset == bytes.count else { throw .init(.malformed, "end", "\(bytes.count - input.offset) bytes too many") }
        let hasMAC = last == 64 || last == 128
        return (message, hasMAC ? last : nil, hasMAC ? beforeLast : bytes.count)
    }

    /// What is received, and how far it is read.
    private struct Input {
        let bytes: UnsafeRawBufferPointer
        var offset = 0

        /// The next `count` bytes; `nil` when there are fewer.
        @inline(__always)
        mutating func next(_ count: Int) -> UnsafeRawBufferPointer? {
            guard bytes.count - offset >= count else { return nil }
            defer { offset += count }
            return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
        }
    }

    private func readMTI(_ input: inout Input) throws(ISO8583Error) -> String {
        guard let bytes = input.next(table.dialect.mtiEncoding == .bcd ? 2 : 4) else { throw .init(.malformed, "mti", "is cut short") }
        let mti = String(unsafeUninitializedCapacity: 4) { text in
            let text = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(text).prefix(4))
            return decodeText(bytes, into: text, table.dialect.mtiEncoding, isTrack: false) && FieldFormat.n.allows(.init(text)) ? 4 : 0
        }
        guard !mti.isEmpty else { throw .init(.malformed, "mti", "is not four digits") }
        return mti
    }

    @inline(__always)
    private func read(
        _ number: Int, _ rule: FieldRule, _ input: inout Input, _ message: inout Message, _ values: inout ByteOutput
    ) throws(ISO8583Error) {
        let count = try readLength(number, rule, &input)
        guard let bytes = input.next(rule.byteCount(count)) else { throw .malformed(number, "is cut short") }
        guard rule.isSecret else {
            let value = values.reserve(count)
            let size = try decode(bytes, into: value, number, rule)
            values.removeLast(count - size)
            return message.appendEntry(number, rule.format == .b ? .bytes : .text, size: size)
        }
        // A secret is at no time anywhere but in the message received and in its own memory.
        var size = count
        var secret = try SecretBytes(count: count) { value throws(ISO8583Error) in size = try decode(bytes, into: value, number, rule) }
        if size < count { secret = secret.withBytes { SecretBytes($0.prefix(size)) } }
        message.appendEntry(number, secret)
    }

    @inline(__always)
    private func readLength(_ number: Int, _ rule: FieldRule, _ input: inout Input) throws(ISO8583Error) -> Int {
        guard !rule.isFixed else { return rule.maximum }
        guard let bytes = input.next(rule.lengthBytes) else { throw .malformed(number, "its length is cut short") }
        guard let length = LengthDigits.number(bytes, digits: rule.lengthDigits, rule.lengthEncoding) else {
            throw .malformed(number, "its length is no number")
        }
        guard length <= rule.maximum else { throw .malformed(number, "is longer than \(rule.maximum)") }
        return length
    }

    /// Writes the value and gives its length without the padding of the wire.
    private func decode(
        _ bytes: UnsafeRawBufferPointer, into value: UnsafeMutableRawBufferPointer, _ number: Int, _ rule: FieldRule
    ) throws(ISO8583Error) -> Int {
        if rule.format == .b {
            value.copyMemory(from: bytes)
            return value.count
        }
        guard decodeValue(bytes, into: value, rule) else { throw .malformed(number, "is not \(rule.encoding.rawValue) text") }
        guard rule.format.allows(UnsafeRawBufferPointer(value)) else {
            throw .malformed(number, "has characters that \(rule.format.rawValue) does not allow")
        }
        var size = value.count
        if rule.isSpacePadded { while size > 0, value[size - 1] == 0x20 { size -= 1 } }
        return size
    }

    private func decodeValue(_ bytes: UnsafeRawBufferPointer, into value: UnsafeMutableRawBufferPointer, _ rule: FieldRule) -> Bool {
        guard rule.format == .signed else { return decodeText(bytes, into: value, rule.encoding, isTrack: rule.isTrack) }
        guard !value.isEmpty else { return false }
        // The sign of `x+n` is a character even in BCD.
        return decodeText(
            .init(rebasing: bytes.prefix(1)), into: .init(rebasing: value.prefix(1)), rule.encoding == .ebcdic ? .ebcdic : .ascii,
            isTrack: false)
            && decodeText(.init(rebasing: bytes.dropFirst(1)), into: .init(rebasing: value.dropFirst(1)), rule.encoding, isTrack: false)
    }

    @inline(__always)
    private func decodeText(
        _ bytes: UnsafeRawBufferPointer, into text: UnsafeMutableRawBufferPointer, _ encoding: FieldEncoding, isTrack: Bool
    ) -> Bool {
        switch encoding {
        case .ascii, .binary:
            ASCIIEncoding.decode(bytes, into: text)
            return true
        case .ebcdic: return EBCDICEncoding.decode(bytes, into: text)
        case .bcd: return BCDEncoding.decode(bytes, into: text, isTrack: isTrack)
        }
    }
}
