import Seeds
import Hex
import Keys
import Testing

@testable import ISO8583

@Suite("Messages on the wire")
struct MessageCodecTests {
    @Test("every message type comes back as it was sent, in every encoding", arguments: TestDialect.allCases)
    func roundTrip(_ variant: TestDialect) throws {
        let dialect = try variant.dialect
        var random = SeededRandom(seed: 1)
        for mti in dialect.messages.keys.sorted() {
            for _ in 0..<50 {
                let message = dialect.sample(mti, &random)
                #expect(dialect.presenceFault(message) == nil)
                let received = try MessageDecoder(dialect: dialect).decode(MessageEncoder(dialect: dialect).encode(message))
                #expect(received.message == message)
                #expect(received.mac == nil)
            }
        }
    }

    @Test("every field comes back, empty, short and full", arguments: TestDialect.allCases)
    func everyField(_ variant: TestDialect) throws {
        let dialect = try variant.dialect
        var random = SeededRandom(seed: 2)
        for (number, field) in dialect.fields where number != 64 && number != 128 {
            let counts = field.length == .fixed ? [field.maximum] : [0, 1, field.maximum / 2, field.maximum - 1, field.maximum]
            for count in counts {
                var message = Message(mti: "1200")
                message[number] = field.sample(&random, count: count)
                let bytes = try MessageEncoder(dialect: dialect).encode(message)
                #expect(try MessageDecoder(dialect: dialect).decode(bytes).message == message, "field \(number), \(count) long")
            }
        }
    }

    @Test("an echo test is these bytes")
    func knownBytes() throws {
        var message = Message(mti: "1804")
        message.set(7, "0102030405")
        message.set(11, "000042")
        message.set(12, "260102030405")
        message.set(24, "831")
        message.set(41, "TERM1")
        // 7, 11, 12, 24 and 41: bits of bytes 1, 2, 3 and 6.
        let expected =
            Array("1804".utf8) + [0x02, 0x30, 0x01, 0x00, 0x00, 0x80, 0x00, 0x00] + Array("0102030405000042260102030405831TERM1   ".utf8)
        let dialect = try Dialect.named("iso8583-1993")
        #expect(try MessageEncoder(dialect: dialect).encode(message) == expected)
        #expect(try MessageDecoder(dialect: dialect).decode(expected).message == message)
    }

    @Test("the same in BCD")
    func knownBytesInBCD() throws {
        var message = Message(mti: "1200")
        message.set(3, "123456")
        message.set(35, "4761739001010010=29122011758928889")
        message.set(97, "D0000000000000500")
        let expected = [UInt8](
            hex: "1200 A000000020000000 0000000080000000 123456 34 4761739001010010D29122011758928889 44 0000000000000500")
        #expect(try MessageEncoder(dialect: TestDialect.bcd.dialect).encode(message) == expected)
        #expect(try MessageDecoder(dialect: TestDialect.bcd.dialect).decode(#require(expected)).message == message)
    }

    @Test("the MAC is the last field and covers everything before it", arguments: [false, true])
    func mac(secondBitmap: Bool) throws {
        let dialect = try Dialect.named("iso8583-1993")
        var message = Message(mti: "1520")
        message.set(11, "000042")
        if secondBitmap { message.set(97, "C0000000000000001") }
        var covered: [UInt8] = []
        let bytes = try MessageEncoder(dialect: dialect).encode(message) {
            covered = $0
            return [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        }
        let received = try MessageDecoder(dialect: dialect).decode(bytes)
        #expect(received.mac == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(Array(received.authenticated) == covered)
        #expect(covered + [1, 2, 3, 4, 5, 6, 7, 8] == bytes)
        #expect(received.message.numbers.last == (secondBitmap ? 128 : 64))
    }

    @Test("values that a field cannot carry are refused by field, without the value")
    func unencodable() throws {
        let dialect = try Dialect.named("iso8583-1993")
        let encoder = MessageEncoder(dialect: dialect)
        let cases: [(Int, FieldValue)] = [
            (3, .text("12345")), (3, .text("1234567")), (4, .text("00000000050A")), (41, .text("NINECHARS")), (43, .text("Caf\u{E9}")),
            (39, .text("")), (48, .text(String(repeating: "A", count: 1000))), (55, .text("9F26")), (11, .bytes([1, 2, 3])),
            (97, .text("X0000000000000001")), (2, .text("47617390010100 0")), (35, .text(String(repeating: "1", count: 38))),
            (60, .text("A")),
        ]
        for (number, value) in cases {
            var message = Message(mti: "1200")
            message[number] = value
            do throws(ISO8583Error) {
                _ = try encoder.encode(message)
                Issue.record("field \(number) was encoded")
            } catch {
                #expect(error.field == String(number))
                #expect(error.code == .unencodable)
                if case .text(let text) = value, text.count > 4 { #expect(!error.description.contains(text)) }
            }
        }
        #expect(throws: ISO8583Error.self) { try encoder.encode(Message(mti: "12A0")) }
    }
}
