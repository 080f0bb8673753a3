import Hex
import Testing

@testable import ISO8583

@Suite("Encodings")
struct EncodingTests {
    private func bcd(_ text: String, isTrack: Bool = false) -> [UInt8]? {
        var bytes: [UInt8] = []
        return Array(text.utf8).withUnsafeBytes { BCDEncoding.append($0, isTrack: isTrack, to: &bytes) } ? bytes : nil
    }

    private func ebcdic(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        return Array(text.utf8).withUnsafeBytes { EBCDICEncoding.append($0, to: &bytes) } ? bytes : nil
    }

    @Test("BCD: two digits a byte, zero in front of an odd count, F behind an odd track")
    func bcd() {
        #expect(bcd("1234") == [0x12, 0x34])
        #expect(bcd("123") == [0x01, 0x23])
        #expect(bcd("") == [])
        #expect(bcd("123=4", isTrack: true) == [0x12, 0x3D, 0x4F])
        #expect(bcd("12A4") == nil)
        #expect(bcd("12=4") == nil)
        #expect(BCDEncoding.decode([0x01, 0x23], count: 3) == Array("123".utf8))
        #expect(BCDEncoding.decode([0x12, 0x3D, 0x4F], count: 5, isTrack: true) == Array("123=4".utf8))
    }

    @Test("BCD: wrong nibbles, wrong padding and wrong counts are refused")
    func badBCD() {
        #expect(BCDEncoding.decode([0x1A], count: 2) == nil)
        #expect(BCDEncoding.decode([0x11, 0x23], count: 3) == nil)
        #expect(BCDEncoding.decode([0x12], count: 3) == nil)
        #expect(BCDEncoding.decode([0x12, 0x34], count: 3, isTrack: true) == nil)
        #expect(BCDEncoding.decode([0x1F, 0x23], count: 4, isTrack: true) == nil)
    }

    @Test("EBCDIC: code page 037, all printable characters and no other")
    func ebcdic() {
        #expect(ebcdic("HELLO 123") == [0xC8, 0xC5, 0xD3, 0xD3, 0xD6, 0x40, 0xF1, 0xF2, 0xF3])
        let printable = String(decoding: Array(0x20...0x7E as ClosedRange<UInt8>), as: UTF8.self)
        let bytes = ebcdic(printable)
        #expect(bytes.map { Set($0).count } == 95)
        #expect(bytes.flatMap { EBCDICEncoding.decode($0[...]) } == Array(printable.utf8))
        #expect(ebcdic("\u{7F}") == nil)
        #expect(EBCDICEncoding.decode([0x00]) == nil)
        #expect(EBCDICEncoding.decode([0xFF]) == nil)
    }

    @Test(
        "lengths in digits",
        arguments: [
            (FieldEncoding.ascii, 2, 19, "3139"), (.ascii, 3, 5, "303035"), (.ebcdic, 2, 19, "F1F9"), (.bcd, 2, 19, "19"),
            (.bcd, 3, 255, "0255"),
            (.binary, 2, 19, "13"), (.binary, 3, 999, "03E7"),
        ])
    func lengths(_ encoding: FieldEncoding, _ digits: Int, _ number: Int, _ hex: String) {
        var bytes: [UInt8] = []
        #expect(LengthDigits.append(number, digits: digits, encoding, to: &bytes))
        #expect(bytes.hex == hex)
        #expect(bytes.count == LengthDigits.byteCount(digits, encoding))
        #expect(LengthDigits.number(bytes[...], digits: digits, encoding) == number)
    }

    @Test("lengths that do not fit or are no numbers are refused")
    func badLengths() {
        var bytes: [UInt8] = []
        #expect(!LengthDigits.append(100, digits: 2, .ascii, to: &bytes))
        #expect(!LengthDigits.append(256, digits: 2, .binary, to: &bytes))
        #expect(!LengthDigits.append(-1, digits: 2, .ascii, to: &bytes))
        #expect(LengthDigits.number([0x31, 0x20], digits: 2, .ascii) == nil)
        #expect(LengthDigits.number([0x1A], digits: 2, .bcd) == nil)
        #expect(LengthDigits.number([], digits: 2, .ascii) == nil)
    }

    @Test("a bitmap is one word, or two with the first bit set")
    func bitmap() {
        var bytes: [UInt8] = []
        Bitmap([2, 64]).append(to: &bytes, .binary)
        #expect(bytes.hex == "4000000000000001")
        bytes = []
        Bitmap([2, 65, 128]).append(to: &bytes, .binary)
        #expect(bytes.hex == "C0000000000000008000000000000001")
        var offset = 0
        #expect(Bitmap.read(bytes, at: &offset, .binary)?.numbers == [2, 65, 128])
        #expect(offset == 16)
        bytes = []
        Bitmap([2]).append(to: &bytes, .hex)
        #expect(String(decoding: bytes, as: UTF8.self) == "4000000000000000")
        offset = 0
        #expect(Bitmap.read(Array("400000000000000G".utf8), at: &offset, .hex) == nil)
        offset = 0
        #expect(Bitmap.read(Array("4 0 0 0 0 0 0 0 ".utf8), at: &offset, .hex) == nil)
    }
}
