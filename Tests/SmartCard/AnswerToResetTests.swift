import Seeds
import Hex
import SmartCard
import Testing

@Suite("Answer to reset (ISO/IEC 7816-3, 8; EMV Level 1, 8)")
struct AnswerToResetTests {
    private func parse(_ text: String) throws -> AnswerToReset { try AnswerToReset.parse(try #require([UInt8](hex: text))) }

    private func findings(_ text: String, after reset: CardReset = .cold) throws -> [String] {
        try parse(text).emvFindings(after: reset).map(\.message)
    }

    /// Appends TCK.
    private func checked(_ text: String) throws -> String {
        let bytes = try #require([UInt8](hex: text))
        return text + [bytes.dropFirst().reduce(0, ^)].hex
    }

    @Test("the smallest T=0 answer")
    func smallest() throws {
        let answer = try parse("3B600000")
        #expect(answer.convention == .direct && answer.protocols == [0] && answer.historicalBytes.isEmpty && answer.checkCharacter == nil)
        #expect(answer.interfaceBytes(1).tb == 0x00 && answer.interfaceBytes(1).tc == 0x00 && answer.interfaceBytes(2).ta == nil)
        #expect(try findings("3B600000").isEmpty)
    }

    @Test("interface bytes, historical bytes and TCK of a T=1 card")
    func blockProtocol() throws {
        let text = try checked("3BE50000" + "81" + "31" + "FE45" + "4142434445")
        let answer = try parse(text)
        #expect(answer.protocols == [1] && answer.historicalBytes == Array("ABCDE".utf8) && answer.checkCharacter != nil)
        #expect(answer.interfaceBytes(3).ta == 0xFE && answer.interfaceBytes(3).tb == 0x45)
        #expect(try findings(text).isEmpty)
        #expect(try parse(try checked("3B8080" + "01")).protocols == [0, 1])
        #expect(try parse("3F6200004142").convention == .inverse)
    }

    @Test(
        "malformed answers are named",
        arguments: [
            ("", SmartCardError.Code.atrTruncated), ("3B", .atrTruncated), ("3C00", .atrConvention), ("0000", .atrConvention),
            ("3B60", .atrTruncated), ("3B6000", .atrTruncated), ("3B620000", .atrTruncated), ("3B8001", .atrTruncated),
            ("3B800180", .atrChecksum), ("3B60000000", .atrTrailingBytes), ("3B8001810000", .atrTrailingBytes),
            ("3B80" + String(repeating: "80", count: 40), .atrTooLong), ("3B80" + String(repeating: "80", count: 31), .atrTruncated),
        ])
    func malformed(text: String, code: SmartCardError.Code) throws {
        #expect { try parse(text) } throws: { ($0 as? SmartCardError)?.code == code }
    }

    @Test("every cut and every changed byte of a good answer is refused or read, never a trap")
    func random() throws {
        var random = SeededRandom(seed: 3)
        let good = try #require([UInt8](hex: try checked("3BE50000" + "81" + "31" + "FE45" + "4142434445")))
        for end in good.indices { #expect(throws: SmartCardError.self) { try AnswerToReset.parse(Array(good.prefix(end))) } }
        for _ in 0..<50_000 {
            var bytes = Bool.random(using: &random) ? good : [0x3B] + random.bytes(upTo: 36)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            guard let answer = try? AnswerToReset.parse(bytes) else { continue }
            _ = answer.emvFindings(after: .cold)
            _ = answer.interfaceBytes(Int.random(in: -2...40, using: &random))
        }
    }

    @Test("EMV rejects what no terminal has to support")
    func emvRules() throws {
        // TA1 in specific mode
        #expect(try findings("3BF0180000" + "10" + "00").contains { $0.contains("TA1") })
        #expect(try findings("3BF0110000" + "10" + "00").isEmpty)
        // TB1 after a cold and after a warm reset
        #expect(try findings("3B602500", after: .cold).contains { $0.contains("TB1") })
        #expect(try findings("3B602500", after: .warm).isEmpty)
        #expect(try findings("3B00", after: .cold).contains { $0.contains("TB1") })
        #expect(try findings("3B00", after: .warm).isEmpty)
        // First protocol neither T=0 nor T=1
        #expect(try findings(try checked("3BE0000002")).contains { $0.contains("TD1") })
        // TB2, TC2
        #expect(try findings("3BE0000020" + "00").contains { $0.contains("TB2") })
        #expect(try findings("3BE0000040" + "0A").isEmpty)
        #expect(try findings("3BE0000040" + "00").contains { $0.contains("TC2") })
        // TA2 implicit, or another protocol than TD1
        #expect(try findings("3BE0000010" + "10").contains { $0.contains("implicit") })
        #expect(try findings("3BE0000010" + "01").contains { $0.contains("different protocols") })
        // T=1 without TB3; BWI, CWI, IFSC, CRC out of range
        #expect(try findings(try checked("3BE000008111" + "FE")).contains { $0.contains("TB3") })
        #expect(try findings(try checked("3BE000008131" + "0F45")).contains { $0.contains("TA3") })
        #expect(try findings(try checked("3BE000008131" + "FE55")).contains { $0.contains("BWI") })
        #expect(try findings(try checked("3BE000008131" + "FE46")).contains { $0.contains("CWI") })
        #expect(try findings(try checked("3BE000FE8131" + "FE45")).contains { $0.contains("N + 1") })
        #expect(try findings(try checked("3BE000FF8131" + "FE40")).isEmpty)
        #expect(try findings(try checked("3BE000008131" + "FE40")).contains { $0.contains("N + 1") })
        #expect(try findings(try checked("3BE000008171" + "FE4501")).contains { $0.contains("TC3") })
        // After T=0 a T=1 offer is fine, T=2 is not.
        #expect(try findings(try checked("3BE0000080" + "02")).contains { $0.contains("TD2") })
    }
}
