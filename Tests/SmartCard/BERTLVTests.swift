import Seeds
import Hex
import SmartCard
import Testing

@Suite("BER-TLV (EMV Book 3, Annex B)")
struct BERTLVTests {
    private func parse(_ text: String, padding: TLVPadding = .zeroAndFF) throws -> [BERTLV] {
        try BERTLV.parse(try #require([UInt8](hex: text)), padding: padding)
    }

    private func expectMalformed(_ text: String, _ code: SmartCardError.Code, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(sourceLocation: sourceLocation) {
            try parse(text)
        } throws: {
            ($0 as? SmartCardError)?.code == code
        }
    }

    @Test("constructed objects hold their children, primitive ones their bytes")
    func nesting() throws {
        let objects = try parse("6F1A8407A0000000031010A50F500456495341870101BF0C034201AA")
        let fci = try #require(objects.first)
        #expect(objects.count == 1 && fci.tag == 0x6F && fci.children.map(\.tag) == [0x84, 0xA5])
        #expect(fci.first(0x84)?.value.hex == "A0000000031010")
        #expect(fci.first(0xA5)?.first(0x50)?.value == Array("VISA".utf8))
        #expect(fci.first(0xA5)?.first(0xBF0C)?.first(0x42)?.value == [0xAA])
        #expect(fci.first(0x50) == nil, "first looks at one level only")
    }

    @Test("tags have one to four bytes")
    func tags() throws {
        #expect(try parse("5A0101" + "9F360101" + "DF81010101" + "DF8182030101").map(\.tag) == [0x5A, 0x9F36, 0xDF8101, 0xDF818203])
        expectMalformed("DF818283040101", .tlvTag)
        expectMalformed("9F80010101", .tlvTag)
        #expect(TagNumber(hex: "9F26") == 0x9F26)
        for text in ["", "9F", "9F2601", "5", "5A5A", "DF81828304"] { #expect(TagNumber(hex: text) == nil) }
        #expect((0xDF818203 as TagNumber).bytes.hex == "DF818203" && (0x9F26 as TagNumber).firstByte == 0x9F)
    }

    @Test("length fields of one to four bytes; those longer than needed are taken")
    func lengths() throws {
        for count in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let object = BERTLV(0x5A, [UInt8](repeating: 0x11, count: count))
            #expect(try BERTLV.parse(object.encoded) == [object])
        }
        #expect(BERTLV(0x5A, [UInt8](repeating: 1, count: 127)).encoded.prefix(2) == [0x5A, 0x7F])
        #expect(BERTLV(0x5A, [UInt8](repeating: 1, count: 128)).encoded.prefix(3) == [0x5A, 0x81, 0x80])
        #expect(BERTLV(0x5A, [UInt8](repeating: 1, count: 256)).encoded.prefix(4) == [0x5A, 0x82, 0x01, 0x00])
        #expect(try parse("9F36810201C7").first?.value.hex == "01C7")
        #expect(try parse("9F368300000201C7").first?.value.hex == "01C7")
    }

    @Test("what is cut off, indefinite or says more than there is, is malformed")
    func malformed() {
        for text in ["5A", "9F", "9F36", "5A02AA", "5A81", "5A8201", "5A820100AA", "70055A04AABBCC"] {
            expectMalformed(text, .tlvTruncated)
        }
        expectMalformed("70800000", .tlvIndefiniteLength)
        expectMalformed("5A8400000001AA", .tlvLengthTooLong)
        expectMalformed("5AFF", .tlvLengthTooLong)
        // The inside must not reach beyond its template, even where bytes follow.
        expectMalformed("70035A05AA" + "BBCCDDEE", .tlvTruncated)
    }

    @Test("00 and FF between objects are padding; readers with tags FFxx take 00 only")
    func padding() throws {
        #expect(try parse("00FF" + "5A01AA" + "FF0000" + "5F340101" + "FF").map(\.tag) == [0x5A, 0x5F34])
        #expect(try parse("7008" + "00" + "5A01AA" + "0000FFFF").first?.children.map(\.tag) == [0x5A])
        #expect(try parse("5A0300FF00").first?.value == [0x00, 0xFF, 0x00], "values are not padding")
        #expect(try parse("00FFEE0103DF0100", padding: .zero).first?.tag == 0xFFEE01)
        #expect(try parse("0000").isEmpty)
        #expect(try parse("").isEmpty)
    }

    @Test("nesting beyond sixteen is malformed, not a stack overflow")
    func deep() throws {
        func nested(_ depth: Int) -> BERTLV { (0..<depth).reduce(BERTLV(0x5A, [1])) { inner, _ in BERTLV(0x70, [inner]) } }
        #expect(try BERTLV.parse(nested(16).encoded).count == 1)
        #expect { try BERTLV.parse(nested(17).encoded) } throws: { ($0 as? SmartCardError)?.code == .tlvNesting }
        #expect { try BERTLV.parse(nested(3000).encoded) } throws: { ($0 as? SmartCardError)?.code == .tlvNesting }
    }

    @Test("a stream is read object by object and says when it needs more")
    func stream() throws {
        let bytes = try #require([UInt8](hex: "5A02AABB" + "9F36020001"))
        for end in 0..<4 { #expect(BERTLV.read(Array(bytes.prefix(end))) == .needMore) }
        #expect(BERTLV.read(bytes) == .object(BERTLV(0x5A, [0xAA, 0xBB]), end: 4))
        #expect(BERTLV.read(bytes, from: 4) == .object(BERTLV(0x9F36, [0, 1]), end: 9))
        #expect(BERTLV.read(bytes, from: 9) == .needMore)
        #expect(BERTLV.read(bytes, from: 99) == .needMore)
        guard case .malformed(let error) = BERTLV.read([0x5A, 0x80, 0x00]) else {
            Issue.record("an indefinite length is malformed")
            return
        }
        #expect(error.code == .tlvIndefiniteLength)
    }

    @Test("random, cut and changed bytes never trap, and what is read is written back as itself")
    func random() throws {
        var random = SeededRandom(seed: 7)
        let good = try #require(
            [UInt8](hex: "70225A08476173900101001057134761739001010010D25122011143804400000F5F24032512315F340101"))
        for _ in 0..<50_000 {
            var bytes = Bool.random(using: &random) ? random.bytes(upTo: 40) : good
            if Bool.random(using: &random), !bytes.isEmpty { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            if !bytes.isEmpty, Bool.random(using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if let objects = try? BERTLV.parse(bytes) { #expect(try BERTLV.parse(objects.encoded) == objects) }
            _ = BERTLV.read(bytes, from: Int.random(in: 0...50, using: &random))
            _ = try? DataObjectList.parse(bytes)
        }
    }

    @Test("printing, reflecting or dumping shows tags and lengths, never values")
    func noValues() throws {
        let record = BERTLV(0x70, [BERTLV(0x5A, [0x47, 0x61, 0x73]), BERTLV(0x5F20, Array("DOE/JOHN".utf8))])
        #expect("\(record)" == "70(16){5A(3) 5F20(8)}")
        var dumped = ""
        dump(record, to: &dumped)
        for text in [dumped, String(reflecting: [record]), "\(Optional(record) as Any)"] {
            #expect(!text.contains("DOE") && !text.contains("4761") && !text.contains("71, 97") && !text.contains("- 71"))
        }
    }

    @Test("a data object list is tags and lengths")
    func dataObjectList() throws {
        let list = try DataObjectList.parse(try #require([UInt8](hex: "9F02069F03069F1A0295055F2A029A039C019F3704")))
        #expect(list.entries.map(\.tag) == [0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37])
        #expect(list.dataLength == 29 && list.contains(0x9F37) && !list.contains(0x9F38))
        #expect(list.encoded.hex == "9F02069F03069F1A0295055F2A029A039C019F3704")
        #expect { try DataObjectList.parse([0x9F]) } throws: { ($0 as? SmartCardError)?.code == .dolTruncated }
        #expect { try DataObjectList.parse([0x9F, 0x02]) } throws: { ($0 as? SmartCardError)?.code == .dolTruncated }
        #expect { try DataObjectList.parse([0x9F, 0x80, 0x01, 0x01]) } throws: { ($0 as? SmartCardError)?.code == .tlvTag }
    }
}
