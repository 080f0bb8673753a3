extension ResponseAPDU {
    /// Data, then SW1 SW2 (ISO/IEC 7816-4, 5.1).
    public static func parse(_ bytes: [UInt8]) throws(SmartCardError) -> ResponseAPDU {
        guard bytes.count >= 2 else { throw SmartCardError(.responseTruncated, "\(bytes.count) bytes, the status word has 2") }
        guard bytes.count <= 65_538 else { throw SmartCardError(.responseTooLong, "\(bytes.count) bytes, at most 65,538 are possible") }
        let status = UInt16(bytes[bytes.count - 2]) << 8 | UInt16(bytes[bytes.count - 1])
        return ResponseAPDU(data: Array(bytes.dropLast(2)), status: StatusWord(status))
    }

    public func serialized() -> [UInt8] { data + [status.sw1, status.sw2] }
}
