import Seeds
import Testing

@testable import ISO8583

@Suite("Dialect files")
struct DialectTests {
    private let yaml = String(decoding: PackageResources.iso8583_1993_yaml, as: UTF8.self)

    @Test("every dialect that ships can be read and is called by its name")
    func shipped() throws {
        for name in Dialect.embeddedNames { #expect(try Dialect.named(name).name == name) }
        let error = #expect(throws: ISO8583Error.self) { try Dialect.named("iso8583-2099") }
        #expect(error?.code == .dialect)
    }

    @Test(
        "action codes of the contract",
        arguments: [
            ("000", "00"), ("002", "10"), ("100", "05"), ("101", "54"), ("106", "75"), ("107", "01"), ("109", "03"), ("110", "13"),
            ("111", "14"),
            ("116", "51"), ("117", "55"), ("118", "14"), ("119", "57"), ("120", "58"), ("121", "61"), ("125", "54"), ("190", "15"),
            ("200", "04"),
            ("206", "38"), ("208", "41"), ("209", "43"), ("902", "12"), ("903", "19"), ("904", "30"), ("907", "91"), ("908", "92"),
            ("909", "96"),
            ("911", "91"), ("912", "91"), ("914", "25"), ("777", "05"),
        ])
    func actionCodes(_ code: String, _ response: String) throws {
        let action = try Dialect.named("iso8583-1993").action(code)
        #expect(action.responseCode == response)
        let approves = ["000": Dialect.ActionCode.Meaning.approved, "002": .partial][code] ?? .declined
        #expect(action.meaning == approves)
    }

    @Test(
        "a fault is named with key and line",
        arguments: [
            ("mac: aes-cmac", "mac: rot13", "mac", "aes-cmac"),
            ("bitmap: binary", "bitmaps: binary", "bitmaps", "unknown key"),
            ("header: { bytes: 2,", "header: { bytes: 9,", "header.bytes", "1 to 4"),
            ("encoding: binary, inclusive", "encoding: roman, inclusive", "header.encoding", "ascii, ebcdic, bcd, binary"),
            ("inclusive: false", "inclusive: perhaps", "header.inclusive", "true or false"),
            ("  3: { name: processing code, format: n,", "  3: { name: processing code, format: q,", "fields.3.format", "one of"),
            ("  3: { name: processing code", "  1: { name: processing code", "fields.1", "2 to 128"),
            ("  3: { name: processing code, format: n, max: 6 }", "  3: { name: processing code, format: n }", "fields.3.max", "missing"),
            ("mandatory: [7, 11, 12, 24, 41]", "mandatory: [7, 11, 99]", "messages.1804.mandatory", "not in the field table"),
            ("answer: 1814", "answer: 1815", "messages.1804", "1815"),
            ("networkRequest: 1804", "networkRequest: 1814", "networkRequest", "request"),
            ("format: b, max: 8 }\n  74", "format: b, max: 4 }\n  74", "fields.64.format", "8 bytes"),
            (
                "response: 54, text: EXPIRED CARD, meaning: declined", "response: 54, text: EXPIRED CARD, meaning: perhaps",
                "actionCodes.101.meaning", "one of"
            ),
            (
                "unknownActionCode: { response: \"05\", text: DECLINED, meaning: declined",
                "unknownActionCode: { response: \"05\", text: DECLINED, meaning: approved", "unknownActionCode", "decline"
            ),
            ("options: {}", "options: { unknownOriginalFinalAfter: soon }", "options.unknownOriginalFinalAfter", "1 to 86400"),
            ("  13: approval code", "  133: approval code", "privateElements", "two digits"),
        ])
    func faults(_ old: String, _ new: String, _ key: String, _ reason: String) throws {
        let parts = yaml.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "the file has no \(old)")
        let error = try #require(throws: ISO8583Error.self) { try Dialect(yaml: String(parts[0]) + new + String(parts[1])) }
        #expect(error.code == .dialect)
        #expect(error.field == key, "\(error)")
        #expect(error.reason.contains(reason), "\(error)")
        #expect(error.reason.hasPrefix("line "), "\(error)")
    }

    @Test("anything else than a dialect file is an error, not a trap")
    func noise() {
        var random = SeededRandom(seed: 10)
        for text in [
            yaml.replacing("  23: { name: card", with: "  22: { name: card"), "", "a", "[1]", "name: [", "fields: 3", "\u{0}",
            "name: x\nheader: {bytes: 2}",
        ] {
            #expect(throws: ISO8583Error.self) { try Dialect(yaml: text) }
        }
        let bytes = Array(yaml.utf8)
        for _ in 0..<60 {
            var changed = bytes
            changed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0x20...0x7E, using: &random)
            _ = try? Dialect(yaml: String(decoding: changed, as: UTF8.self))
        }
    }
}
