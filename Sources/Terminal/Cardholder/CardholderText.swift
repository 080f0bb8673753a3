import Devices

/// What cardholder and cashier read, in one language: `Texts/cardholder.json`.
public struct CardholderText: Sendable {
    public let language: Language

    public init(_ language: Language = .english) { self.language = language }

    /// The text under `key`, with `{name}` replaced. A text that the table lacks is its key, so that nobody is left without a prompt.
    public func text(_ key: String, _ values: [String: String] = [:]) -> String {
        guard let text = Self.table.text(key, language) else { return key }
        guard !values.isEmpty, text.utf8.contains(UInt8(ascii: "{")) else { return text }
        let pieces = text.split(separator: "{", omittingEmptySubsequences: false)
        // Each piece after the first begins with a name. What stands there by another name is text.
        return pieces.dropFirst().reduce(into: String(pieces[0])) { result, piece in
            let named = piece.firstIndex(of: "}").flatMap { end in
                values[String(piece[..<end])].map { ($0, piece[piece.index(after: end)...]) }
            }
            if let (value, rest) = named { result += value + rest } else { result += "{" + piece }
        }
    }

    public var welcome: String { text("welcome") }
    public var cancelButton: String { text("button.cancel") }

    /// `message` of a Status.
    public func cashier(_ context: StatusContext) -> String { text("cashier.\(context.rawValue)") }

    /// - Parameter amount: made only for a prompt that shows it.
    public func cardholder(_ prompt: DisplayMessage.Prompt, amount: @autoclosure () -> String) -> String {
        let plain = text(prompt.rawValue)
        return plain.utf8.contains(UInt8(ascii: "{")) ? text(prompt.rawValue, ["amount": amount()]) : plain
    }

    /// Every key with its languages.
    static let table = TextTable(PackageResources.cardholder_json)
}

extension TransactionDecision {
    /// What the cardholder learns.
    var prompt: DisplayMessage.Prompt {
        switch result {
        case .completed: .approved
        case .declinedByCard, .declinedByHost: .declined
        case .cancelledByCardholder, .cancelledByPOS: .cancelled
        default: .notCompleted
        }
    }
}
