import JSON

/// Texts by key in every language: a JSON file of `Texts`.
struct TextTable: Sendable {
    private(set) var texts: [String: [Language: String]]

    /// Empty for bytes that are not such a table; the tests see to it that the built-in ones are.
    init(_ json: [UInt8]) {
        let object = (try? JSONValue(parsing: json))?.object
        texts = [:]
        for member in object?.members ?? [] {
            for language in Language.allCases { texts[member.name, default: [:]][language] = member.value[language.rawValue]?.string }
        }
    }

    /// `nil` for a key that the table lacks. What Britain writes as America does stands there once.
    func text(_ key: String, _ language: Language) -> String? {
        texts[key]?[language] ?? (language == .britishEnglish ? texts[key]?[.english] : nil)
    }
}
