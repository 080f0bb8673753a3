import Foundation
import Hex
import Testing

@testable import ISO8583

/// Messages that PyPI `pyiso8583` built (`Tests/Conformance/vectors.py`): another implementation with our dialect files as its specification.
@Suite("Every field as another implementation writes it")
struct PeerVectorTests {
    private struct Vector: Decodable {
        let bytes: String
        let fields: [String: String]
    }

    private static let names: [String: TestDialect] = [
        "iso8583-1993 ascii": .standard, "iso8583-1993 ebcdic": .ebcdic, "iso8583-1993 bcd": .bcd,
        "iso8583-1987 ascii": .standard1987, "iso8583-1987 ebcdic": .ebcdic1987, "iso8583-1987 bcd": .bcd1987,
    ]

    @Test("read as it was meant, and written the same again", arguments: names.keys.sorted())
    func vectors(_ name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Conformance/pyiso8583.json")
        let all = try JSONDecoder().decode([String: [Vector]].self, from: Data(contentsOf: file))
        #expect(Set(all.keys) == Set(Self.names.keys))
        let dialect = try #require(Self.names[name]).dialect
        var seen: Set<Int> = []
        for vector in try #require(all[name]) {
            let bytes = try #require([UInt8](hex: vector.bytes))
            let message = try MessageDecoder(dialect: dialect).decode(bytes).message
            #expect(message.mti == "1200" && message.numbers == vector.fields.keys.compactMap { Int($0) }.sorted())
            for (key, expected) in vector.fields {
                let number = try #require(Int(key))
                let field = try #require(dialect.fields[number])
                #expect(text(message, field) == expected, "field \(number)")
                seen.insert(number)
            }
            #expect(try MessageEncoder(dialect: dialect).encode(message) == bytes, "\(vector.fields.keys.sorted())")
        }
        // A sign in front of packed digits is nothing that pyiso8583 knows.
        let missing = dialect.fields.values.filter { !seen.contains($0.number) }
        #expect(missing.allSatisfy { $0.encoding == .bcd && $0.format == .signed }, "\(missing.map(\.number)) are not in the vectors")
    }

    /// As the vectors have it: bytes in hexadecimal.
    private func text(_ message: Message, _ field: FieldDefinition) -> String? {
        let bytes = message.secret(field.number).map { $0.withBytes { Array($0) } } ?? message.bytes(field.number)
        guard let bytes else { return message.text(field.number) }
        return field.format == .b ? bytes.hex : String(decoding: bytes, as: UTF8.self)
    }
}
