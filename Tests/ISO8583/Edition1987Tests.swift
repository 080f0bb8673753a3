import Seeds
import Hex
import Testing

@testable import ISO8583

@Suite("The 1987 edition")
struct Edition1987Tests {
    private let dialect: Dialect
    private static let yaml = String(decoding: PackageResources.iso8583_1987_yaml, as: UTF8.self)

    init() throws { dialect = try Dialect.named("iso8583-1987") }

    private static var echo: Message {
        var message = Message(mti: "0800")
        message.set(7, "0102030405")
        message.set(11, "000042")
        message.set(12, "030405")
        message.set(13, "0102")
        message.set(41, "TERM1")
        message.set(70, "301")
        return message
    }

    // Bits 1 (second bitmap), 7, 11, 12, 13 and 41: 82 38 00 00 00 80 00 00; bit 70 is the sixth of the second bitmap: 04.
    private static let bitmaps = "8238000000800000 0400000000000000"

    @Test("an echo test is these bytes: ASCII, BCD and EBCDIC, bitmaps binary")
    func knownBytes() throws {
        let expected: [(TestDialect, String)] = [
            // "0800", bitmaps, 7 "0102030405", 11 "000042", 12 "030405", 13 "0102", 41 "TERM1   ", 70 "301"
            (
                .standard1987,
                "30383030 \(Self.bitmaps) 30313032303330343035 303030303432 303330343035 30313032 5445524D31202020 333031"
            ),
            // Two digits a byte, field 70 (n3) with a zero in front; 41 is text.
            (.bcd1987, "0800 \(Self.bitmaps) 0102030405 000042 030405 0102 5445524D31202020 0301"),
            (
                .ebcdic1987,
                "F0F8F0F0 \(Self.bitmaps) F0F1F0F2F0F3F0F4F0F5 F0F0F0F0F4F2 F0F3F0F4F0F5 F0F1F0F2 E3C5D9D4F1404040 F3F0F1"
            ),
        ]
        for (variant, hex) in expected {
            let bytes = try #require([UInt8](hex: hex))
            #expect(try MessageEncoder(dialect: variant.dialect).encode(Self.echo).hex == bytes.hex, "\(variant)")
            #expect(try MessageDecoder(dialect: variant.dialect).decode(bytes).message == Self.echo, "\(variant)")
        }
    }

    @Test("the second bitmap is there only for fields above 64")
    func secondBitmap() throws {
        var random = SeededRandom(seed: 21)
        for mti in dialect.messages.keys.sorted() {
            for _ in 0..<20 {
                let message = dialect.sample(mti, &random)
                let bytes = try MessageEncoder(dialect: dialect).encode(message)
                #expect((bytes[4] & 0x80 != 0) == message.numbers.contains { $0 > 64 }, "\(message)")
            }
        }
        #expect(dialect.messages["0210"]?.echo.allSatisfy { $0 <= 64 } == true)
    }

    @Test("requests have no repeat, advices do; a repeat is answered as the first")
    func repeats() {
        #expect(dialect.definition(of: "0101") == nil)
        #expect(dialect.definition(of: "0201") == nil)
        let answers = [
            "0100": "0110", "0200": "0210", "0220": "0230", "0221": "0230", "0400": "0410", "0401": "0410", "0500": "0510", "0501": "0510",
            "0800": "0810", "0801": "0810",
        ]
        for (request, answer) in answers { #expect(dialect.answer(to: request) == answer, "\(request)") }
        #expect(dialect.answer(to: "0210") == nil)
    }

    @Test("each mandatory field is missed when it is not there; a reversal has no place for card data")
    func presence() throws {
        var random = SeededRandom(seed: 22)
        for (mti, definition) in dialect.messages {
            let whole = dialect.sample(mti, &random)
            for number in definition.mandatory {
                var message = whole
                message[number] = nil
                #expect(dialect.presenceFault(message)?.field == String(number), "\(mti)")
            }
        }
        for number in [2, 14, 34, 35, 36, 45, 52, 53] {
            var message = dialect.sample("0400", &random)
            message[number] = dialect.fields[number]?.sample(&random)
            #expect(dialect.presenceFault(message)?.field == String(number))
        }
    }

    @Test("time and date are two echoes, both verified", arguments: [3, 4, 7, 12, 13, 42, 49])
    func echoes(_ number: Int) throws {
        var random = SeededRandom(seed: 23)
        let request = dialect.sample("0200", &random)
        var answer = Message(mti: "0210")
        for number in dialect.messages["0210"]?.echo ?? [] { answer[number] = request[number] }
        answer.set(39, "00")
        #expect(dialect.answerFault(answer, to: request) == nil)
        answer.set(number, String(repeating: "9", count: request.text(number)?.count ?? 0))
        #expect(dialect.answerFault(answer, to: request) == ISO8583Error(.wrongEcho, String(number), "differs from the request's"))
        answer[number] = nil
        #expect(dialect.answerFault(answer, to: request) == ISO8583Error(.wrongEcho, String(number), "is missing"))
    }

    @Test("response codes go to the POS as they are, but for the approvals that are 00 there")
    func responseCodes() throws {
        let approvals: Set = ["00", "08", "11", "16"]
        for (code, action) in dialect.actionCodes {
            #expect(action.responseCode == (approvals.contains(code) ? "00" : code))
            let meaning: Dialect.ActionCode.Meaning = approvals.contains(code) ? .approved : code == "10" ? .partial : .declined
            #expect(action.meaning == meaning, "\(code)")
        }
        #expect(dialect.action("ZZ") == dialect.unknownActionCode)
        #expect(dialect.action("ZZ").responseCode == "05")
        // Whatever the 1993 edition's table makes of a decline exists here under its own number.
        for action in try Dialect.named("iso8583-1993").actionCodes.values where action.meaning == .declined {
            #expect(dialect.actionCodes[action.responseCode]?.meaning == .declined, "\(action.responseCode)")
        }
    }

    @Test("in the answer to a reversal 00, 94 and 25 are 400, 913 and 914; only 00 accepts an advice")
    func reversalCodes() {
        let translated = dialect.actionCodes.compactMapValues(\.reversalCode)
        #expect(translated == ["00": "400", "94": "913", "25": "914"])
        #expect(dialect.actionCodes.filter { $0.value.acceptsAdvice }.keys.sorted() == ["00"])
    }

    @Test("90: type, trace number, transmission date and time, acquirer and forwarder filled with zeros")
    func originalDataElements() throws {
        let layout = dialect.placement.originalDataElements
        let original = OriginalDataElements(
            mti: "0200", stan: "000042", localDateTime: "", transmissionDateTime: "1122204809", acquirer: "123456")
        let text = "0200" + "000042" + "1122204809" + "00000123456" + "00000000000"
        #expect(try original.text(layout: layout) == text)
        #expect(try OriginalDataElements(text, layout: layout) == original)
        #expect(try OriginalDataElements(text.dropLast() + "7", layout: layout) == original)
        let bads = ["", String(text.dropLast()), text + "0", text.replacing("0200", with: "02A0")]
        for bad in bads {
            let error = #expect(throws: ISO8583Error.self) { try OriginalDataElements(bad, layout: layout) }
            #expect(error?.field.hasPrefix("90") == true)
        }
        var wrong = original
        wrong.transmissionDateTime = "112220480"
        #expect(throws: ISO8583Error.self) { try wrong.text(layout: layout) }
        wrong = original
        wrong.acquirer = "123456789012"
        #expect(throws: ISO8583Error.self) { try wrong.text(layout: layout) }
    }

    @Test("original data read from random digits neither trap nor come back changed but for the forwarder")
    func randomOriginals() throws {
        var random = SeededRandom(seed: 24)
        let layout = dialect.placement.originalDataElements
        for _ in 0..<3000 {
            let count = Int.random(in: 38...46, using: &random)
            let text = String(decoding: (0..<count).map { _ in UInt8.random(in: 0x30...0x39, using: &random) }, as: UTF8.self)
            guard let original = try? OriginalDataElements(text, layout: layout) else {
                #expect(count != 42)
                continue
            }
            #expect(try original.text(layout: layout).prefix(31) == text.prefix(31))
            #expect(count == 42)
        }
    }

    @Test(
        "date and time patterns take their parts",
        arguments: [("YYMMDDhhmmss", "261122214809"), ("hhmmss", "214809"), ("MMDD", "1122"), ("DDMMYY", "221126")])
    func patterns(_ pattern: String, _ text: String) throws {
        let pattern = try #require(DateTimePattern(pattern))
        #expect(pattern.text(of: "261122214809") == text)
        #expect(pattern.width == text.count)
        for bad in ["", "26112221480", "26112221480X", "2611222148090"] { #expect(pattern.text(of: bad) == nil) }
    }

    @Test(
        "a fault of the file is named with key and line",
        arguments: [
            ("12: hhmmss, 13: MMDD", "12: hhmmssx, 13: MMDD", "placement.localDateTime.12", "made of"),
            ("12: hhmmss, 13: MMDD", "12: hhmm, 13: MMDD", "placement.localDateTime.12", "as long"),
            ("12: hhmmss, 13: MMDD", "12: hhmmss, 65: MMDD", "placement.localDateTime.65", "field table"),
            ("  networkFunction: 70\n", "", "placement.networkFunction", "missing"),
            ("networkFunction: 70", "networkFunction: 65", "placement.networkFunction", "field table"),
            ("{ 90: [messageType,", "{ 90: [messageKind,", "placement.originalDataElements.90", "forwarderFilled"),
            ("{ 90: [messageType,", "{ 127: [messageType,", "placement.originalDataElements", "field table"),
            ("{ 1100: \"0100\",", "{ 1100: \"0101\",", "messageTypes", "0101"),
            ("of: cardDataInputMode,", "of: weather,", "pointOfService.22.1.of", "one of"),
            ("of: cardDataInputMode, manual: \"01\"", "of: cardDataInputMode, manual: \"0001\"", "pointOfService.22.1.manual", "three"),
            ("    2: { of: card", "    3: { of: card", "pointOfService.22.3", "gap"),
            ("constants: {}", "constants: { 24: A }", "constants.24", "fit"),
            ("constants: {}", "constants: { 65: 1 }", "constants.65", "field table"),
        ])
    func faults(_ old: String, _ new: String, _ key: String, _ reason: String) throws {
        let parts = Self.yaml.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "the file has no \(old)")
        let error = try #require(throws: ISO8583Error.self) { try Dialect(yaml: String(parts[0]) + new + String(parts[1])) }
        #expect(error.code == .dialect)
        #expect(error.field == key, "\(error)")
        #expect(error.reason.hasPrefix("line ") && error.reason.contains(reason), "\(error)")
    }
}
