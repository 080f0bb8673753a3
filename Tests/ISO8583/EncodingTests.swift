import Hex
import Testing

@testable import ISO8583

@Suite("Encodings")
struct EncodingTests {
    private struct NoPlace: Error {}

    private func bytes(_ write: (inout ByteOutput) -> Bool) -> [UInt8]? {
        try? ByteOutput.bytes(capacity: 200) { output throws(NoPlace) in if !write(&output) { throw NoPlace() } }
    }

    private func bcd(_ text: String, isTrack: Bool = false) -> [UInt8]? {
        bytes { output in Array(text.utf8).withUnsafeBytes { BCDEncoding.append($0, isTrack: isTrack, to: &output) } }
    }

    private func ebcdic(_ text: String) -> [UInt8]? {
        bytes { output in Array(text.utf8).withUnsafeBytes { EBCDICEncoding.append($0, to: &output) } }
    }

    private func fromBCD(_ bytes: [UInt8], count: Int, isTrack: Bool = false) -> String? {
        var text = [UInt8](repeating: 0, count: count)
        let isRight = bytes.withUnsafeBytes { bytes in text.withUnsafeMutableBytes { BCDEncoding.decode(bytes, into: $0, isTrack: isTrack) }
        }
        return isRight ? String(decoding: text, as: UTF8.self) : nil
    }

    private func fromEBCDIC(_ bytes: [UInt8]) -> String? {
        var text = [UInt8](repeating: 0, count: bytes.count)
        let isRight = bytes.withUnsafeBytes { bytes in text.withUnsafeMutableBytes { EBCDICEncoding.decode(bytes, into: $0) } }
        return isRight ? String(decoding: text, as: UTF8.self) : nil
    }

    @Test("BCD: two digits a byte, zero in front of an odd count, F behind an odd track")
    func bcd() {
        #expect(bcd("1234") == [0x12, 0x34])
        #expect(bcd("123") == [0x01, 0x23])
        #expect(bcd("") == [])
        #expect(bcd("123=4", isTrack: true) == [0x12, 0x3D, 0x4F])
        #expect(bcd("12A4") == nil)
        #expect(bcd("12=4") == nil)
        #expect(fromBCD([0x01, 0x23], count: 3) == "123")
        #expect(fromBCD([0x12, 0x3D, 0x4F], count: 5, isTrack: true) == "123=4")
    }

    @Test("BCD: wrong nibbles, wrong padding and wrong counts are refused")
    func badBCD() {
        #expect(fromBCD([0x1A], count: 2) == nil)
        #expect(fromBCD([0x11, 0x23], count: 3) == nil)
        #expect(fromBCD([0x12], count: 3) == nil)
        #expect(fromBCD([0x12, 0x34], count: 3, isTrack: true) == nil)
        #expect(fromBCD([0x1F, 0x23], count: 4, isTrack: true) == nil)
        #expect(fromBCD([0x12, 0x33], count: 3, isTrack: true) == nil)
        #expect(fromBCD([0x12, 0x3D], count: 3, isTrack: true) == nil)
        #expect(fromBCD([0x0D, 0x23], count: 3) == nil)
        #expect(fromBCD([0x00], count: 0) == nil)
    }

    @Test("EBCDIC: code page 037, all printable characters and no other")
    func ebcdic() {
        #expect(ebcdic("HELLO 123") == [0xC8, 0xC5, 0xD3, 0xD3, 0xD6, 0x40, 0xF1, 0xF2, 0xF3])
        let printable = String(decoding: Array(0x20...0x7E as ClosedRange<UInt8>), as: UTF8.self)
        let bytes = ebcdic(printable)
        #expect(bytes.map { Set($0).count } == 95)
        #expect(bytes.flatMap { fromEBCDIC($0) } == printable)
        #expect(ebcdic("\u{7F}") == nil)
        #expect(fromEBCDIC([0x00]) == nil)
        #expect(fromEBCDIC([0xFF]) == nil)
    }

    @Test(
        "lengths in digits",
        arguments: [
            (FieldEncoding.ascii, 2, 19, "3139"), (.ascii, 3, 5, "303035"), (.ebcdic, 2, 19, "F1F9"), (.bcd, 2, 19, "19"),
            (.bcd, 3, 255, "0255"),
            (.binary, 2, 19, "13"), (.binary, 3, 999, "03E7"),
        ])
    func lengths(_ encoding: FieldEncoding, _ digits: Int, _ number: Int, _ hex: String) {
        let bytes = bytes { LengthDigits.append(number, digits: digits, encoding, to: &$0) }
        #expect(bytes?.hex == hex)
        #expect(bytes?.count == LengthDigits.byteCount(digits, encoding))
        #expect(bytes?.withUnsafeBytes { LengthDigits.number($0, digits: digits, encoding) } == number)
    }

    @Test("lengths that do not fit or are no numbers are refused")
    func badLengths() {
        #expect(bytes { LengthDigits.append(100, digits: 2, .ascii, to: &$0) } == nil)
        #expect(bytes { LengthDigits.append(100, digits: 2, .bcd, to: &$0) } == nil)
        #expect(bytes { LengthDigits.append(256, digits: 2, .binary, to: &$0) } == nil)
        #expect(bytes { LengthDigits.append(-1, digits: 2, .ascii, to: &$0) } == nil)
        func number(_ bytes: [UInt8], _ digits: Int, _ encoding: FieldEncoding) -> Int? {
            bytes.withUnsafeBytes { LengthDigits.number($0, digits: digits, encoding) }
        }
        #expect(number([0x31, 0x20], 2, .ascii) == nil)
        #expect(number([0x1A], 2, .bcd) == nil)
        #expect(number([0x10, 0x00], 3, .bcd) == nil)
        #expect(number([0x31, 0x31], 2, .ebcdic) == nil)
        #expect(number([], 2, .ascii) == nil)
    }

    @Test("a bitmap is one word, or two with the first bit set")
    func bitmap() {
        func read(_ bytes: [UInt8], _ encoding: Dialect.BitmapEncoding) -> [Int]? {
            var offset = 0
            guard let bitmap = bytes.withUnsafeBytes({ Bitmap.read($0, at: &offset, encoding) }) else { return nil }
            #expect(offset == bytes.count)
            return Array(bitmap)
        }
        func written(_ numbers: [Int], _ encoding: Dialect.BitmapEncoding) -> [UInt8] {
            ByteOutput.bytes(capacity: 32) { Bitmap(numbers).append(to: &$0, encoding) }
        }
        #expect(written([2, 64], .binary).hex == "4000000000000001")
        #expect(written([2, 65, 128], .binary).hex == "C0000000000000008000000000000001")
        #expect(read(written([2, 65, 128], .binary), .binary) == [2, 65, 128])
        #expect(String(decoding: written([2], .hex), as: UTF8.self) == "4000000000000000")
        let many = Array(2...128)
        #expect(read(written(many, .hex), .hex) == many)
        #expect(read(Array("400000000000000G".utf8), .hex) == nil)
        #expect(read(Array("4 0 0 0 0 0 0 0 ".utf8), .hex) == nil)
    }

    @Test("a bitmap knows how many fields stand before one, and forgets its second word with the last field there")
    func ranks() {
        var bitmap = Bitmap([2, 3, 64, 65, 128])
        #expect([2, 3, 4, 64, 65, 66, 128].map(bitmap.rank) == [0, 1, 2, 2, 3, 4, 4])
        #expect(bitmap.count == 5)
        bitmap.remove(65)
        bitmap.remove(128)
        #expect(bitmap == Bitmap([2, 3, 64]))
    }
}
