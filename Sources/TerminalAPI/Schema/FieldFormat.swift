import JSON

/// What the value of one field may be. Requests are checked by it, answers are described by it, and the JSON Schemas are written from it
/// (pos-protocol, section 2: values are strings, a JSON integer is taken where digits are expected).
indirect enum FieldFormat: Sendable {
    enum Alphabet: String, Sendable {
        case alphanumeric = "letters and digits"
        /// Of ids that we or the POS made up.
        case identifier = "letters, digits, dot, underscore and hyphen"
        case printable = "printable ASCII characters"

        func holds(_ unit: UInt8) -> Bool {
            switch unit {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): self != .alphanumeric
            default: self == .printable && (0x20...0x7E).contains(unit)
            }
        }

        /// For a JSON Schema pattern.
        var characterClass: String {
            switch self {
            case .alphanumeric: "[0-9A-Za-z]"
            case .identifier: "[0-9A-Za-z._-]"
            case .printable: "[ -~]"
            }
        }
    }

    case text(ClosedRange<Int>, Alphabet)
    /// UTF-8 for people, at most so many bytes, without control characters other than line feed.
    case prose(atMost: Int)
    /// Digits of a fixed number, such as a date.
    case digits(ClosedRange<Int>, as: String)
    /// Minor units, 1 to 12 digits.
    case amount
    case number(ClosedRange<Int64>)
    case flag
    case choice([String])
    /// A list of some of these words, or one string with them separated by spaces or commas.
    case words([String])
    /// Digits with at most one point: pieces or weight.
    case quantity
    /// PEM text.
    case pem(atMost: Int)
    /// Only in answers: any string, by this JSON Schema pattern when there is one.
    case string(pattern: String?)
    case list(ClosedRange<Int>, FieldFormat)
    case object([Field])
}

/// One field of a message: what decodes, encodes and documents it.
struct Field: Sendable {
    let name: String
    let format: FieldFormat
    /// Required in every request of its operation; in answers: always there.
    let isRequired: Bool
    let meaning: String

    init(_ name: String, _ format: FieldFormat, required: Bool = false, _ meaning: String) {
        self.name = name
        self.format = format
        isRequired = required
        self.meaning = meaning
    }
}

extension FieldFormat {
    /// The text of a value of this kind; `nil` for any other value.
    func text(_ value: JSONValue) -> String? {
        switch self {
        case .text(let length, let alphabet):
            guard let text = value.string, length.contains(text.utf8.count), text.utf8.allSatisfy(alphabet.holds) else { return nil }
            return text
        case .prose(let atMost):
            guard let text = value.string, text.utf8.count <= atMost,
                !text.unicodeScalars.contains(where: { ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) })
            else { return nil }
            return text
        case .digits(let length, _):
            guard let text = Self.digits(value), length.contains(text.utf8.count) else { return nil }
            return text
        case .choice(let choices): return value.string.flatMap { choices.contains($0) ? $0 : nil }
        case .quantity:
            guard let text = value.integer.map(String.init) ?? value.string, (1...12).contains(text.utf8.count) else { return nil }
            let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy({ (0x30...0x39).contains($0) }) }) else { return nil }
            return text
        case .pem(let atMost): return value.string.flatMap { $0.utf8.count <= atMost && $0.hasPrefix("-----BEGIN ") ? $0 : nil }
        case .amount, .number, .flag, .words, .string, .list, .object: return nil
        }
    }

    /// The number of a value of this kind.
    func number(_ value: JSONValue) -> Int64? {
        guard let text = Self.digits(value), text.utf8.count <= 12, let number = Int64(text) else { return nil }
        switch self {
        case .amount: return number
        case .number(let range): return range.contains(number) ? number : nil
        case .flag: return text == "0" || text == "1" ? number : nil
        default: return nil
        }
    }

    /// Digits, as a string or as a JSON integer. Numbers never pass through floating point.
    private static func digits(_ value: JSONValue) -> String? {
        switch value {
        case .integer(let number) where number >= 0: String(number)
        case .string(let text) where !text.isEmpty && text.utf8.allSatisfy({ (0x30...0x39).contains($0) }): text
        default: nil
        }
    }

    /// The words of a value of this kind.
    func words(_ value: JSONValue) -> [String]? {
        guard case .words(let allowed) = self else { return nil }
        let words: [String]
        switch value {
        case .array(let elements):
            words = elements.compactMap(\.string)
            guard words.count == elements.count else { return nil }
        case .string(let text): words = text.split { $0 == " " || $0 == "," }.map(String.init)
        default: return nil
        }
        return words.allSatisfy(allowed.contains) ? words : nil
    }

    /// What a value must be, for the POS's developer.
    var rule: String {
        switch self {
        case .text(let length, let alphabet): "a string of \(Self.count(length)) \(alphabet.rawValue)"
        case .prose(let atMost): "a text of up to \(atMost) bytes without control characters"
        case .digits(let length, let meaning): "\(Self.count(length)) digits, \(meaning)"
        case .amount: "1 to 12 digits, in minor units"
        case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .flag: "\"0\" or \"1\""
        case .choice(let choices): "one of \(choices.joined(separator: " "))"
        case .words(let words): "a subset of \(words.joined(separator: " "))"
        case .quantity: "up to 12 digits with at most one point"
        case .pem(let atMost): "PEM text of up to \(atMost) bytes"
        case .string: "a string"
        case .list(let count, let element): "a list of \(Self.count(count)) elements, each \(element.rule)"
        case .object(let fields): "an object with \(fields.map(\.name).joined(separator: " "))"
        }
    }

    private static func count(_ range: ClosedRange<Int>) -> String {
        if range.lowerBound == range.upperBound { return "\(range.lowerBound)" }
        return range.lowerBound <= 1 ? "up to \(range.upperBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
}
