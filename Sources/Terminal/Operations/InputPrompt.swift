import Devices
import JSON
import Keys

/// One prompt that a cardholder may type an answer to: `Texts/prompts.json`; its text is `input.ID` in `Texts/cardholder.json`.
public struct InputPrompt: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable { case digits, text }

    public let id: String
    public let kind: Kind
    public let form: EntryForm

    public static let all: [InputPrompt] = {
        guard let object = (try? JSONValue(parsing: PackageResources.prompts_json))?.object else { return [] }
        return object.members.compactMap { InputPrompt(id: $0.name, $0.value) }
    }()

    public static func named(_ id: String) -> InputPrompt? { all.first { $0.id == id } }

    private init?(id: String, _ value: JSONValue) {
        guard let kind = value["kind"]?.string.flatMap(Kind.init),
            let keyboard = value["keyboard"]?.string.flatMap(EntryForm.Keyboard.init),
            let minimum = value["minimum"]?.integer, let maximum = value["maximum"]?.integer
        else { return nil }
        self.id = id
        self.kind = kind
        form = EntryForm(keyboard: keyboard, minimumLength: Int(minimum), maximumLength: Int(maximum))
    }

    /// Whether what was typed is an answer. A card number is none, whatever was asked.
    func accepts(_ text: String) -> Bool {
        guard (form.minimumLength...form.maximumLength).contains(text.count),
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }), text.utf8.count <= 400
        else { return false }
        if kind == .digits, !text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return false }
        return !PaymentCardRanges.holdsCardNumber(text)
    }
}

/// Which numbers are payment cards' (ISO/IEC 7812: 3 to 6 are travel and banking; 2221 to 2720 are Mastercard's).
public enum PaymentCardRanges {
    public static func contains(prefix: some StringProtocol) -> Bool {
        guard let first = prefix.utf8.first else { return true }
        if (UInt8(ascii: "3")...UInt8(ascii: "6")).contains(first) { return true }
        guard first == UInt8(ascii: "2") else { return false }
        // A shorter prefix than four digits covers whatever it may be completed to.
        let lowest = prefix.prefix(4) + String(repeating: "0", count: max(0, 4 - prefix.count))
        let highest = prefix.prefix(4) + String(repeating: "9", count: max(0, 4 - prefix.count))
        return lowest <= "2720" && highest >= "2221"
    }

    /// Whether the text holds what may be a card number: 13 to 19 digits in a row, spaces and hyphens aside, of a payment range, with the right
    /// check digit.
    static func holdsCardNumber(_ text: String) -> Bool {
        let runs = text.filter { $0 != " " && $0 != "-" }.split { !$0.isASCII || !$0.isNumber }
        return runs.contains { run in
            guard run.count >= 13 else { return false }
            let digits = Array(run)
            return (13...19).contains { length in
                guard length <= digits.count else { return false }
                return (0...digits.count - length).contains { start in
                    let candidate = String(digits[start..<start + length])
                    return contains(prefix: candidate) && passesLuhn(candidate)
                }
            }
        }
    }
}
