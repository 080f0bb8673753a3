import Seeds
import Hex
import Testing

@testable import SmartCard

@Suite("Character protocol T=0 (EMV Level 1, 9.2.3)") struct T0ProtocolTests {
    private func text(_ action: T0Protocol.Action) -> String {
        switch action {
        case .exchange(let bytes, let count): "\(bytes.hex)?\(count)"
        case .finished(let bytes): "=" + bytes.hex
        case .failed: "failed"
        }
    }

    private func play(_ tpdu: String, _ script: [(String, String)], sourceLocation: SourceLocation = #_sourceLocation) throws {
        var exchange = try T0Protocol(tpdu: try #require([UInt8](hex: tpdu)))
        #expect(text(exchange.start()) == String(tpdu.prefix(10)) + "?1", sourceLocation: sourceLocation)
        for (card, terminal) in script {
            #expect(text(exchange.on([UInt8](hex: card) ?? [])) == terminal, "after \(card)", sourceLocation: sourceLocation)
        }
    }

    @Test("case 1: the status word alone") func case1() throws { try play("0044000000", [("90", "?1"), ("00", "=9000")]) }

    @Test("case 2: INS lets all data follow") func case2() throws {
        try play("00B2011402", [("B2", "?2"), ("7000", "?1"), ("90", "?1"), ("00", "=70009000")])
    }

    @Test("case 3: INS takes all data") func case3() throws {
        try play("00A4040002AABB", [("A4", "AABB?1"), ("61", "?1"), ("10", "=6110")])
    }

    @Test("INS complemented moves one byte at a time, in either direction") func byteByByte() throws {
        try play("00A4040003AABBCC", [("5B", "AA?1"), ("5B", "BB?1"), ("A4", "CC?1"), ("90", "?1"), ("00", "=9000")])
        try play("00B2011403", [("4D", "?1"), ("01", "?1"), ("B2", "?2"), ("0203", "?1"), ("90", "?1"), ("00", "=0102039000")])
    }

    @Test("60 asks for more time, not for ever") func null() throws {
        try play("00AE400000", [("60", "?1"), ("60", "?1"), ("6C", "?1"), ("1D", "=6C1D")])
        var exchange = try T0Protocol(tpdu: [0, 0xAE, 0, 0, 0])
        _ = exchange.start()
        var count = 0
        while case .exchange = exchange.on([0x60]) { count += 1 }
        #expect(count == T0Protocol.maximumNulls)
    }

    @Test("P3 of 00 expects 256 bytes") func longest() throws {
        let data = String(repeating: "5A", count: 256)
        try play("00C0000000", [("C0", "?256"), (data, "?1"), ("90", "?1"), ("00", "=" + data + "9000")])
    }

    @Test("a status word can come before the data has gone") func early() throws {
        try play("00A4040002AABB", [("6E", "?1"), ("00", "=6E00")])
    }

    @Test("foreign procedure bytes, missing bytes and data after the last end the exchange") func violations() throws {
        try play("00B2011402", [("A4", "failed"), ("90", "failed")])
        try play("00B2011402", [("", "failed")])
        try play("00B2011402", [("B2", "?2"), ("70", "failed")])
        try play("00B2011402", [("90", "?1"), ("", "failed")])
        try play("00A4040001AA", [("A4", "AA?1"), ("A4", "failed")])
        try play("00B2011401", [("B2", "?1"), ("AA", "?1"), ("B2", "failed")])
    }

    @Test("what is no command TPDU is refused") func malformed() {
        for hex in ["", "00A40400", "00A4040002AA", "00A4040002AABBCC", "0060000000", "0090000000"] {
            #expect(throws: SmartCardError.self) { try T0Protocol(tpdu: [UInt8](hex: hex) ?? []) }
        }
    }

    @Test("command APDUs as TPDUs: Le goes in case 4, P3 is 00 in case 1, extended lengths do not exist") func mapping() throws {
        func tpdu(_ data: [UInt8], _ expected: Int?) throws -> String {
            try T0TPDU.command(CommandAPDU(0, 0xA4, 4, 0, data: data, expectedLength: expected)).hex
        }
        #expect(try tpdu([], nil) == "00A4040000")
        #expect(try tpdu([], 5) == "00A4040005")
        #expect(try tpdu([], 256) == "00A4040000")
        #expect(try tpdu([0xAA], nil) == "00A4040001AA")
        #expect(try tpdu([0xAA], 256) == "00A4040001AA")
        #expect(throws: SmartCardError.self) { try tpdu([], 257) }
        #expect(throws: SmartCardError.self) { try tpdu([UInt8](repeating: 0, count: 256), nil) }
    }

    @Test("whatever a card sends, an exchange ends after a bounded number of characters") func random() throws {
        var random = SeededRandom(seed: 42)
        for _ in 0..<5_000 {
            let data = random.bytes(upTo: 20)
            let instruction: UInt8 = 0xA4
            var exchange = try T0Protocol(tpdu: [0, instruction, 4, 0, UInt8(data.count)] + data)
            var action = exchange.start()
            var steps = 0
            while case .exchange(_, let count) = action {
                steps += 1
                guard steps < 5_000 else {
                    Issue.record("the exchange does not end")
                    break
                }
                let likely: [UInt8] = [instruction, ~instruction, 0x60, 0x61, 0x90, UInt8.random(in: .min ... .max, using: &random)]
                let length = Int.random(in: 0..<20, using: &random) == 0 ? max(0, count - 1) : count
                action = exchange.on((0..<length).map { _ in likely.randomElement(using: &random) ?? 0 })
            }
        }
    }
}
