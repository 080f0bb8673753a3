import Devices

/// One question to the cardholder outside a transaction: what is shown, and what an answer means. No I/O, no clock.
struct CardholderStep: Sendable {
    enum Judgement: Sendable, Equatable {
        /// Not an answer to this question: keep waiting.
        case ignored
        case finished(OperationAnswer)
    }

    private enum Question: Sendable {
        case buttons([String], answers: [String], isInput: Bool)
        case entry(InputPrompt)
        case signature
    }

    let message: DisplayMessage
    /// What a display must be able to do.
    let needs: DisplayAbilities
    let seconds: Int
    private let question: Question

    /// `nil` for a request that asks the cardholder nothing.
    init?(_ request: OperationRequest, texts: CardholderText, screen: Int) {
        let language = texts.language.rawValue
        func message(
            _ prompt: DisplayMessage.Prompt, _ text: String, _ buttons: [String], _ content: DisplayContent? = nil
        ) -> DisplayMessage {
            DisplayMessage(prompt, text: text, buttons: buttons, content: content, language: language, screen: screen)
        }
        switch request {
        case .display(let request) where !request.buttons.isEmpty:
            self.message = message(.message, request.lines.joined(separator: "\n"), request.buttons)
            (needs, seconds) = (.buttons, request.seconds ?? 60)
            question = .buttons(request.buttons, answers: request.buttons, isInput: false)
        case .input(let input):
            seconds = input.seconds
            switch input.kind {
            case .confirm(let text):
                let buttons = [texts.text("button.yes"), texts.text("button.no")]
                self.message = message(.confirm, text, buttons)
                (needs, question) = (.buttons, .buttons(buttons, answers: ["1", "0"], isInput: true))
            case .menu(let text, let options):
                self.message = message(.menu, text ?? texts.text("menu"), options)
                (needs, question) = (.buttons, .buttons(options, answers: options, isInput: true))
            case .prompt(let prompt):
                self.message = message(.entry, texts.text("input.\(prompt.id)"), [], .entry(prompt.form))
                (needs, question) = (.entry, .entry(prompt))
            }
        case .getSignature(let prompt, let seconds):
            self.message = message(.signature, prompt ?? texts.text("signature"), [], .signature)
            (needs, question) = (.signature, .signature)
            self.seconds = seconds
        default: return nil
        }
    }

    func judge(_ answer: CardholderAnswer) -> Judgement {
        guard answer.answers(message.screen) else { return .ignored }
        switch (answer.kind, question) {
        case (.cancelled, _): return .finished(Self.cancelled)
        case (.pressed(let text), .buttons(let buttons, let answers, let isInput)):
            guard let index = buttons.firstIndex(of: text), answers.indices.contains(index) else { return .ignored }
            return .finished(OperationAnswer(isInput ? .answer(answers[index]) : .button(answers[index])))
        case (.entered(let text), .entry(let prompt)):
            return prompt.accepts(text) ? .finished(OperationAnswer(.answer(text))) : .ignored
        case (.signed(let signature), .signature): return .finished(OperationAnswer(.signature(SignatureImage(signature).png)))
        default: return .ignored
        }
    }

    static let cancelled = OperationAnswer(.cancelledByCardholder, nil, "The cardholder cancelled.")
    static let timedOut = OperationAnswer(.timeout, nil, "Nobody answered.")
    static let cancelledByPOS = OperationAnswer(.cancelledByPOS, nil, "Cancelled by the POS.")
}
