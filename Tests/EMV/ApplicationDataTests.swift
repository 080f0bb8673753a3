import EMV
import Hex
import SmartCard
import Testing

@Suite("Initiation and application data (EMV Book 3, 10.1, 10.2 and 7.5)")
struct ApplicationDataTests {
    private let card = TestCard()

    private func reason(options: String) throws -> String? {
        let outcome = try Conversation.hold(TestShop.kernel(), card.selection + [card.processingOptions(options)]).outcome
        #expect(outcome.verdict == .terminated)
        return outcome.reason
    }

    private func reason(record: String) throws -> String? {
        let exchanges = Array(card.opening.dropLast()) + [card.readRecord(record)]
        let outcome = try Conversation.hold(TestShop.kernel(), exchanges).outcome
        #expect(outcome.verdict == .terminated)
        return outcome.reason
    }

    @Test("PDOL data is built and wrapped in 83")
    func optionsData() throws {
        var card = TestCard()
        card.selectionData = TestCard.tlv(
            0x9F38, "9F0206" + "9F1A02" + "5F2A02" + "9A03" + "9F2103" + "9F3501" + "9505" + "9F6601" + "9F3704")
        card.optionsData = "000000000500" + "0840" + "0840" + "251122" + "221530" + "22" + "0000000000" + "00" + "52BF4585"
        let outcome = try Conversation.hold(TestShop.kernel(), card.selection + [card.processingOptions("6A81")]).outcome
        #expect(outcome.reason == "cardCommandFailed")
    }

    @Test(
        "a PDOL that cannot be parsed, or asks for more than a command carries, ends the session",
        arguments: ["9F", "9F02", "9F02FF9F02FF"])
    func badOptionsList(list: String) throws {
        var card = TestCard()
        card.selectionData = TestCard.tlv(0x9F38, list)
        #expect(try Conversation.hold(TestShop.kernel(), card.selection).outcome.reason == "malformedData")
    }

    @Test("formats 1 and 2 of the answer mean the same")
    func formats() throws {
        for answer in [
            "8006" + "0000" + "08010100", "770A" + "82020000" + "940408010100", "770F" + "9F36020001" + "82020000" + "940408010100",
        ] {
            let exchanges =
                card.selection + [
                    card.processingOptions(answer + "9000"), card.readRecord(),
                    TestCard.firstCryptogram("80", "8000008000", "0800", "3F0000", TestCard.aac),
                ]
            #expect(try Conversation.hold(TestShop.kernel(), exchanges).outcome.verdict == .declined)
        }
    }

    @Test(
        "answers to GET PROCESSING OPTIONS that end the session",
        arguments: [
            ("6A81", "cardCommandFailed"), ("9000", "malformedData"), ("80009000", "malformedData"), ("800100" + "9000", "malformedData"),
            ("80020000" + "9000", "malformedData"), ("8005" + "0000080101" + "9000", "malformedData"), ("7000" + "9000", "malformedData"),
            ("7704" + "82020000" + "9000", "missingData"), ("7706" + "940408010100" + "9000", "missingData"),
            ("8006" + "0000" + "08010100" + "5A00" + "9000", "malformedData"),
            // AFL: file 0, low bits of the file, record 0, last before first, more authenticated than there are
            ("8006" + "0000" + "00010100" + "9000", "malformedData"), ("8006" + "0000" + "09010100" + "9000", "malformedData"),
            ("8006" + "0000" + "08000100" + "9000", "malformedData"), ("8006" + "0000" + "08020100" + "9000", "malformedData"),
            ("8006" + "0000" + "08010102" + "9000", "malformedData"), ("8006" + "0000" + "F8010100" + "9000", "malformedData"),
            // 255 records
            ("8006" + "0000" + "0801FF00" + "9000", "tooManyRecords"),
        ])
    func badOptions(answer: String, expected: String) throws {
        #expect(try reason(options: answer) == expected)
    }

    @Test("all records of all files are read in the AFL's order; files above 10 are not parsed")
    func records() throws {
        let half = card.record.prefix(2).map { TestCard.tlv($0.0, $0.1) }.joined()
        let rest = card.record.suffix(2).map { TestCard.tlv($0.0, $0.1) }.joined()
        let exchanges: [ScriptedCard.Exchange] =
            card.selection + [
                card.processingOptions("800E" + "0000" + "10020300" + "58010100" + "08010100" + "9000"),
                .init("record 2 of file 2", "00B2021400", TestCard.tlv(0x70, half) + "9000"),
                .init("record 3 of file 2", "00B2031400", "7000" + "9000"),
                .init("record 1 of file 11", "00B2015C00", "0102039000"),
                .init("record 1 of file 1", "00B2010C00", TestCard.tlv(0x70, rest) + "9000"),
                TestCard.firstCryptogram("80", "8000008000", "0800", "3F0000", TestCard.aac),
            ]
        #expect(try Conversation.hold(TestShop.kernel(), exchanges).outcome.verdict == .declined)
    }

    @Test("a record that fails, is no 70 or is malformed ends the session")
    func badRecord() throws {
        #expect(try reason(record: "6A83") == "cardCommandFailed")
        for answer in ["9000", "77009000", "70055A01" + "9000", "7000" + "7000" + "9000"] {
            #expect(try reason(record: answer) == "malformedData")
        }
    }

    @Test("each mandatory object missing ends the session", arguments: [0x5A, 0x5F24, 0x8C, 0x8D] as [TagNumber])
    func missing(tag: TagNumber) throws {
        #expect(try Conversation.hold(TestShop.kernel(), card.with(tag, nil).opening).outcome.reason == "missingData")
    }

    @Test("account data in the FCI does not replace the records'")
    func accountInSelection() throws {
        var card = card.with(0x5A, nil)
        card.selectionData = TestCard.tlv(0x5A, "4761739001010119") + TestCard.tlv(0xBF0C, TestCard.tlv(0x5A, "4761739001010119"))
        #expect(try Conversation.hold(TestShop.kernel(), card.opening).outcome.reason == "missingData")
    }

    @Test("the same object twice ends the session")
    func redundant() throws {
        var card = card
        card.record.append((0x5F34, "01"))
        card.record.append((0x5F34, "01"))
        #expect(try Conversation.hold(TestShop.kernel(), card.opening).outcome.reason == "redundantData")
    }

    @Test(
        "account numbers and dates that cannot be end the session",
        arguments: [
            (0x5A, "47617A"), (0x5A, ""), (0x5A, "4761FF9001010119"), (0x5A, "123456"), (0x5F24, "251301"), (0x5F24, "250001"),
            (0x5F24, "2512"),
            (0x5F24, "25123A"), (0x5F24, "251232"), (0x5F25, "210001"), (0x5F25, ""),
        ] as [(TagNumber, String)])
    func malformed(tag: TagNumber, value: String) throws {
        let outcome = try Conversation.hold(TestShop.kernel(), card.with(tag, value).opening).outcome
        #expect(outcome.verdict == .terminated && outcome.reason == "malformedData")
    }

    @Test("a card cannot set the terminal's data, its own AIP, or data the dictionary does not know")
    func foreignData() throws {
        let card = card.with(0x95, "0000000000").with(0x9F34, "1F0002").with(0x82, "1C00").with(0x9F1B, "FFFFFFFF").with(0xDF01, "01")
        _ = try card.expect(TestShop.kernel(), tvr: "8000008000")
    }

    @Test("what the GPO answer said stays; the issuer's data and script results cannot come from the card")
    func foreignDataInLists() throws {
        let card = card.with(0x82, "1C00").with(0x91, "1122334455667788").with(0x9F5B, "1122334455").with(0x8A, "3030")
            .with(0x8C, "8202" + "9108" + "9F5B05" + "8A02")
        let exchanges =
            card.opening + [
                ScriptedCard.Exchange(
                    "first GENERATE AC", "80AE800011" + "0000" + "0000000000000000" + "0000000000" + "0000" + "00", TestCard.aac)
            ]
        let outcome = try Conversation.hold(TestShop.kernel(), exchanges).outcome
        #expect(outcome.verdict == .declined && !outcome.finalICCData.hex.contains("9F5B"))
    }

    @Test("track 2 is text with = and without padding; what is no track 2 is left out")
    func track2() throws {
        for (value, text) in [
            ("4761739001010119D25122011143804400000F", "4761739001010119=25122011143804400000"),
            ("4761739001010119D2512201", "4761739001010119=2512201"),
            ("4761739001010119", nil), ("4761D739D001", nil), ("47617390010A0119D2512", nil),
        ] as [(String, String?)] {
            let padded = value.count.isMultiple(of: 2) ? value : value + "F"
            let outcome = try card.with(0x57, padded).expect(TestShop.kernel(), tvr: "8000008000")
            #expect(outcome.card?.track2?.withBytes { String(decoding: $0, as: UTF8.self) } == text)
        }
    }
}
