import ISO8583

/// What an answer is matched by: its type, trace number (11) and terminal (41).
struct ExchangeKey: Sendable, Hashable {
    let answerType: String
    let stan: String
    let terminal: String

    /// What the answer to `request` will have.
    init?(of request: Message, _ dialect: Dialect) {
        guard let answer = dialect.answer(to: request.mti), let stan = request.text(11), let terminal = request.text(41) else { return nil }
        answerType = answer
        self.stan = stan
        self.terminal = terminal
    }

    /// `nil` for a message that can be no answer of ours.
    init?(of answer: Message) {
        guard let stan = answer.text(11), let terminal = answer.text(41) else { return nil }
        answerType = answer.mti
        self.stan = stan
        self.terminal = terminal
    }
}
