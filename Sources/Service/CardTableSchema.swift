/// The keys of the card table. `docs/cards.md` is written from them, and a test holds the two together.
public enum CardTableSchema {
    static let file: [TableKey] = [.init("cards", .tables(card), .required, "One entry for each brand and kind of card.")]

    static let card: [TableKey] = [
        .init("brand", .text(atMost: 16), .required, "`cardBrand` of answers and receipts."),
        .init("type", .choice(["credit", "debit", "gift", "ebt"]), .required, "`cardTypeProcessed`; debit cannot be voided."),
        .init(
            "binRanges", .texts("first digits such as 4, or from-through such as 222100-272099"), .optional,
            "Card numbers by their first digits, for cards without a chip. The longest that fits counts."),
        floorLimit("of all applications below that have none of their own"),
        .init("randomSelection", .table(randomSelection), .optional, "As below, for all applications that have none of their own."),
        .init("applications", .tables(application), .optional, "Chip applications, most wanted first."),
    ]

    static let application: [TableKey] = [
        .init("aid", .hex(5...16), .required, "Application identifier (EMV 9F06); no other application has the same."),
        .init("partialMatch", .boolean, .optional, "Whether a card's AID may be longer; `true` if left out (EMV 4.4 Book 1, 12.3.3)."),
        .init("label", .text(atMost: 16), .required, "Shown when the card has no name of its own."),
        .init(
            "versions", .texts("4 hexadecimal digits each"), .optional,
            "Application versions (9F09); the first is used when the card's is not among them. `008C` if left out."),
        .init(
            "denial", .hex(5...5), .optional,
            "Terminal action code: what is declined at once. `0010000000` if left out (EMV 4.4 Book 3, 10.7)."),
        .init(
            "online", .hex(5...5), .optional, "Terminal action code: what goes online. `FC50BCF800` with \"merchant forced\" if left out."),
        .init(
            "default", .hex(5...5), .optional,
            "Terminal action code: what is declined when the host cannot be reached. `FC50BCA000` if left out."
        ),
        floorLimit("(9F1B)"),
        .init("randomSelection", .table(randomSelection), .optional, "Which amounts under the floor limit go online all the same."),
        .init("riskManagementData", .hex(1...8), .optional, "Terminal risk management data (9F1D), when a card asks for it."),
        .init(
            "preferredOver", .texts("AIDs or their first bytes"), .optional,
            "Debit preference: applications that are not offered when the card has this one too and says by 9F0C or 42 that both are of one issuer."
        ),
    ]

    static let randomSelection: [TableKey] = [
        .init("threshold", .integer(0...999_999_999_999), .optional, "Minor units: from here on the chance grows. 0 if left out."),
        .init("targetPercentage", .integer(0...99), .required, "Chance below the threshold."),
        .init("maximumPercentage", .integer(0...99), .optional, "Chance just under the floor limit; as the target if left out."),
    ]

    private static func floorLimit(_ whose: String) -> TableKey {
        .init(
            "floorLimit", .integer(0...999_999_999_999), .optional,
            "Floor limit \(whose), minor units: a credit card may approve less by itself. 0 if left out: never.")
    }

    /// The tables of `docs/cards.md`.
    public static var markdown: String {
        [("cards", card), ("applications", application), ("randomSelection", randomSelection)].map { name, keys in
            (["### `\(name)`", "", "| key | allowed | | meaning |", "|---|---|---|---|"]
                + keys.map { "| `\($0.name)` | \($0.kind.allowed) | \($0.presence == .required ? "must be given" : "") | \($0.meaning) |" })
                .joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }
}
