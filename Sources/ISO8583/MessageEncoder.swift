import Keys

/// Writes messages as a dialect says. Knows nothing of presence (`Dialect.presenceFault`).
public struct MessageEncoder: Sendable {
    public let dialect: Dialect

    public init(dialect: Dialect) { self.dialect = dialect }

    /// The message without its length header. With `mac`, field 64 (128 when there is any field above 64) is added: its first eight bytes of
    /// what `mac` makes of all bytes before the field. Fields 64 and 128 of `message` itself are then left out.
    public func encode(_ message: Message, mac: (([UInt8]) throws -> [UInt8])? = nil) throws(ISO8583Error) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        try appendMTI(message.mti, to: &bytes)
        let macField = mac == nil ? nil : message.numbers.contains { $0 > 64 && $0 != 128 } ? 128 : 64
        let numbers = message.numbers.filter { macField == nil || ($0 != 64 && $0 != 128) }
        Bitmap(numbers + (macField.map { [$0] } ?? [])).append(to: &bytes, dialect.bitmapEncoding)
        try message.forEach { number, value throws(ISO8583Error) in
            if macField != nil, number == 64 || number == 128 { return }
            guard let field = dialect.fields[number] else { throw .unencodable(number, "is not in the dialect") }
            try append(value, field, to: &bytes)
        }
        if let mac {
            let code: [UInt8]
            do { code = try mac(bytes) } catch { throw .unencodable(macField ?? 64, "the MAC could not be computed") }
            guard code.count >= Dialect.MACRules.byteCount else { throw .unencodable(macField ?? 64, "the MAC is too short") }
            bytes.append(contentsOf: code.prefix(Dialect.MACRules.byteCount))
        }
        return bytes
    }

    /// Length header and message, ready for the connection.
    public func frame(_ message: Message, mac: (([UInt8]) throws -> [UInt8])? = nil) throws(ISO8583Error) -> [UInt8] {
        let body = try encode(message, mac: mac)
        return try dialect.header.bytes(for: body.count) + body
    }

    private func appendMTI(_ mti: String, to bytes: inout [UInt8]) throws(ISO8583Error) {
        let text = Array(mti.utf8)
        guard text.count == 4, text.allSatisfy(isDigit) else { throw .init(.unencodable, "mti", "is not four digits") }
        guard appendText(text, dialect.mtiEncoding, isTrack: false, to: &bytes) else {
            throw .init(.unencodable, "mti", "cannot be encoded")
        }
    }

    private func append(_ value: FieldValue, _ field: FieldDefinition, to bytes: inout [UInt8]) throws(ISO8583Error) {
        switch value {
        case .text(let text):
            guard field.format != .b else { throw .unencodable(field.number, "is binary, not text") }
            try append(Array(text.utf8), field, to: &bytes)
        case .bytes(let raw):
            guard field.format == .b else { throw .unencodable(field.number, "is text, not binary") }
            try append(raw, field, to: &bytes)
        case .secret(let secret):
            let clear = secret.withBytes { Array($0) }
            try append(clear, field, to: &bytes)
        }
    }

    private func append(_ value: [UInt8], _ field: FieldDefinition, to bytes: inout [UInt8]) throws(ISO8583Error) {
        var value = value
        guard field.allows(value) else { throw .unencodable(field.number, "has characters that \(field.format.rawValue) does not allow") }
        guard value.count <= field.maximumCharacters else { throw .unencodable(field.number, "is longer than \(field.maximum)") }
        if field.length == .fixed {
            if field.isSpacePadded { value.append(contentsOf: repeatElement(0x20, count: field.maximum - value.count)) }
            guard value.count == field.maximumCharacters else { throw .unencodable(field.number, "is not exactly \(field.maximum) long") }
        } else if !LengthDigits.append(value.count, digits: field.length.digits, field.lengthEncoding, to: &bytes) {
            throw .unencodable(field.number, "is longer than its length digits can say")
        }
        guard field.format != .b else {
            bytes.append(contentsOf: value)
            return
        }
        var digits = value[...]
        if field.format == .signed, let sign = digits.popFirst() {
            _ = appendText([sign], field.encoding == .ebcdic ? .ebcdic : .ascii, isTrack: false, to: &bytes)
        }
        guard appendText(Array(digits), field.encoding, isTrack: field.format == .z, to: &bytes) else {
            throw .unencodable(field.number, "cannot be written in \(field.encoding.rawValue)")
        }
    }

    private func appendText(_ text: [UInt8], _ encoding: FieldEncoding, isTrack: Bool, to bytes: inout [UInt8]) -> Bool {
        text.withUnsafeBytes { text in
            switch encoding {
            case .ascii, .binary:
                ASCIIEncoding.append(text, to: &bytes)
                return true
            case .ebcdic: return EBCDICEncoding.append(text, to: &bytes)
            case .bcd: return BCDEncoding.append(text, isTrack: isTrack, to: &bytes)
            }
        }
    }
}
