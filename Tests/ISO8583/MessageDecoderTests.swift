import Seeds
import Hex
import Testing

@testable import ISO8583

@Suite("Anything that arrives is a message or malformed")
struct MessageDecoderTests {
    @Test("every prefix of a message is malformed", arguments: TestDialect.allCases)
    func truncated(_ variant: TestDialect) throws {
        let dialect = try variant.dialect
        let decoder = MessageDecoder(dialect: dialect)
        var random = SeededRandom(seed: 3)
        let answers = dialect.messages.filter { $0.value.answer == nil }.keys.sorted()
        #expect(answers.count == 6)
        for mti in answers {
            let bytes = try MessageEncoder(dialect: dialect).encode(dialect.sample(mti, &random))
            for count in 0..<bytes.count {
                #expect(throws: ISO8583Error.self, "\(mti) cut at \(count)") { try decoder.decode(Array(bytes.prefix(count))) }
            }
        }
    }

    @Test("bytes after the last field are malformed")
    func oversized() throws {
        let dialect = try Dialect.named("iso8583-1993")
        var random = SeededRandom(seed: 4)
        let bytes = try MessageEncoder(dialect: dialect).encode(dialect.sample("1210", &random))
        for extra in [1, 8, 9000] {
            let error = #expect(throws: ISO8583Error.self) { try MessageDecoder(dialect: dialect).decode(bytes + random.bytes(extra)) }
            #expect(error?.field == "end")
        }
    }

    @Test("random bytes neither trap nor show themselves", arguments: TestDialect.allCases)
    func random(_ variant: TestDialect) throws {
        let decoder = MessageDecoder(dialect: try variant.dialect)
        var random = SeededRandom(seed: 5)
        for _ in 0..<5000 {
            let bytes = random.bytes(Int.random(in: 0...300, using: &random))
            do throws(ISO8583Error) { _ = try decoder.decode(bytes) } catch { #expect(error.code == .malformed) }
        }
    }

    @Test(
        "messages with bytes changed, dropped and doubled neither trap nor decode into something that cannot be encoded",
        arguments: TestDialect.allCases)
    func mutated(_ variant: TestDialect) throws {
        let dialect = try variant.dialect
        let decoder = MessageDecoder(dialect: dialect)
        let encoder = MessageEncoder(dialect: dialect)
        var random = SeededRandom(seed: 6)
        var decoded = 0
        for round in 0..<4000 {
            let types = dialect.messages.keys.sorted()
            var bytes = try encoder.encode(dialect.sample(types[round % types.count], &random))
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
                case 2: bytes.remove(at: index)
                default: bytes.insert(bytes[index], at: index)
                }
            }
            do throws(ISO8583Error) {
                let received = try decoder.decode(bytes)
                decoded += 1
                _ = try encoder.encode(received.message)
            } catch { #expect(error.code == .malformed, "\(error)") }
        }
        #expect(decoded > 100)
    }

    @Test(
        "what is wrong is named by field",
        arguments: [
            // Each with a bitmap of its own: field 3, 11, 35, 39, 97, none.
            ("31323030 2000000000000000 3132333435", "3", "cut short"),
            ("31323030 2000000000000000 313233343541", "3", "characters"),
            ("31323030 0000000020000000 3338", "35", "longer"),
            ("31323030 0000000020000000 3341", "35", "length is no number"),
            ("31323030 0000000020000000 33", "35", "length is cut short"),
            ("31323030 0000000020000000 303541414141", "35", "cut short"),
            ("31323030 8000000000000000 0000000080000000 5830303030303030303030303030303031", "97", "characters"),
            ("31323030 0000000000000010", "60", "not in the dialect"),
            ("31323030 8000000000000001 0000000080000000", "64", "128"),
            ("31323030 00000000000000", "bitmap", "cut short"),
            ("31323030 8000000000000000 00", "bitmap", "cut short"),
            ("3132304F 0000000000000000", "mti", "digits"),
            ("313230", "mti", "cut short"),
            ("31323030 0000000000000000 00", "end", "too many"),
        ])
    func named(_ hex: String, _ field: String, _ reason: String) throws {
        let decoder = MessageDecoder(dialect: try Dialect.named("iso8583-1993"))
        let error = try #require(throws: ISO8583Error.self) { try decoder.decode(try #require([UInt8](hex: hex))) }
        #expect(error.code == .malformed)
        #expect(error.field == field)
        #expect(error.reason.contains(reason), "\(error)")
    }
}
