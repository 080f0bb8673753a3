import Devices
import Money

/// The cardholder's tip, before the card (`Status` `Tip`).
extension TerminalEngine {
    var tipRules: TipRules { environment.parameters.map { TipRules($0) } ?? TipRules() }

    var canAskForTip: Bool { environment.display.abilities.contains(.buttons) }

    func askForTip() {
        guard let current = running, let base = Amount(minorUnits: current.request.requestedAmount ?? 0, currency: current.amount.currency),
            let answers = environment.display.answers()
        else { return feed(.tipSettled) }
        // Screens of different transactions have different numbers, so that a press that was late is nobody's tip.
        let dialogue = TipDialogue(
            tipRules, base: base, amount: current.amount, texts: texts, mayType: environment.display.abilities.contains(.entry),
            firstScreen: current.exchange.stan * 1000)
        show(dialogue.first)
        let id = current.id
        running?.choice = Task { [weak self] in
            var dialogue = dialogue
            for await answer in answers {
                switch dialogue.on(answer) {
                case .ignored: continue
                case .show(let message): await self?.showTip(message, id)
                case .settled(let tip): return await self?.tipChosen(tip, id) ?? ()
                case .cancelled: return await self?.tipChosen(nil, id) ?? ()
                }
            }
        }
    }

    private func showTip(_ message: DisplayMessage, _ id: TransactionID) {
        guard let current = running, current.id == id, current.machine.phase == .tip else { return }
        show(message)
    }

    private func tipChosen(_ tip: Int64?, _ id: TransactionID) {
        guard let current = running, current.id == id, current.machine.phase == .tip else { return }
        guard let tip, let more = Amount(minorUnits: tip, currency: current.amount.currency).flatMap(current.amount.adding) else {
            return feed(.tipCancelled)
        }
        running?.plan.tip = tip
        running?.plan.amount = more
        running?.draft.tipAmount = tip
        feed(.tipSettled)
    }
}
