import Seeds
import Keys

@testable import ISO8583

/// The shipped dialects, and the same tables under the encodings that a dialect may ask for.
enum TestDialect: String, CaseIterable, Sendable {
    case standard, bcd, ebcdic, hexBitmap
    case standard1987, bcd1987, ebcdic1987, hexBitmap1987

    var dialect: Dialect {
        get throws {
            let is1987 = rawValue.hasSuffix("1987")
            var text = String(
                decoding: is1987 ? PackageResources.iso8583_1987_yaml : PackageResources.iso8583_1993_yaml, as: UTF8.self)
            func set(_ key: String, _ old: String, _ new: String) {
                text = text.split(separator: "\n", omittingEmptySubsequences: false)
                    .map { $0 == "\(key): \(old)" ? "\(key): \(new)" : String($0) }.joined(separator: "\n")
            }
            switch self {
            case .standard, .standard1987: break
            case .bcd, .bcd1987:
                set("mti", "ascii", "bcd")
                set("text", "ascii", "ascii\ndigits: bcd")
                set("lengths", "ascii", "bcd")
            case .ebcdic, .ebcdic1987:
                set("mti", "ascii", "ebcdic")
                set("text", "ascii", "ebcdic")
                set("lengths", "ascii", "ebcdic")
            case .hexBitmap, .hexBitmap1987:
                set("bitmap", "binary", "hex")
                set("lengths", "ascii", "binary")
            }
            return try Dialect(yaml: text)
        }
    }
}

extension FieldDefinition {
    /// Any value that the field can carry, `nil` length for any.
    func sample(_ random: inout SeededRandom, count wanted: Int? = nil) -> FieldValue {
        let count = wanted ?? (length == .fixed ? maximum : Int.random(in: format == .signed ? 1...maximum : 0...maximum, using: &random))
        if format == .b {
            let bytes = random.bytes(count)
            return isSecret ? .secret(SecretBytes(bytes)) : .bytes(bytes)
        }
        let alphabet: [Character] =
            switch format {
            case .n, .signed, .b: Array("0123456789")
            case .a: Array("ABCxyz")
            case .an, .anp: Array("0123456789ABCxyz")
            case .ans: Array(0x21...0x7E as ClosedRange<UInt8>).map { Character(UnicodeScalar($0)) }
            case .z: Array("0123456789=")
            }
        var text = format == .signed ? "C" : ""
        for _ in 0..<count { text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)]) }
        return isSecret ? .secret(SecretBytes(text.utf8)) : .text(text)
    }
}

extension Dialect {
    /// A message of `mti` with its mandatory fields and a random choice of the others.
    func sample(_ mti: String, _ random: inout SeededRandom) -> Message {
        var message = Message(mti: mti)
        guard let definition = definition(of: mti) else { return message }
        for number in definition.mandatory.union(definition.echo) { message[number] = fields[number]?.sample(&random) }
        for number in definition.optional where Bool.random(using: &random) { message[number] = fields[number]?.sample(&random) }
        return message
    }
}
