/// One byte a character, as it is (ISO/IEC 646).
enum ASCIIEncoding {
    static func append(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) { bytes.append(contentsOf: text) }
    static func decode(_ bytes: ArraySlice<UInt8>) -> [UInt8] { Array(bytes) }
}
