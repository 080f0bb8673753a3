import JSON

/// Reads the known fields of one JSON object by the rules of pos-protocol, section 2: `""` and `null` are absent, values are strings, and a JSON
/// integer is taken where digits are expected. Amounts and numbers never pass through floating point.
struct FieldReader {
    enum Alphabet: String {
        case alphanumeric = "letters and digits"
        /// Of ids that we or the POS made up.
        case identifier = "letters, digits, dot, underscore and hyphen"

        func holds(_ unit: UInt8) -> Bool {
            switch unit {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): self == .identifier
            default: false
            }
        }
    }

    let object: JSONObject
    /// What stands before a field's name in errors: where the object itself stands.
    var path = ""

    func value(_ name: String) -> JSONValue? {
        switch object[name] {
        case nil, .null, .string(""): nil
        case let value?: value
        }
    }

    func text(_ name: String, _ length: ClosedRange<Int>, _ alphabet: Alphabet) throws(FieldError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value, length.contains(text.utf8.count), text.utf8.allSatisfy(alphabet.holds) else {
            let count = length.lowerBound == 1 ? "up to \(length.upperBound)" : "\(length.lowerBound) to \(length.upperBound)"
            throw FieldError(path + name, "a string of \(count) \(alphabet.rawValue)")
        }
        return text
    }

    /// Minor units.
    func amount(_ name: String) throws(FieldError) -> Int64? {
        guard let value = value(name) else { return nil }
        switch value {
        case .integer(let number) where (0...999_999_999_999).contains(number): return number
        case .string(let text) where text.utf8.count <= 12 && text.utf8.allSatisfy({ (0x30...0x39).contains($0) }):
            if let number = Int64(text) { return number }
        default: break
        }
        throw FieldError(path + name, "1 to 12 digits, in minor units")
    }

    func flag(_ name: String) throws(FieldError) -> Bool? {
        switch value(name) {
        case nil: return nil
        case .string("0"), .integer(0): return false
        case .string("1"), .integer(1): return true
        default: throw FieldError(path + name, "\"0\" or \"1\"")
        }
    }
}
