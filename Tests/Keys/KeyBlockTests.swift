import Hex
import Seeds
import Testing

@testable import Keys

@Suite("Key blocks (ANSI X9.143, TR-31 version D)")
struct KeyBlockTests {
    /// Published samples: TR-31:2018 A.7.4, X9.143:2021 8.1, two of payShield, ISO 20038 B.3.
    private static let samples = [
        (
            "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
            "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6", "3F419E1CB7079442AA37474C2EFBF8B8"
        ),
        (
            "D0144P0AE00E00002C77FA3F4A553BED6E88AE5C172A4166E3D4ACA8E2AC71C158A476FAC12C13C3829DE55D3AB54C48F4C4FEF7AC75E90FC47F1B77E7B19A73"
                + "ED46E64410082557", "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6", "3F419E1CB7079442AA37474C2EFBF8B8"
        ),
        (
            "D0112B0TN00N000037DB9B046B7B0048785690759580ABC3B9842AB4BB7717B49E92528E575785D8123559376A2553B27BE94F054F4E971C",
            "4141414141414141414141414141414141414141414141414141414141414141", "1FA1F7CEC798D91545DA8AE0C7796BD9"
        ),
        (
            "D0144D0AN00N0000127862F945C2DED04530FAF7CDBC8B0BA10C7AA79BD5E0C2C5D6AC173BF588E4B19ACF1357178D50EA0AB193228E13958304FC6149632DFD"
                + "CADF3A5B3D57E814", "4141414141414141414141414141414141414141414141414141414141414141",
            "BE19E6A07A760F10EF8E83A226B63AAD141F463FDDD4F47DB244B4023EC3CACC"
        ),
        (
            "D0112M3TV16N000018462FA5903B8D2B82FEE26B29713C0BE7ED81601087F12252093D06FC0A012C1CF769AD0E3E9E4877166AB013FC22B4",
            "3235362D62697420414553207772617070696E67202849534F20323030333829", "767361707064642032454552206B6479"
        ),
    ]

    private static func secret(_ hex: String) throws -> SecretBytes { SecretBytes(try #require([UInt8](hex: hex))) }

    @Test("published blocks give their keys", arguments: samples)
    func published(_ text: String, _ protection: String, _ key: String) throws {
        let block = try KeyBlock(text, protection: Self.secret(protection))
        #expect(block.key == (try Self.secret(key)))
        #expect(
            text.dropFirst(5).hasPrefix(block.header.usage + "\(block.header.algorithm)\(block.header.modeOfUse)\(block.header.version)"))
    }

    @Test("what is written is read again, whatever the sizes")
    func roundTrip() throws {
        var random = SeededRandom(seed: 1)
        for protection in [16, 24, 32] {
            for count in [1, 8, 14, 15, 16, 24, 32] {
                let header = KeyBlock.Header(usage: "M6", algorithm: "A", modeOfUse: "C")
                let (outer, inner) = (SecretBytes(random.bytes(protection)), SecretBytes(random.bytes(count)))
                let text = try KeyBlock(header: header, key: inner).text(protection: outer, padding: random.bytes(16))
                let read = try KeyBlock(text, protection: outer)
                #expect(read.header == header && read.key == inner)
            }
        }
    }

    @Test("one character changed, a piece missing or another key: no key comes out")
    func damaged() throws {
        let (text, protection, _) = Self.samples[0]
        let key = try Self.secret(protection)
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "1" ? "2" : "1")
            #expect(throws: KeysError.self, "\(text.distance(from: text.startIndex, to: index))") { try KeyBlock(changed, protection: key) }
        }
        for count in 0..<text.count { #expect(throws: KeysError.self) { try KeyBlock(String(text.prefix(count)), protection: key) } }
        #expect(throws: KeysError.self) { try KeyBlock(text + text, protection: key) }
        #expect(throws: KeysError.self) { try KeyBlock(text, protection: SecretBytes([UInt8](repeating: 1, count: 32))) }
        #expect(throws: KeysError.self) { try KeyBlock(text, protection: SecretBytes([UInt8](repeating: 1, count: 8))) }
    }

    @Test("anything else is refused without a trap, and errors hold nothing of it")
    func random() throws {
        var random = SeededRandom(seed: 2)
        let key = SecretBytes(random.bytes(16))
        for _ in 0..<2000 {
            let count = Int.random(in: 0...200, using: &random)
            let digits = random.bytes(count).map { "0123456789ABCDEFD "[String.Index(utf16Offset: Int($0) % 18, in: "0123456789ABCDEFD ")] }
            let length = String(count + 5)
            let text = "D" + String(repeating: "0", count: 4 - length.count) + length + String(digits)
            let error = #expect(throws: KeysError.self) { try KeyBlock(text, protection: key) }
            if text.count > 40 { #expect(error?.message.contains(text.dropFirst(20).prefix(16)) == false) }
        }
    }
}
