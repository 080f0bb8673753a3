import Hex
import Testing

struct HexTests {
    @Test("Bytes print as upper-case pairs and come back")
    func roundTrip() {
        let all = (0...255).map { UInt8($0) }
        #expect(all.hex.hasPrefix("000102") && all.hex.hasSuffix("FDFEFF"))
        #expect([UInt8](hex: all.hex) == all)
        #expect([UInt8](hex: all.hex.lowercased()) == all)
        #expect([UInt8](hex: " 00 a4\n04 00 ") == [0x00, 0xA4, 0x04, 0x00])
    }

    @Test("Odd counts and foreign characters are no hexadecimal text", arguments: ["0", "0G", "00A", "é0", "0x00"])
    func malformed(text: String) { #expect([UInt8](hex: text) == nil) }
}
