import Devices
import Money

extension TerminalEngine {
    /// Language of a cardholder whose card says nothing else: the parameter `LANG`, else the configuration.
    var language: Language {
        variety(environment.parameters?.language ?? Language(rawValue: environment.configuration.language) ?? .english)
    }

    private func variety(_ language: Language) -> Language { environment.parameters?.variety(of: language) ?? language }

    /// What the cardholder of the running transaction reads, in the language of the card once it is known.
    var texts: CardholderText { CardholderText(running?.cardLanguage.map(variety) ?? language) }

    private func message(_ prompt: DisplayMessage.Prompt, _ text: String, _ buttons: [String] = []) -> DisplayMessage {
        DisplayMessage(prompt, text: text, buttons: buttons, language: texts.language.rawValue)
    }

    func showWelcome() { show(message(.welcome, texts.welcome)) }

    func show(_ prompt: DisplayMessage.Prompt) {
        guard let current = running else { return }
        func amount() -> String { "\(current.amount.currency) \(current.amount.decimalText)" }
        if prompt == .removeCard, isPerformingScripts {
            askBack = message(.removeCard, texts.cardholder(.removeCard, amount: amount()))
            return show(message(.processing, texts.cardholder(.processing, amount: amount())))
        }
        let buttons = prompt == .chooseApplication ? current.candidates.map(\.shownName) + [texts.cancelButton] : []
        let text = prompt == .enterPIN ? pinText(amount: amount()) : texts.cardholder(prompt, amount: amount())
        show(message(prompt, text, buttons))
    }

    /// The card is asked back with the outcome; the terminal is idle meanwhile (pos-protocol, section 2).
    func showOutcome(_ decision: TransactionDecision) {
        let outcome = texts.cardholder(decision.prompt, amount: "")
        switch slot.state {
        case .usedCard where isPerformingScripts:
            askBack = message(.removeCard, outcome + "\n" + texts.cardholder(.removeCard, amount: ""))
            show(message(decision.prompt, outcome + "\n" + texts.cardholder(.processing, amount: "")))
        case .usedCard: show(message(.removeCard, outcome + "\n" + texts.cardholder(.removeCard, amount: "")))
        case .empty, .freshCard, .noReader: show(message(decision.prompt, outcome))
        }
    }
}
