import Hex
import Testing

@_spi(ClearPIN) @testable import Keys

@Suite("PIN blocks")
struct PINBlockTests {
    static let pan = PAN("5555555551234567")!

    @Test(
        "Formats 0 and 2 (psec, emv-utils and X9.24-1)",
        arguments: [
            (PINBlock.Format.iso0, "1234", "5555555551234567", "041261AAAAEDCBA9"),
            (.iso0, "123456789012", "5555555551234567", "0C1261032D8226A9"),
            (.iso0, "1234", "4012345678909", "041274EDCBA9876F"),
            (.iso2, "1234", "", "241234FFFFFFFFFF"), (.iso2, "123456789", "", "29123456789FFFFF"),
            (.iso2, "1234567890", "", "2A1234567890FFFF"), (.iso2, "123456789012", "", "2C123456789012FF"),
        ])
    func formats(format: PINBlock.Format, pin: String, pan: String, block: String) throws {
        #expect(try PINBlock.make(format, PIN(pin)!, pan: PAN(pan)) == secret(block))
        #expect(try PINBlock.pin(in: secret(block), format, pan: PAN(pan)) == PIN(pin))
        #expect(PINBlock.format(of: secret(block)) == format)
    }

    @Test("Format 3 hides random nibbles A to F under the PAN")
    func format3() throws {
        let block = try PINBlock.make(.iso3, PIN("123456789012")!, pan: Self.pan, fill: [0xA, 0xF])
        #expect(block == secret("3C1261032D8226F9"))
        var seen: Set<UInt8> = []
        for _ in 0..<200 {
            let block = try PINBlock.make(.iso3, PIN("1234")!, pan: Self.pan)
            #expect(try PINBlock.pin(in: block, .iso3, pan: Self.pan) == PIN("1234"))
            block.withBytes { #expect(Array($0.prefix(3)).hex == "341261") }
            let clear = try block.exclusiveOr(bytes("0000555555123456"))
            clear.withBytes { for byte in $0.suffix(5) { seen.formUnion([byte >> 4, byte & 0xF]) } }
        }
        #expect(seen == Set(0xA...0xF))
    }

    @Test("Format 4: fields as published, and the PAN's length in the first nibble")
    func format4() throws {
        #expect(try PINBlock.format4PANField(PAN("112233445566778899")!) == secret("61122334455667788990000000000000"))
        #expect(try PINBlock.format4PANField(PAN("4111111111111111")!) == secret("44111111111111111000000000000000"))
        #expect(try PINBlock.format4PANField(PAN("1234567890")!) == secret("00012345678900000000000000000000"))
        #expect(try PINBlock.format4PANField(PAN("1234567890123456789")!) == secret("71234567890123456789000000000000"))
        let key = secret("AF8CB133A78F8DC2D1359F18527593FB")
        for pin in ["1234", "12345", "123456789012"] {
            let block = try PINBlock.encipherFormat4(PIN(pin)!, pan: Self.pan, key: key)
            #expect(try PINBlock.decipherFormat4(block, pan: Self.pan, key: key) == PIN(pin))
            #expect(try block != PINBlock.encipherFormat4(PIN(pin)!, pan: Self.pan, key: key))
        }
    }

    @Test("A block under another PAN or key, or of another format, does not open")
    func refusals() throws {
        let block = try PINBlock.make(.iso0, PIN("1234")!, pan: Self.pan)
        let other = PAN("5555555559234567")!
        #expect { try PINBlock.pin(in: block, .iso0, pan: other) } throws: { ($0 as? KeysError)?.code == .pinBlock }
        #expect { try PINBlock.pin(in: block, .iso3, pan: Self.pan) } throws: { ($0 as? KeysError)?.code == .pinBlock }
        #expect { try PINBlock.pin(in: block, .iso2) } throws: { ($0 as? KeysError)?.code == .pinBlock }
        #expect { try PINBlock.pin(in: block, .iso0) } throws: { ($0 as? KeysError)?.code == .dataLength }
        #expect { try PINBlock.make(.iso0, PIN("1234")!, pan: PAN("123456789012")) } throws: { ($0 as? KeysError)?.code == .dataLength }
        for text in ["23123FFFFFFFFFFF", "2D1234567890123F", "24123AFFFFFFFFFF", "241234FFFFFFFFF0", "0000000000000000"] {
            #expect { try PINBlock.pin(in: secret(text), .iso2) } throws: { ($0 as? KeysError)?.code == .pinBlock }
        }
        let key = secret("AF8CB133A78F8DC2D1359F18527593FB")
        let block4 = try PINBlock.encipherFormat4(PIN("1234")!, pan: Self.pan, key: key)
        #expect { try PINBlock.decipherFormat4(block4, pan: other, key: key) } throws: { ($0 as? KeysError)?.code == .pinBlock }
        #expect { try PINBlock.decipherFormat4(block4, pan: Self.pan, key: secret("00112233445566778899AABBCCDDEEFF")) } throws: {
            ($0 as? KeysError)?.code == .pinBlock
        }
        for count in 0...20 {
            let random = try RandomBytes.secret(count)
            if count != 16 {
                #expect(throws: KeysError.self) { try PINBlock.decipherFormat4(random, pan: Self.pan, key: key) }
            }
            if count != 8 {
                #expect(throws: KeysError.self) { try PINBlock.pin(in: random, .iso0, pan: Self.pan) }
                #expect(throws: KeysError.self) {
                    try PINBlock.decipher(random, serial: serialNumber("FFFF9876543210E00001"), pan: Self.pan, baseKey: key)
                }
            }
        }
    }

    @Test("The host opens what a pad of either scheme enciphered")
    func online() throws {
        let tdes = secret("0123456789ABCDEFFEDCBA9876543210")
        let tdesSerial = serialNumber("FFFF9876543210E00000")
        var tdesPad = try TripleDESDUKPT.Device(
            initialKey: TripleDESDUKPT.initialKey(baseKey: tdes, serial: tdesSerial), serial: tdesSerial)
        for format in [PINBlock.Format.iso0, .iso3] {
            let key = try tdesPad.nextKey()
            let block = try PINBlock.encipher(format, PIN("98765")!, pan: Self.pan, under: key)
            #expect(try PINBlock.decipher(block, serial: key.serial, pan: Self.pan, baseKey: tdes) == PIN("98765"))
            #expect(throws: KeysError.self) {
                try PINBlock.decipher(block, serial: tdesSerial.with(counter: 5), pan: Self.pan, baseKey: tdes)
            }
        }
        let aes = secret("FEDCBA9876543210F1F1F1F1F1F1F1F1")
        let aesSerial = serialNumber("123456789012345600000000")
        var aesPad = try AESDUKPT.Device(initialKey: AESDUKPT.initialKey(baseKey: aes, serial: aesSerial), serial: aesSerial)
        let key = try aesPad.nextKey()
        let block = try PINBlock.encipher(PIN("98765")!, pan: Self.pan, under: key)
        #expect(try PINBlock.decipher(block, serial: key.serial, pan: Self.pan, baseKey: aes) == PIN("98765"))
    }

    @Test("A PIN is 4 to 12 digits, and cannot be printed")
    func pins() throws {
        for text in ["", "123", "1234567890123", "12a4", "١٢٣٤", "12 34"] { #expect(PIN(text) == nil) }
        let pin = try #require(PIN("8642"))
        var dumped = ""
        dump(pin, to: &dumped)
        let shown = "\(pin) \(String(reflecting: pin)) \([pin]) \(dumped)"
        for form in ["8642", "8, 6", "08060402"] { #expect(!shown.contains(form)) }
        #expect(pin.count == 4)
    }
}
