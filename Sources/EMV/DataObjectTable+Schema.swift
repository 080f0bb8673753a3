extension DataObjectTable {
    /// The keys of the file; `docs/emv.md` has a table made from them.
    enum Key: String, CaseIterable {
        case request, final, receipt, defaultDDOL, defaultTDOL

        /// What a person is told when a value does not fit.
        var allowed: String {
            switch self {
            case .request, .final:
                "a list of tags such as 9F26, each once, of known data objects without card data, at their longest 255 bytes together"
            case .receipt: "a list of entries with the keys tag, label, beside, one of them the AID (84)"
            case .defaultDDOL: "hexadecimal digits, tags of known data objects each with a length, 9F37 among them, such as 9F3704"
            case .defaultTDOL: "hexadecimal digits, tags of known data objects each with a length, such as 9F020695059A03, or \"\" for none"
            }
        }

        var meaning: String {
            switch self {
            case .request: "Data objects in field 55 of a request, in this order."
            case .final: "The same, of a reversal or an advice: how the card's part ended."
            case .receipt:
                """
                EMV data of receipts, from the top. `label` is at most 16 characters, or a key of the receipt's words such as `application`; \
                `beside: true` puts the object on the line of the one above. 50 is printed as the card's preferred name (9F12) where the \
                terminal can show it. Text as text, all else as hexadecimal digits.
                """
            case .defaultDDOL: "What DDA signs for a card that has no DDOL (9F49)."
            case .defaultTDOL: "What the certificate hash (98) is made of for a card that has no TDOL (97)."
            }
        }
    }

    /// The table of `docs/emv.md`.
    public static var markdown: String {
        let rows = Key.allCases.map { key in
            "| `\(key.rawValue)` | \(key.allowed) | \(standard.text(key).map { "`\($0)`" } ?? "–") | \(key.meaning) |"
        }
        return (["| key | allowed | if left out | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }

    private func text(_ key: Key) -> String? {
        switch key {
        case .request: request.map(\.description).joined(separator: " ")
        case .final: final.map(\.description).joined(separator: " ")
        case .receipt: receipt.map { "\($0.tag)" }.joined(separator: " ")
        case .defaultDDOL: defaultDDOL.hex
        case .defaultTDOL: defaultTDOL.isEmpty ? nil : defaultTDOL.hex
        }
    }
}
