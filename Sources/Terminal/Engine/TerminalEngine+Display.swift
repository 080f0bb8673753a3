import Devices
import Money

extension TerminalEngine {
    func show(_ prompt: DisplayMessage.Prompt) {
        guard let current = running else { return }
        let amount = "\(current.amount.currency) \(current.amount.decimalText)"
        let buttons = prompt == .chooseApplication ? current.candidates.map(\.shownName) + [CardholderText.cancelButton] : []
        show(DisplayMessage(prompt, text: CardholderText.cardholder(prompt, amount: amount), buttons: buttons))
    }

    /// The card is asked back with the outcome; the terminal is idle meanwhile (pos-protocol, section 2).
    func showOutcome(_ decision: TransactionDecision) {
        let outcome = CardholderText.cardholder(decision.prompt, amount: "")
        switch slot.state {
        case .usedCard:
            let text = outcome + "\n" + CardholderText.cardholder(.removeCard, amount: "")
            show(DisplayMessage(.removeCard, text: text))
        case .empty, .freshCard, .noReader: show(DisplayMessage(decision.prompt, text: outcome))
        }
    }
}
