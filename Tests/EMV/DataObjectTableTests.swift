import Hex
import SmartCard
import Testing

@testable import EMV

@Suite("The table of data objects")
struct DataObjectTableTests {
    private func fault(_ yaml: String) -> String? {
        do throws(EMVError) {
            _ = try DataObjectTable(yaml: yaml, file: "objects.yaml")
            return nil
        } catch { return error.code == .tableMalformed ? error.message : "another code" }
    }

    @Test("field 55 holds what the host protocol says, in its order; a card without lists is given the unpredictable number and no hash")
    func standard() {
        let table = DataObjectTable.standard
        #expect(
            table.request.map(\.description).joined(separator: " ")
                == "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03 9F33 9F34 9F35 9F1E 84 9F09 9F41 5F34 9F6E 9F7C")
        #expect(Set(["9F10", "95", "9F5B", "9B"]).isSubset(of: table.final.map(\.description)))
        #expect(
            table.receipt == [
                .init(0x50, label: "application"), .init(0x84, label: "AID"), .init(0x95, label: "TVR"),
                .init(0x9B, label: "TSI", isBeside: true),
            ])
        #expect(table.defaultDDOL.hex == "9F3704" && table.defaultTDOL.isEmpty)
        #expect(TerminalData().defaultDDOL == table.defaultDDOL && TerminalData().defaultTDOL == table.defaultTDOL)
    }

    @Test("what a file does not say stays as it is built in")
    func over() throws {
        let table = try DataObjectTable(yaml: #"defaultTDOL: "9F0206""#)
        #expect(table.defaultTDOL.hex == "9F0206" && table.defaultDDOL == DataObjectTable.standard.defaultDDOL)
        #expect(table.request == DataObjectTable.standard.request && table.receipt == DataObjectTable.standard.receipt)
        #expect(try DataObjectTable(yaml: "final: []").final == [])
        #expect(try DataObjectTable(yaml: #"receipt: [{tag: "84", label: AID}]"#).receipt.map(\.tag) == [0x84])
    }

    @Test(
        "a bad value is named with its line and what is allowed",
        arguments: [
            (#"request: ["5A"]"#, "request: allowed are a list of tags"), (#"request: ["57"]"#, "without card data"),
            (#"final: ["5F24"]"#, "final: "), (#"request: ["70"]"#, "request: "), (#"request: ["DF01"]"#, "known data objects"),
            (#"request: ["9"]"#, "such as 9F26"), ("request: x", "request: "), (#"request: ["95", "95"]"#, "each once"),
            (#"request: ["9F10", "8E"]"#, "255 bytes together"), (#"request: [["95"]]"#, "request: "),
            (#"defaultDDOL: "9F0206""#, "9F37 among them"), (#"defaultDDOL: "9F37""#, "defaultDDOL: "),
            ("defaultDDOL: []", "defaultDDOL: "),
            (#"defaultDDOL: "9F37FF9F0206""#, "defaultDDOL: "), (#"defaultTDOL: "zz""#, "defaultTDOL: "),
            (#"defaultTDOL: "DF0104""#, "known data objects"), (#"defaultTDOL: "7004""#, "defaultTDOL: "),
            (#"receipt: [{tag: "95", label: TVR}]"#, "the AID (84)"), (#"receipt: [{tag: "5A", label: PAN}]"#, "not card data"),
            (#"receipt: [{tag: "84", label: 12345678901234567}]"#, "1 to 16 characters"), (#"receipt: [{tag: "84"}]"#, "label: "),
            (#"receipt: [{tag: "84", label: AID, beside: true}]"#, "beside: "),
            (#"receipt: [{tag: "84", label: AID, bold: true}]"#, "bold: "),
            ("receipt: AID", "receipt: "), ("receipts: []", "the keys request, final, receipt, defaultDDOL, defaultTDOL"),
        ])
    func badValue(line: String, said: String) throws {
        let message = try #require(fault("# ours\n" + line))
        #expect(message.hasPrefix("objects.yaml:2: ") && message.contains(said), "\(message)")
    }

    @Test("a file that is no table is refused", arguments: ["", "- a", "request", "request: ["])
    func noTable(text: String) {
        #expect(fault(text)?.hasPrefix("objects.yaml: ") == true)
    }

    @Test("another table is what the kernel sends to the host, to the card and to the receipt")
    func otherTable() throws {
        let table = try DataObjectTable(
            yaml: """
                request: ["9A", "95"]
                final: ["9B"]
                receipt: [{tag: "9F26", label: CRYPTOGRAM}, {tag: "84", label: AID}, {tag: "9F12", label: absent}]
                """)
        let kernel = ContactKernel(
            terminal: TestShop.terminal, applications: [TestShop.application], transaction: TestShop.transaction(), dataObjects: table)
        let exchanges =
            TestCard().opening + [
                TestCard.firstCryptogram("80", "8000008000", "0800", "3F0000", TestCard.arqc),
                TestCard.secondCryptogram("00", "Z3", "8000008000", "2800", TestCard.aac),
            ]
        let conversation = try Conversation.hold(kernel, exchanges, host: .unableToGoOnline)
        #expect(conversation.online?.iccData.hex == "9A03251122" + "95058000008000")
        #expect(conversation.outcome.finalICCData.hex == "9B02" + "2800")
        #expect(conversation.outcome.receipt.objects.encoded.hex == "9F2608" + "1111111111111111" + "8407" + "A0000000031010")
    }

    @Test("the page's table says for each key what is allowed and what is built in")
    func page() throws {
        let lines = DataObjectTable.markdown.split(separator: "\n").dropFirst(2)
        #expect(lines.count == DataObjectTable.Key.allCases.count)
        for (line, (key, standard)) in zip(
            lines,
            [
                ("request", "`9F26 9F27 9F10"), ("final", "`9F10 95 9F5B 9B"), ("receipt", "`50 84 95 9B`"), ("defaultDDOL", "`9F3704`"),
                ("defaultTDOL", "–"),
            ])
        {
            let cells = line.split(separator: " | ")
            #expect(line.hasPrefix("| `\(key)` | ") && cells.count == 4 && cells[2].hasPrefix(standard), "\(line)")
            #expect(try #require(DataObjectTable.Key(rawValue: key)).allowed == cells[1])
        }
    }

    @Test("mutated tables never trap")
    func mutations() {
        var generator = SystemRandomNumberGenerator()
        let text = Array(#"request: ["9F26", "95"]"#.utf8) + Array("\n".utf8) + Array(#"receipt: [{tag: "84", label: AID}]"#.utf8)
        for _ in 0..<2000 {
            var mutated = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutated[Int.random(in: mutated.indices, using: &generator)] = UInt8.random(in: 0x09...0x7E, using: &generator)
            }
            _ = fault(String(decoding: mutated.prefix(Int.random(in: 0...mutated.count, using: &generator)), as: UTF8.self))
        }
    }
}
