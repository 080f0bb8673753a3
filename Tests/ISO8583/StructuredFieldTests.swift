import Seeds
import Keys
import Testing

@testable import ISO8583

@Suite("Fields with a structure")
struct StructuredFieldTests {
    @Test("48: tag, length, value")
    func privateElements() throws {
        var elements = PrivateElements()
        elements["01"] = "000007"
        elements["09"] = "A1"
        elements["10"] = ""
        #expect(try elements.text() == "0100600000709002A110000")
        #expect(try PrivateElements(elements.text()) == elements)
        elements["01"] = nil
        elements["09"] = "B"
        #expect(try elements.text() == "09001B10000")
        #expect(try PrivateElements("").isEmpty)
    }

    @Test(
        "48: what is wrong is named by element",
        arguments: [
            ("0", "48"), ("A1001X", "48"), ("01", "48.01"), ("0100", "48.01"), ("01A01X", "48.01"), ("01002X", "48.01"),
            ("01001X01001Y", "48.01"),
            ("01001X05999Y", "48.05"),
        ])
    func badPrivateElements(_ text: String, _ field: String) {
        let error = #expect(throws: ISO8583Error.self) { try PrivateElements(text) }
        #expect(error?.field == field)
    }

    @Test("48: a value over 999 and a tag that is none cannot be written")
    func unwritable() {
        var elements = PrivateElements()
        elements["06"] = String(repeating: "A", count: 1000)
        #expect(throws: ISO8583Error.self) { try elements.text() }
        elements = PrivateElements()
        elements["X"] = "1"
        #expect(throws: ISO8583Error.self) { try elements.text() }
    }

    @Test("54: sets of twenty")
    func additionalAmounts() throws {
        let sets = [
            AdditionalAmount(amountType: "44", currency: "840", isCredit: false, minorUnits: 100),
            AdditionalAmount(accountType: "30", amountType: "02", currency: "978", isCredit: true, minorUnits: 999_999_999_999),
        ]
        let text = try AdditionalAmount.text(sets)
        #expect(text == "0044840D0000000001003002978C999999999999")
        #expect(try AdditionalAmount.sets(text) == sets)
        for bad in [
            String(text.dropLast()), text.replacing("D", with: "X"), text.replacing("840", with: "8A0"), String(repeating: text, count: 4),
        ] {
            let error = #expect(throws: ISO8583Error.self) { try AdditionalAmount.sets(bad) }
            #expect(error?.field.hasPrefix("54") == true)
        }
        #expect(throws: ISO8583Error.self) {
            try AdditionalAmount.text([AdditionalAmount(amountType: "44", currency: "840", isCredit: false, minorUnits: 1_000_000_000_000)])
        }
        #expect(throws: ISO8583Error.self) {
            try AdditionalAmount.text([AdditionalAmount(amountType: "44", currency: "840", isCredit: false, minorUnits: -1)])
        }
    }

    @Test("56: the original")
    func originalDataElements() throws {
        let original = OriginalDataElements(mti: "1200", stan: "000042", localDateTime: "261122214809", acquirer: "12345678901")
        #expect(try original.text() == "12000000422611222148091112345678901")
        #expect(try OriginalDataElements(original.text()) == original)
        let short = OriginalDataElements(mti: "1200", stan: "000042", localDateTime: "261122214809", acquirer: "")
        #expect(try OriginalDataElements(short.text()) == short)
        for bad in ["", "12000000422611222148", "1200000042261122214809021", "12000000422611222148091A"] {
            #expect(throws: ISO8583Error.self) { try OriginalDataElements(bad) }
        }
        #expect(throws: ISO8583Error.self) {
            try OriginalDataElements(mti: "1200", stan: "42", localDateTime: "261122214809", acquirer: "").text()
        }
    }

    @Test("30 and 97")
    func amounts() throws {
        #expect(try OriginalAmounts(transaction: 500).text() == "000000000500000000000000")
        #expect(try OriginalAmounts("000000000500000000000007") == OriginalAmounts(transaction: 500, reconciliation: 7))
        #expect(throws: ISO8583Error.self) { try OriginalAmounts("500") }
        #expect(try NetAmount.text(500) == "D0000000000000500")
        #expect(try NetAmount.text(-500) == "C0000000000000500")
        #expect(try NetAmount.minorUnits("C0000000000000500") == -500)
        for bad in ["", "X0000000000000500", "C000000000000050", "C000000000000050A"] {
            #expect(throws: ISO8583Error.self) { try NetAmount.minorUnits(bad) }
        }
        #expect(throws: ISO8583Error.self) { try NetAmount.text(.min) }
    }

    @Test("53: scheme, serial number, PIN block")
    func securityData() throws {
        let data = SecurityData(
            scheme: .aesDUKPT, keySerialNumber: Array(1...12), pinBlock: SecretBytes(Array(repeating: UInt8(9), count: 16)))
        #expect(try SecurityData(data.encoded()) == data)
        #expect(try data.encoded().count == 31)
        let without = SecurityData(scheme: .tdesDUKPT, keySerialNumber: Array(1...10))
        #expect(try SecurityData(without.encoded()) == without)
        for bad: [UInt8] in [[], [4, 0, 0], [1], [1, 2, 0], [1, 0], [1, 0, 16], [1, 0, 1, 1], [1, 0, 0, 0], [1, 255, 0]] {
            #expect(throws: ISO8583Error.self) { try SecurityData(SecretBytes(bad)) }
        }
    }

    @Test("structures read from random text neither trap nor come back changed")
    func random() throws {
        var random = SeededRandom(seed: 13)
        let alphabet = Array("0123456789CDA ".utf8)
        for _ in 0..<5000 {
            let count = Int.random(in: 0...60, using: &random)
            let text = String(
                decoding: (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }, as: UTF8.self)
            if let elements = try? PrivateElements(text) { #expect(try elements.text() == text) }
            if let sets = try? AdditionalAmount.sets(text) { #expect(try AdditionalAmount.text(sets) == text) }
            if let original = try? OriginalDataElements(text) { #expect(try original.text() == text) }
            _ = try? OriginalAmounts(text)
            _ = try? NetAmount.minorUnits(text)
            let bytes = SecretBytes(random.bytes(Int.random(in: 0...40, using: &random)))
            if let data = try? SecurityData(bytes) { #expect(try data.encoded() == bytes) }
        }
    }
}
