/// Raw bytes for values; for lengths and headers an unsigned number, most significant byte first.
enum BinaryEncoding {
    static func append(_ number: Int, byteCount: Int, to output: inout ByteOutput) {
        for index in stride(from: byteCount - 1, through: 0, by: -1) { output.append(UInt8(truncatingIfNeeded: number >> (index * 8))) }
    }

    /// At most four bytes, so it cannot overflow.
    static func number(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count <= 4 else { return nil }
        return bytes.reduce(0) { $0 << 8 | Int($1) }
    }
}
