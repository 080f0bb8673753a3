/// Writes messages as a dialect says. Knows nothing of presence (`Dialect.presenceFault`).
public struct MessageEncoder: Sendable {
    private let table: FieldTable
    public var dialect: Dialect { table.dialect }

    public init(dialect: Dialect) { table = FieldTable(dialect) }

    /// The message without its length header. With `mac`, field 64 (128 when there is any field above 64) is added: its first eight bytes of
    /// what `mac` makes of all bytes before the field. Fields 64 and 128 of `message` itself are then left out.
    public func encode(_ message: Message, mac: (([UInt8]) throws -> [UInt8])? = nil) throws(ISO8583Error) -> [UInt8] {
        var present = message.present
        var macField: Int?
        if mac != nil {
            present.remove(64)
            present.remove(128)
            let field = present.hasSecondary ? 128 : 64
            present.insert(field)
            macField = field
        }
        var bytes = try ByteOutput.bytes(capacity: capacity(message)) { output throws(ISO8583Error) in
            try appendMTI(message.mti, to: &output)
            present.append(to: &output, table.dialect.bitmapEncoding)
            try message.forEach { number, kind, value throws(ISO8583Error) in
                if macField != nil, number == 64 || number == 128 { return }
                guard let rule = table[number] else { throw .unencodable(number, "is not in the dialect") }
                try append(value, kind, number, rule, to: &output)
            }
        }
        if let mac, let macField {
            let code: [UInt8]
            do { code = try mac(bytes) } catch { throw .unencodable(macField, "the MAC could not be computed") }
            guard code.count >= Dialect.MACRules.byteCount else { throw .unencodable(macField, "the MAC is too short") }
            bytes.append(contentsOf: code.prefix(Dialect.MACRules.byteCount))
        }
        return bytes
    }

    /// Bytes that are enough: type, two bitmaps, a MAC, and the fields with their length digits and what fills them up.
    private func capacity(_ message: Message) -> Int {
        4 + 2 * 16 + Dialect.MACRules.byteCount + message.size + 4 * message.present.count + table.padding
    }

    /// Length header and message, ready for the connection.
    public func frame(_ message: Message, mac: (([UInt8]) throws -> [UInt8])? = nil) throws(ISO8583Error) -> [UInt8] {
        let body = try encode(message, mac: mac)
        return try dialect.header.bytes(for: body.count) + body
    }

    private func appendMTI(_ mti: String, to output: inout ByteOutput) throws(ISO8583Error) {
        var mti = mti
        let fault = mti.withUTF8 { text -> String? in
            let text = UnsafeRawBufferPointer(text)
            guard text.count == 4, FieldFormat.n.allows(text) else { return "is not four digits" }
            return append(text, table.dialect.mtiEncoding, isTrack: false, to: &output) ? nil : "cannot be encoded"
        }
        if let fault { throw .init(.unencodable, "mti", fault) }
    }

    private func append(
        _ value: UnsafeRawBufferPointer, _ kind: Message.Kind, _ number: Int, _ rule: FieldRule, to output: inout ByteOutput
    ) throws(ISO8583Error) {
        let isBinary = rule.format == .b
        if kind == .text, isBinary { throw .unencodable(number, "is binary, not text") }
        if kind == .bytes, !isBinary { throw .unencodable(number, "is text, not binary") }
        guard rule.format.allows(value) else { throw .unencodable(number, "has characters that \(rule.format.rawValue) does not allow") }
        guard value.count <= rule.maximum else { throw .unencodable(number, "is longer than \(rule.maximum)") }
        if rule.isFixed {
            guard value.count == rule.maximum || rule.isSpacePadded else {
                throw .unencodable(number, "is not exactly \(rule.maximum) long")
            }
        } else if !LengthDigits.append(value.count, digits: rule.lengthDigits, rule.lengthEncoding, to: &output) {
            throw .unencodable(number, "is longer than its length digits can say")
        }
        if isBinary { return output.append(value) }
        guard
            rule.format == .signed
                ? appendSigned(value, rule, to: &output) : append(value, rule.encoding, isTrack: rule.isTrack, to: &output)
        else { throw .unencodable(number, "cannot be written in \(rule.encoding.rawValue)") }
        if rule.isSpacePadded, value.count < rule.maximum {
            output.append(repeating: rule.encoding == .ebcdic ? 0x40 : 0x20, count: rule.maximum - value.count)
        }
    }

    /// The sign is a character even in BCD.
    private func appendSigned(_ value: UnsafeRawBufferPointer, _ rule: FieldRule, to output: inout ByteOutput) -> Bool {
        let sign = UnsafeRawBufferPointer(rebasing: value.prefix(1))
        let digits = UnsafeRawBufferPointer(rebasing: value.dropFirst(1))
        return append(sign, rule.encoding == .ebcdic ? .ebcdic : .ascii, isTrack: false, to: &output)
            && append(digits, rule.encoding, isTrack: false, to: &output)
    }

    @inline(__always)
    private func append(_ text: UnsafeRawBufferPointer, _ encoding: FieldEncoding, isTrack: Bool, to output: inout ByteOutput) -> Bool {
        switch encoding {
        case .ascii, .binary:
            output.append(text)
            return true
        case .ebcdic: return EBCDICEncoding.append(text, to: &output)
        case .bcd: return BCDEncoding.append(text, isTrack: isTrack, to: &output)
        }
    }
}
