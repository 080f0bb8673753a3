import Keys

/// Reads messages as a dialect says. Any bytes are either a message or an `ISO8583Error` that names the field and never its value.
public struct MessageDecoder: Sendable {
    public let dialect: Dialect

    public init(dialect: Dialect) { self.dialect = dialect }

    /// A message as received, with what its MAC was computed over.
    public struct Received: Sendable {
        public var message: Message
        /// Field 64 or 128, when it is there; it is then the last field.
        public var mac: [UInt8]?
        /// Everything before the MAC; the whole message when there is none.
        public var authenticated: ArraySlice<UInt8>
    }

    /// `bytes` is one message without its length header.
    public func decode(_ bytes: [UInt8]) throws(ISO8583Error) -> Received {
        var offset = 0
        let mti = try readMTI(bytes, at: &offset)
        guard let bitmap = Bitmap.read(bytes, at: &offset, dialect.bitmapEncoding) else {
            throw .init(.malformed, "bitmap", "is cut short")
        }
        var message = Message(mti: mti)
        let numbers = bitmap.numbers
        var beforeLast = offset
        for number in numbers {
            // The length of a field that the dialect does not know cannot be known, nor anything after it.
            guard let field = dialect.fields[number] else { throw .malformed(number, "is not in the dialect") }
            // ISO 8583:1993, 4.4.3: the MAC is the last field of the last bitmap.
            if number == 64, bitmap.hasSecondary { throw .malformed(64, "a MAC stands in 128 when there is a second bitmap") }
            beforeLast = offset
            message.append(number, try read(field, bytes, at: &offset))
        }
        guard offset == bytes.count else { throw .init(.malformed, "end", "\(bytes.count - offset) bytes too many") }
        if let last = numbers.last, last == 64 || last == 128, let mac = message.bytes(last) {
            return Received(message: message, mac: mac, authenticated: bytes[..<beforeLast])
        }
        return Received(message: message, mac: nil, authenticated: bytes[...])
    }

    private func readMTI(_ bytes: [UInt8], at offset: inout Int) throws(ISO8583Error) -> String {
        let count = dialect.mtiEncoding == .bcd ? 2 : 4
        guard bytes.count >= count else { throw .init(.malformed, "mti", "is cut short") }
        guard let text = decodeText(bytes[..<count], count: 4, dialect.mtiEncoding, isTrack: false), text.allSatisfy(isDigit) else {
            throw .init(.malformed, "mti", "is not four digits")
        }
        offset = count
        return String(decoding: text, as: UTF8.self)
    }

    private func read(_ field: FieldDefinition, _ bytes: [UInt8], at offset: inout Int) throws(ISO8583Error) -> FieldValue {
        let characters = try readLength(field, bytes, at: &offset)
        let isNarrow = field.encoding == .bcd
        let signBytes = field.format == .signed ? 1 : 0
        let byteCount = isNarrow ? signBytes + BCDEncoding.byteCount(max(0, characters - signBytes)) : characters
        guard bytes.count - offset >= byteCount else { throw .malformed(field.number, "is cut short") }
        let slice = bytes[offset..<offset + byteCount]
        offset += byteCount
        if field.format == .b { return field.isSecret ? .secret(SecretBytes(slice)) : .bytes(Array(slice)) }
        guard var text = decodeValue(slice, field, characters: characters) else {
            throw .malformed(field.number, "is not \(field.encoding.rawValue) text")
        }
        guard field.allows(text) else { throw .malformed(field.number, "has characters that \(field.format.rawValue) does not allow") }
        if field.isSpacePadded { while text.last == 0x20 { text.removeLast() } }
        return field.isSecret ? .secret(SecretBytes(text)) : .text(String(decoding: text, as: UTF8.self))
    }

    private func readLength(_ field: FieldDefinition, _ bytes: [UInt8], at offset: inout Int) throws(ISO8583Error) -> Int {
        guard field.length != .fixed else { return field.maximumCharacters }
        let count = LengthDigits.byteCount(field.length.digits, field.lengthEncoding)
        guard bytes.count - offset >= count else { throw .malformed(field.number, "its length is cut short") }
        guard let length = LengthDigits.number(bytes[offset..<offset + count], digits: field.length.digits, field.lengthEncoding) else {
            throw .malformed(field.number, "its length is no number")
        }
        guard length <= field.maximumCharacters else { throw .malformed(field.number, "is longer than \(field.maximum)") }
        offset += count
        return length
    }

    private func decodeValue(_ slice: ArraySlice<UInt8>, _ field: FieldDefinition, characters: Int) -> [UInt8]? {
        guard field.format == .signed else { return decodeText(slice, count: characters, field.encoding, isTrack: field.format == .z) }
        guard characters > 0,
            let sign = decodeText(slice.prefix(1), count: 1, field.encoding == .ebcdic ? .ebcdic : .ascii, isTrack: false),
            let digits = decodeText(slice.dropFirst(), count: characters - 1, field.encoding, isTrack: false)
        else { return nil }
        return sign + digits
    }

    private func decodeText(_ slice: ArraySlice<UInt8>, count: Int, _ encoding: FieldEncoding, isTrack: Bool) -> [UInt8]? {
        switch encoding {
        case .ascii, .binary: ASCIIEncoding.decode(slice)
        case .ebcdic: EBCDICEncoding.decode(slice)
        case .bcd: BCDEncoding.decode(slice, count: count, isTrack: isTrack)
        }
    }
}
