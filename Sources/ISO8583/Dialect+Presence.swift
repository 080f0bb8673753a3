extension Dialect {
    /// What is wrong with a message that is about to be sent: a mandatory field missing, or a field the type does not have.
    /// The MAC fields are nobody's to set and are passed over.
    public func presenceFault(_ message: Message) -> ISO8583Error? {
        guard let definition = definition(of: message.mti) else { return ISO8583Error(.missing, "mti", "is not in the dialect") }
        if let absent = definition.absentField(in: message) {
            return ISO8583Error(.missing, String(absent), "is mandatory in \(message.mti)")
        }
        if let extra = message.numbers.first(where: { !definition.hasPlace(for: $0) && $0 != 64 && $0 != 128 }) {
            return ISO8583Error(.unencodable, String(extra), "has no place in \(message.mti)")
        }
        return nil
    }

    /// What is wrong with an answer to `request`: a mandatory field missing, or one of `verifiedEchoes` that differs. Fields in `except` are not
    /// compared. A field that the table does not list does no harm.
    public func answerFault(_ answer: Message, to request: Message, except: Set<Int> = []) -> ISO8583Error? {
        guard let definition = messages[answer.mti] else { return ISO8583Error(.missing, "mti", "is not in the dialect") }
        if let absent = definition.absentField(in: answer) {
            return ISO8583Error(.missing, String(absent), "is mandatory in \(answer.mti)")
        }
        let wrong = verifiedEchoes.filter { number in
            guard !except.contains(number), let sent = request[number], answer[number] != sent else { return false }
            return answer.contains(number) || definition.echo.contains(number)
        }
        guard let number = wrong.min() else { return nil }
        return ISO8583Error(.wrongEcho, String(number), answer.contains(number) ? "differs from the request's" : "is missing")
    }
}

extension Dialect.MessageDefinition {
    /// The first mandatory field that is not there.
    public func absentField(in message: Message) -> Int? { mandatory.filter { !message.contains($0) }.min() }

    func hasPlace(for number: Int) -> Bool { mandatory.contains(number) || optional.contains(number) || echo.contains(number) }
}
