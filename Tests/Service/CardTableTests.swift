import EMV
import Hex
import Terminal
import Testing

@testable import Service

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The card table")
struct CardTableTests {
    private static let least = """
        cards:
          - brand: VISA
            type: credit
            applications:
              - {aid: A0000000031010, label: VISA}
        """

    private func fault(_ yaml: String) -> String? {
        do throws(ServiceError) {
            _ = try CardTable(yaml: yaml, file: "c.yaml")
            return nil
        } catch { return error.code == .table ? error.message : "another code" }
    }

    @Test("the table that ships has every application of every brand once, and no floor limit")
    func builtIn() throws {
        let table = try CardTable.builtIn()
        #expect(table.applications.count == 15 && Set(table.applications.map(\.aid)).count == 15)
        #expect(table.applications.allSatisfy { $0.floorLimit == 0 && $0.partialMatch && $0.randomSelection == .none })
        func brand(_ aid: String?, _ bin: String) -> String? {
            table.brands.row(aid: aid.flatMap { [UInt8](hex: $0) }, bin: bin).map { "\($0.brand) \($0.type.rawValue)" }
        }
        for (aid, kind) in [
            ("A0000000031010", "VISA credit"), ("A0000000980840", "VISA debit"), ("A0000000042203", "MASTERCARD debit"),
            ("A0000001524010", "DISCOVER debit"), ("A000000333010108", "UNIONPAY debit"), ("A0000002771010", "INTERAC debit"),
            ("A000000025010801", "AMEX credit"),
        ] { #expect(brand(aid, "400000") == kind) }
        for (bin, kind) in [
            ("411111", "VISA credit"), ("222100", "MASTERCARD credit"), ("600649", "GIFT gift"), ("601100", "DISCOVER credit"),
            ("353000", "JCB credit"), ("305000", "DINERS credit"), ("676300", "MAESTRO debit"),
        ] { #expect(brand(nil, bin) == kind) }
    }

    @Test("US common debit and Interac are preferred over the brand's own application")
    func debitPreference() throws {
        let preferred = Dictionary(
            uniqueKeysWithValues: try CardTable.builtIn().applications.map { ($0.aid.hex, $0.preferredOver.map(\.hex)) })
        #expect(preferred["A0000000980840"] == ["A000000003"] && preferred["A0000002771010"] == ["A000000003", "A000000004"])
        #expect(preferred["A0000000042203"] == ["A0000000041010", "A0000000043060"] && preferred["A0000000031010"] == [])
        #expect(preferred["A0000001524010"] == ["A0000001523010"])
    }

    @Test("an application has the limits of its brand unless it has its own, and defaults for the rest")
    func limits() throws {
        let table = try CardTable(
            yaml: """
                cards:
                  - brand: VISA
                    type: credit
                    binRanges: ["4"]
                    floorLimit: 5000
                    randomSelection: {threshold: 1000, targetPercentage: 20, maximumPercentage: 60}
                    applications:
                      - {aid: A0000000031010, label: VISA}
                      - {aid: A0000000032010, label: ELECTRON, floorLimit: 0, partialMatch: false, versions: ["0096"], denial: "0010000001",
                         online: "FC50BC8800", default: DC4000A800, riskManagementData: 6C00, randomSelection: {targetPercentage: 5}}
                """, file: "c.yaml")
        let (first, second) = (table.applications[0], table.applications[1])
        #expect(first.floorLimit == 5000 && first.randomSelection.maximumPercentage == 60 && first.versions == [[0x00, 0x8C]])
        #expect(first.denial == ApplicationConfiguration.commonDenial && first.default == ApplicationConfiguration.commonDefault)
        #expect(second.floorLimit == 0 && !second.partialMatch && second.versions == [[0x00, 0x96]])
        #expect([second.denial, second.online, second.default].map(\.bytes.hex) == ["0010000001", "FC50BC8800", "DC4000A800"])
        #expect(second.riskManagementData.hex == "6C00")
        #expect(second.randomSelection == RandomSelection(threshold: 0, targetPercentage: 5, maximumPercentage: 5))
    }

    @Test(
        "a bad value is named with file, line, key and what is allowed",
        arguments: [
            ("brand: X\n    type: cash", 3, "type", "credit, debit, gift, ebt"), ("brand: ''\n    type: credit", 2, "brand", "1 to 16"),
            ("brand: X\n    type: credit\n    floorLimit: -1", 4, "floorLimit", "0 to 999999999999"),
            ("brand: X\n    type: credit\n    binRanges: ['4-51']", 2, "binRanges", "same length"),
            ("brand: X\n    type: credit\n    binRanges: ['4761739001010119']", 2, "binRanges", "first digits"),
            ("brand: X\n    type: credit\n    binRanges: 4", 4, "binRanges", "a list of"),
            ("brand: X\n    type: credit\n    colour: red", 4, "colour", "brand, type, binRanges"),
            ("brand: X", 2, "type", "credit, debit"),
            ("brand: X\n    type: credit\n    applications:\n      - {label: X}", 5, "aid", "10 to 32 hexadecimal digits"),
            ("brand: X\n    type: credit\n    applications:\n      - {aid: A0000000, label: X}", 5, "aid", "10 to 32 hexadecimal digits"),
            (
                "brand: X\n    type: credit\n    applications:\n      - {aid: A000000003, label: X, online: '00'}", 5, "online",
                "10 hexadecimal"
            ),
            (
                "brand: X\n    type: debit\n    applications:\n      - {aid: A000000003, label: X, floorLimit: 1}", 5, "floorLimit",
                "0 for type debit"
            ), ("brand: X\n    type: debit\n    floorLimit: 1", 2, "floorLimit", "0 for type debit"),
            (
                "brand: X\n    type: credit\n    randomSelection: {targetPercentage: 50, maximumPercentage: 20}\n    applications:\n      - {aid: A000000003, label: X}",
                4, "maximumPercentage", "at least targetPercentage"
            ),
            (
                "brand: X\n    type: credit\n    applications:\n      - {aid: A000000003, label: X}\n      - {aid: A000000003, label: Y}",
                6, "aid", "not stand above"
            ),
        ])
    func badValue(row: String, line: Int, key: String, allowed: String) throws {
        let said = try #require(fault("cards:\n  - \(row)"))
        #expect(said.hasPrefix("c.yaml:\(line): ") && said.contains(key) && said.contains(allowed), "\(said)")
    }

    @Test("what is no table is refused", arguments: ["", "- a", "cards", "cards: []", "cards: [1]", "cards: [", "brands: []"])
    func noTable(text: String) {
        #expect(fault(text) != nil)
        #expect(fault(Self.least) == nil)
    }

    @Test("mutated tables never trap")
    func mutations() {
        var generator = SystemRandomNumberGenerator()
        let text = Array(Self.least.utf8)
        for _ in 0..<2000 {
            var mutated = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutated[Int.random(in: mutated.indices, using: &generator)] = UInt8.random(in: 0x09...0x7E, using: &generator)
            }
            _ = fault(String(decoding: mutated.prefix(Int.random(in: 0...mutated.count, using: &generator)), as: UTF8.self))
        }
    }

    @Test("docs/cards.md says what the schema says")
    func documentation() throws {
        try expectPage("cards.md", contains: CardTableSchema.markdown)
    }
}
