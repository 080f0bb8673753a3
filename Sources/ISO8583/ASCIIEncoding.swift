/// One byte a character, as it is (ISO/IEC 646).
enum ASCIIEncoding {
    /// `text` has as many bytes as `bytes`.
    static func decode(_ bytes: UnsafeRawBufferPointer, into text: UnsafeMutableRawBufferPointer) { text.copyMemory(from: bytes) }
}
