import Devices

/// What cardholder and cashier read, in one language: `Texts/cardholder.json`.
public struct CardholderText: Sendable {
    public let language: Language

    public init(_ language: Language = .english) { self.language = language }

    /// The text under `key`, with `{name}` replaced. A text that the table lacks is its key, so that nobody is left without a prompt.
    public func text(_ key: String, _ values: [String: String] = [:]) -> String {
        guard var text = Self.table.text(key, language) else { return key }
        for (name, value) in values { text = text.replacing("{\(name)}", with: value) }
        return text
    }

    public var welcome: String { text("welcome") }
    public var cancelButton: String { text("button.cancel") }

    /// `message` of a Status.
    public func cashier(_ context: StatusContext) -> String { text("cashier.\(context.rawValue)") }

    public func cardholder(_ prompt: DisplayMessage.Prompt, amount: String) -> String { text(prompt.rawValue, ["amount": amount]) }

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
