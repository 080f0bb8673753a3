import Devices
import Money

/// The question for a tip, from the first screen to the answer: some percentages, none, or what the cardholder types. A value: no I/O, no clock.
struct TipDialogue: Sendable {
    enum Step: Sendable, Hashable {
        /// Not an answer to what is shown.
        case ignored
        case show(DisplayMessage)
        /// Minor units; 0 for no tip.
        case settled(Int64)
        case cancelled
    }

    private enum State: Sendable {
        case choosing
        case typing
        case confirming(Int64)
    }

    private static let typedDigits = 9

    private let rules: TipRules
    /// What the tip is a share of.
    private let base: Amount
    /// What the card is charged without it.
    private let amount: Amount
    private let texts: CardholderText
    private let mayType: Bool
    private var state = State.choosing
    private var screen: Int

    /// - Parameters:
    ///   - mayType: whether the display has a keyboard.
    ///   - firstScreen: number of the first screen; those after it count on.
    init(_ rules: TipRules, base: Amount, amount: Amount, texts: CardholderText, mayType: Bool, firstScreen: Int) {
        self.rules = rules
        self.base = base
        self.amount = amount
        self.texts = texts
        self.mayType = mayType
        screen = firstScreen
    }

    var first: DisplayMessage { choices }

    mutating func on(_ answer: CardholderAnswer) -> Step {
        guard answer.answers(screen) else { return .ignored }
        switch (state, answer.kind) {
        case (.choosing, .cancelled): return .cancelled
        case (.choosing, .pressed(let text)): return pressed(text)
        case (.typing, .cancelled): return go(to: .choosing)
        case (.typing, .entered(let text)):
            guard text.utf8.count <= Self.typedDigits, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let tip = Int64(text) else {
                return .ignored
            }
            return chosen(tip)
        case (.confirming(let tip), .pressed(texts.text("button.yes"))): return .settled(tip)
        case (.confirming, .pressed(texts.text("button.no"))), (.confirming, .cancelled): return go(to: .choosing)
        default: return .ignored
        }
    }

    private mutating func pressed(_ text: String) -> Step {
        if text == texts.cancelButton { return .cancelled }
        if text == texts.text("button.noTip") { return .settled(0) }
        if mayType, text == texts.text("button.otherTip") { return go(to: .typing) }
        guard let percent = rules.choices.first(where: { "\($0)%" == text }) else { return .ignored }
        return chosen(rules.tip(percent, on: base.minorUnits))
    }

    private mutating func chosen(_ tip: Int64) -> Step {
        // More than a message can carry: asked again.
        guard total(with: tip) != nil else { return go(to: .choosing) }
        return rules.exceeds(tip, on: base.minorUnits) ? go(to: .confirming(tip)) : .settled(tip)
    }

    private mutating func go(to state: State) -> Step {
        self.state = state
        screen += 1
        switch state {
        case .choosing: return .show(choices)
        case .typing:
            let form = EntryForm(keyboard: .digits, minimumLength: 1, maximumLength: Self.typedDigits)
            return .show(message(.entry, texts.text("tip.typed", ["example": shown(250)]), [], .entry(form)))
        case .confirming(let tip):
            let sum = total(with: tip).map(\.minorUnits) ?? tip
            let text = texts.text("tip.sure", ["tip": shown(tip), "total": shown(sum)])
            return .show(message(.confirm, text, [texts.text("button.yes"), texts.text("button.no")]))
        }
    }

    private var choices: DisplayMessage {
        let offers = rules.choices.map { "\($0)%" }
        let amounts = rules.choices.map { "\($0)%  \(shown(rules.tip($0, on: base.minorUnits)))" }
        let others = (mayType ? [texts.text("button.otherTip")] : []) + [texts.text("button.noTip"), texts.cancelButton]
        let question = texts.cardholder(.tip, amount: shown(amount.minorUnits))
        return message(.tip, ([question] + amounts).joined(separator: "\n"), offers + others)
    }

    private func total(with tip: Int64) -> Amount? { Amount(minorUnits: tip, currency: amount.currency).flatMap(amount.adding) }

    private func shown(_ minorUnits: Int64) -> String {
        Amount(minorUnits: minorUnits, currency: amount.currency).map { "\($0.currency) \($0.decimalText)" } ?? ""
    }

    private func message(
        _ prompt: DisplayMessage.Prompt, _ text: String, _ buttons: [String], _ content: DisplayContent? = nil
    ) -> DisplayMessage {
        DisplayMessage(prompt, text: text, buttons: buttons, content: content, language: texts.language.rawValue, screen: screen)
    }
}
