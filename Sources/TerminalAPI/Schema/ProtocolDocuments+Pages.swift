import JSON
import Terminal

/// A page for each operation.
extension ProtocolDocuments {
    static var index: String {
        var lines = [
            "# Operations", "",
            "Written by `countertop-lab protocol` from the tables that decode and encode the messages; a test holds them together.",
            "The rules common to all are in [pos.md](../pos.md), the JSON Schemas in [schema.json](../schema.json).", "",
            "| operation | kind | while another runs | rights | |", "|---|---|---|---|---|",
        ]
        for operation in OperationDefinition.all {
            lines.append(
                "| [\(operation.name)](\(operation.name).md) | \(operation.kind.rawValue) | \(operation.isAlwaysAnswered ? "answered" : "`5`") | "
                    + "\(operation.needsTrust ? "loopback or client certificate" : "–") | \(operation.meaning) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func page(_ operation: OperationDefinition) -> String {
        var lines = ["# \(operation.name)", "", operation.meaning, ""]
        switch operation.kind {
        case .simple: lines.append("One request, one response.")
        case .complex: lines.append("One request, any number of `Status`, one final message.")
        }
        if operation.isAlwaysAnswered { lines.append("Answered also while another operation runs.") }
        if operation.needsTrust { lines.append("Needs a connection from this machine, or a client certificate (`201` otherwise).") }
        lines += ["", "```json", operation.example.prettyText, "```", "", "## Request", ""]
        lines += table(operation.request + [OperationDefinition.requestID])
        lines += ["", "## Response", "", "Besides `operation`, `result`, `errorCondition`, `errorMessage` and `requestId`:", ""]
        lines += operation.response.isEmpty ? ["Nothing."] : table(operation.response)
        lines += ["", "## Results", ""]
        lines.append(
            operation.allResults.map { "`\($0.rawValue)`" }.joined(separator: " ") + "; their meaning is in [pos.md](../pos.md), section 3."
        )
        if operation.name == "GetParameter" || operation.name == "SetParameter" { lines += parameters }
        if operation.name == "Input" { lines += prompts }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func table(_ fields: [Field]) -> [String] {
        ["| field | format | |", "|---|---|---|"]
            + fields.map { field in
                let rule = field.format.rule.replacing("|", with: "\\|")
                return "| `\(field.name)`\(field.isRequired ? " (required)" : "") | \(rule) | \(field.meaning) |"
            }
    }

    private static var parameters: [String] {
        ["", "## Parameters", "", "| key | value | standard | |", "|---|---|---|---|"]
            + ParameterDefinition.all.map { definition in
                let rights = definition.isSecurity ? " Changed only from this machine, or with a client certificate." : ""
                return "| `\(definition.key)` | \(definition.rule) | `\(definition.standard)` | \(definition.meaning)\(rights) |"
            }
    }

    private static var prompts: [String] {
        ["", "## Prompts", "", "| promptId | kind | length | English text |", "|---|---|---|---|"]
            + InputPrompt.all.map { prompt in
                let text = CardholderText(.english).text("input.\(prompt.id)")
                return
                    "| `\(prompt.id)` | \(prompt.kind.rawValue) | \(prompt.form.minimumLength) to \(prompt.form.maximumLength) | \(text) |"
            }
    }
}
