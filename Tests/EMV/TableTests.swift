import Hex
import SmartCard
import Testing

@testable import EMV

@Suite("Table files")
struct TableTests {
    private static let row = #"  - {tag: "9F26", name: "Application Cryptogram", source: card, format: b, length: 8}"#

    private func fault(_ rows: String) -> String? {
        do throws(EMVError) {
            _ = try TagTable(yaml: "known:\n\(rows)\nforeign: []\n")
            return nil
        } catch { return error.code == .tableMalformed ? error.message : "another code" }
    }

    @Test("the tag dictionary that ships is read whole")
    func whole() throws {
        #expect(DataDictionary.elements.count == 129 && DataDictionary.foreign.count == 27)
        let element = try #require(DataDictionary[0x9F1D])
        #expect(element.name == "Terminal Risk Management Data" && element.source == .terminal && element.format == .binary)
        #expect(element.lengths == 1...8 && !element.isCardData)
        #expect(DataDictionary[0x57]?.isCardData == true && DataDictionary.foreign[0x9F6B]?.isCardData == true)
        #expect(DataDictionary[0x9F6B] == nil, "what the kernel does not process is not kept")
        #expect(fault(Self.row) == nil)
    }

    @Test(
        "a bad row is refused with its line and what is allowed",
        arguments: [
            (#"{tag: "9F", name: N, source: card, format: b, length: 8}"#, "tag: allowed is a tag such as 9F26"),
            (#"{tag: "95", name: N, source: bank, format: b, length: 8}"#, "source: allowed is card, terminal, issuer"),
            (#"{tag: "95", name: N, source: card, format: x, length: 8}"#, "format: allowed is a, an, ans, b, cn, n, var."),
            (#"{tag: "95", name: N, source: card, format: b, length: 8-7}"#, "length: allowed is bytes"),
            (#"{tag: "95", name: N, source: card, format: b, length: -1}"#, "length: allowed is bytes"),
            (#"{tag: "95", name: N, source: card, format: b, length: 1-2-3}"#, "length: allowed is bytes"),
            (#"{tag: "95", source: card, format: b, length: 8}"#, "name: allowed is a text"),
            (#"{tag: "95", name: N, source: card, format: b, length: 8, cardData: maybe}"#, "cardData: allowed is true or false"),
            (#"{tag: "95", name: N, source: card, format: b, length: 8, secret: true}"#, "secret: allowed is one of the keys"),
        ])
    func badRow(row: String, message: String) {
        let said = fault(Self.row + "\n  - " + row) ?? ""
        #expect(said.hasPrefix("tags.yaml:3: ") && said.contains(message), "\(said)")
    }

    @Test("a tag stands once, lists are there, and text that is no table is refused")
    func structure() {
        #expect(fault(Self.row + "\n" + Self.row)?.contains("9F26 stands twice") == true)
        #expect(fault("  - 95")?.contains("rows of keys and values") == true)
        for text in ["", "- a", "known: [", "known: []", "known: 1\nforeign: []"] {
            #expect(throws: EMVError.self, "\(text)") { try TagTable(yaml: text) }
        }
    }

    @Test(
        "a preferred name is read in the part of ISO/IEC 8859 that the card names",
        arguments: [
            ("01", "4372E9646974", "Crédit"), ("02", "E8F8", "čř"), ("03", "A6A1", "ĤĦ"), ("04", "A5", "Ĩ"), ("05", "BCB8C0", "МИР"),
            ("06", "E5E7", "مه"), ("07", "D0D9F3F4F9", "ΠΩστω"), ("08", "E0E1", "אב"), ("09", "DDFE", "İş"), ("10", "BDA1", "―Ą"),
        ])
    func codeTables(index: String, bytes: String, name: String) throws {
        let table = try #require([UInt8](hex: index)?.first)
        let text = try #require([UInt8](hex: bytes))
        let part = try #require(Int(index))
        #expect(ApplicationName.preferred(text, codeTable: table, capabilities: .codeTable(part)) == name)
        #expect(ApplicationName.preferred(text, codeTable: table, capabilities: []) == nil, "9F40 does not claim the table")
        #expect(AdditionalTerminalCapabilities.codeTable(part).bytes.reduce(0) { $0 + $1.nonzeroBitCount } == 1)
    }

    @Test("undefined characters, controls and marks that turn the writing are left out; other indices have no table")
    func unsafeCharacters() throws {
        #expect(ApplicationName.preferred([0x41, 0x07, 0x9B, 0xA5, 0x42], codeTable: 3, capabilities: .codeTable(3)) == "AB")
        #expect(ApplicationName.preferred([0xE0, 0xFD, 0xFE, 0xE1], codeTable: 8, capabilities: .codeTable(8)) == "אב")
        #expect(ApplicationName.preferred([0x07], codeTable: 1, capabilities: .codeTable(1)) == nil)
        for index in [0x00, 0x0A, 0x11, 0xFF] as [UInt8] { #expect(IssuerCodeTable(index: index) == nil, "\(index)") }
        #expect(
            AdditionalTerminalCapabilities.codeTable(11) == [] && AdditionalTerminalCapabilities.codeTable(10).bytes.hex == "0000000200")
    }
}
