/// The table of `docs/configuration.md`, made from the schema; a test holds the page to it.
public enum ConfigurationReference {
    public static var markdown: String {
        var lines = ["| key | allowed | if left out | meaning |", "|---|---|---|---|"]
        for key in ConfigurationSchema.keys {
            let standard =
                switch key.presence {
                case .required: "must be given"
                case .optional: "–"
                case .standard(""): "empty"
                case .standard(let text): "`\(text)`"
                }
            lines.append("| `\(key.path)` | \(key.kind.allowed) | \(standard) | \(key.meaning) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
