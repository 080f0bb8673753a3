/// The command APDU as bytes (ISO/IEC 7816-4, 5.1; EMV Level 1, 9.4.1):
///
/// | case | short | extended |
/// |---|---|---|
/// | 1 | header | |
/// | 2 | header Le | header 00 Le Le |
/// | 3 | header Lc data | header 00 Lc Lc data |
/// | 4 | header Lc data Le | header 00 Lc Lc data Le Le |
extension CommandAPDU {
    /// The largest Nc, and the largest Ne is one more.
    public static let largestData = 65_535

    /// Whether the command needs extended length fields: more than 255 bytes to the card or more than 256 from it.
    public var isExtended: Bool { data.count > 255 || (expectedLength ?? 0) > 256 }

    /// Extended fields only where the lengths need them. Throws `commandLength` for lengths that no command APDU can say.
    public func serialized() throws(SmartCardError) -> [UInt8] {
        guard data.count <= Self.largestData else { throw SmartCardError(.commandLength, "Nc \(data.count) is over 65,535") }
        if let expected = expectedLength, !(1...Self.largestData + 1).contains(expected) {
            throw SmartCardError(.commandLength, "Ne \(expected) is not in 1…65,536")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(data.count + 9)
        bytes += [instructionClass, instruction, p1, p2]
        guard isExtended else {
            if !data.isEmpty {
                bytes.append(UInt8(truncatingIfNeeded: data.count))
                bytes += data
            }
            if let expected = expectedLength { bytes.append(UInt8(truncatingIfNeeded: expected)) }
            return bytes
        }
        bytes.append(0)
        if !data.isEmpty {
            bytes += bigEndian(data.count)
            bytes += data
        }
        if let expected = expectedLength { bytes += bigEndian(expected) }
        return bytes
    }

    /// The other direction, for the card's side. Le of zero means the largest value of its form.
    public static func parse(_ bytes: [UInt8]) throws(SmartCardError) -> CommandAPDU {
        guard bytes.count >= 4 else { throw SmartCardError(.commandTruncated, "\(bytes.count) bytes, the header has 4") }
        var command = CommandAPDU(bytes[0], bytes[1], bytes[2], bytes[3])
        let body = bytes.dropFirst(4)
        guard let first = body.first else { return command }
        if body.count == 1 {
            command.expectedLength = first == 0 ? 256 : Int(first)
            return command
        }
        if first != 0 {
            try command.takeBody(body.dropFirst(), count: Int(first), lengthBytes: 1)
            return command
        }
        guard body.count >= 3 else { throw SmartCardError(.commandLength, "Lc is zero") }
        let length = word(body.dropFirst())
        if body.count == 3 {
            command.expectedLength = length == 0 ? 65_536 : length
            return command
        }
        guard length > 0 else { throw SmartCardError(.commandLength, "extended Lc is zero") }
        try command.takeBody(body.dropFirst(3), count: length, lengthBytes: 2)
        return command
    }

    /// Data of `count` bytes, then nothing or Le in `lengthBytes` bytes.
    private mutating func takeBody(_ rest: ArraySlice<UInt8>, count: Int, lengthBytes: Int) throws(SmartCardError) {
        guard rest.count >= count else {
            throw SmartCardError(.commandTruncated, "Lc says \(count) bytes, \(rest.count) follow")
        }
        data = Array(rest.prefix(count))
        let end = rest.dropFirst(count)
        if end.isEmpty { return }
        guard end.count == lengthBytes, let last = end.last else {
            throw SmartCardError(.commandLength, "\(end.count) bytes after the data, Le has \(lengthBytes)")
        }
        if lengthBytes == 1 {
            expectedLength = last == 0 ? 256 : Int(last)
        } else {
            let value = word(end)
            expectedLength = value == 0 ? 65_536 : value
        }
    }
}

/// Two bytes, most significant first; 65,536 becomes 00 00.
private func bigEndian(_ value: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
}

/// The first two bytes as a number; the caller made sure that they are there.
private func word(_ bytes: ArraySlice<UInt8>) -> Int { bytes.prefix(2).reduce(0) { $0 << 8 | Int($1) } }
