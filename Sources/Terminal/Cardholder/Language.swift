/// Languages of the cardholder texts (BCP 47). English is written as in America, or as in Britain (parameter `ENGVAR`).
public enum Language: String, Sendable, CaseIterable, Codable {
    case english = "en"
    case french = "fr"
    case spanish = "es"
    case britishEnglish = "en-GB"

    /// In the order of the parameter `LANG` (pos-protocol, section 6): 0 English, 1 French, 2 Spanish.
    static let spoken: [Language] = [.english, .french, .spanish]

    /// By the value of `LANG`.
    public init?(parameter: String) {
        guard let number = Int(parameter), Self.spoken.indices.contains(number) else { return nil }
        self = Self.spoken[number]
    }

    public var parameter: String { String(Self.spoken.firstIndex(of: self) ?? 0) }

    /// The first language of the card's preferences (EMV 5F2D: one to four ISO 639-1 codes, best first) that there are texts in; `nil` when there
    /// is none.
    public init?(cardPreference: some Sequence<UInt8>) {
        var codes: [String] = []
        for byte in cardPreference.prefix(8) {
            // The two letters of a code; cards in the field have written them in capitals.
            let letter = String(UnicodeScalar(byte | 0x20))
            if codes.last?.count == 1 { codes[codes.count - 1] += letter } else { codes.append(letter) }
        }
        guard let language = codes.lazy.compactMap({ Language(rawValue: $0) }).first else { return nil }
        self = language
    }
}
