import Seeds
import Hex
import SmartCard
import Testing

@testable import EMV

@Suite("emv decode never shows card data (PCI DSS 3.4.1)")
struct EMVDecoderMaskingTests {
    private func decode(_ objects: [(TagNumber, [UInt8])]) throws -> String {
        try EMVDecoder.decode(objects.map { BERTLV($0.0, $0.1) }.encoded, as: .tlv).text
    }

    private let number = "4761739001010119"

    @Test("of an account number the first six and last four digits are shown")
    func accountNumber() throws {
        let bytes = try #require([UInt8](hex: number))
        let trackData = try #require([UInt8](hex: number + "D25122010123456789" + "0F"))
        #expect(
            try decode([(0x5A, bytes)]) == "5A (8 bytes) Application Primary Account Number (PAN): masked, PAN 476173******0119")
        #expect(try decode([(0x57, trackData)]) == "57 (18 bytes) Track 2 Equivalent Data: masked, PAN 476173******0119")
        #expect(try decode([(0x9F6B, trackData)]) == "9F6B (18 bytes) Track 2 Data (contactless): masked, PAN 476173******0119")
        #expect(try decode([(0x57, bytes)]) == "57 (8 bytes) Track 2 Equivalent Data: masked")
        let padded = try #require([UInt8](hex: "476173900101010FFFFF"))
        #expect(try decode([(0x5A, padded)]).hasSuffix("masked, PAN 476173*****1010"))
    }

    @Test("every element that the dictionary calls card data shows its length only")
    func marked() throws {
        let secret = Array("QXZJ/KVWY".utf8)
        for element in DataDictionary.elements where element.isCardData {
            let text = try decode([(element.tag, secret)])
            #expect(text == "\(element.tag) (9 bytes) \(element.name): masked")
        }
        for tag in [0x5A, 0x57, 0x56, 0x5F20, 0x5F24, 0x9F0B, 0x9F1F, 0x9F20, 0x9F6B] as [TagNumber] {
            let text = try decode([(tag, secret)])
            #expect(!text.contains("QXZJ") && !text.contains(secret.hex), "\(tag)")
        }
    }

    @Test("inside templates, and in front of or behind others, they are masked alike")
    func nested() throws {
        let bytes = try #require([UInt8](hex: "70195A08" + number + "5F2403251231" + "5F2006" + "5A592F514B20"))
        let text = try EMVDecoder.decode(bytes).text
        #expect(
            text.hasSuffix(
                """
                70 (25 bytes) READ RECORD Response Message Template
                  5A (8 bytes) Application Primary Account Number (PAN): masked, PAN 476173******0119
                  5F24 (3 bytes) Application Expiration Date: masked
                  5F20 (6 bytes) Cardholder Name: masked
                """))
    }

    @Test("other values that hold the account number, packed or as text, are masked")
    func elsewhere() throws {
        let bytes = try #require([UInt8](hex: number))
        let text = try decode([
            (0x5A, bytes), (0x9F10, [0xAA] + bytes), (0x9F4E, Array("B\(number)^".utf8)), (0xDF01, bytes), (0x9F37, [1, 2, 3, 4]),
        ])
        #expect(text.contains("01020304"))
        #expect(!text.contains(number) && !text.contains(Array(number.utf8).hex))
        #expect(text.components(separatedBy: "masked, holds the PAN").count == 4)
    }

    @Test("values of unknown tags that may hold an account number are masked")
    func unknownTags() throws {
        let bytes = try #require([UInt8](hex: number))
        for value in [bytes, [0x5A, 0x08] + bytes, Array(";\(number)=2512".utf8)] {
            #expect(try decode([(0xDF01, value)]).hasSuffix("unknown tag: masked, may hold a PAN"))
            #expect(try decode([(0x80, value)]).hasSuffix("masked, may hold a PAN"))
        }
        #expect(try decode([(0xDF01, [0xCA, 0xFE])]).hasSuffix("unknown tag: CAFE"))
        #expect(try decode([(0xDF01, [UInt8](repeating: 0, count: 20))]).hasSuffix("00000000"))
    }

    @Test("certificates that recover to the PAN and the data of script commands are masked")
    func recoverable() throws {
        let value = [UInt8](repeating: 0xC5, count: 96)
        for tag in [0x9F46, 0x9F2D] as [TagNumber] { #expect(try !decode([(tag, value)]).contains("C5C5")) }
        let script = try decode([(0x86, [0x84, 0x24, 0x00, 0x02, 0x10] + value)])
        #expect(script.contains("84240002, its data masked") && !script.contains("C5C5"))
    }

    @Test("a failure shows no value")
    func failures() throws {
        for text in ["5A08\(number.dropLast(2))", "70105A08\(number)", "5A08\(number)57"] {
            #expect {
                try EMVDecoder.decode(hex: text, as: .tlv)
            } throws: {
                !"\($0)".contains("4761") && !"\($0)".contains("0101")
            }
        }
    }

    @Test("random templates around an account number never show it")
    func random() throws {
        var random = SeededRandom(seed: 57)
        let bytes = try #require([UInt8](hex: number))
        let tags = DataDictionary.elements.map(\.tag).filter { !$0.isConstructed } + [0xDF01, 0x9F6B, 0xC1]
        for _ in 0..<500 {
            var objects: [(TagNumber, [UInt8])] = [(0x5A, bytes)]
            for _ in 0..<4 {
                let tag = try #require(tags.randomElement(using: &random))
                objects.append((tag, random.bytes(upTo: 6) + bytes + random.bytes(upTo: 6)))
            }
            objects.shuffle(using: &random)
            // Lists and file locators show tags and lengths, which are not card data where they are what they say.
            #expect(try !decode(objects).contains(number))
        }
    }
}
