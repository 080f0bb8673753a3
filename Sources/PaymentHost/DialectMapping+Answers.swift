import ISO8583
import Keys
import Money

extension DialectMapping {
    /// What a matched answer is worth: an answer to believe, or a bad one (`field: reason`, without the value).
    /// - Parameter key: the MAC key that the request was sent under, which may have been changed since.
    func outcome(of received: MessageDecoder.Received, to request: HostRequest, sent: Message, key: SecretBytes?) -> HostOutcome {
        do throws(ISO8583Error) { return .answered(try answer(received, to: request, sent: sent, key)) } catch {
            return .badAnswer("field \(error.field): \(error.reason)")
        }
    }

    /// Under the key in force.
    func outcome(of received: MessageDecoder.Received, to request: HostRequest, sent: Message) -> HostOutcome {
        outcome(of: received, to: request, sent: sent, key: macKey)
    }

    /// Field 39 of a network answer.
    func networkAction(_ received: MessageDecoder.Received, sent: Message, key: SecretBytes?) throws(ISO8583Error) -> String {
        if let fault = macFault(received, under: key) { throw fault }
        if let fault = dialect.answerFault(received.message, to: sent) { throw fault }
        return received.message.text(39) ?? ""
    }

    private func answer(
        _ received: MessageDecoder.Received, to request: HostRequest, sent: Message, _ key: SecretBytes?
    ) throws(ISO8583Error) -> HostAnswer {
        if let fault = macFault(received, under: key) { throw fault }
        let message = received.message
        let code = message.text(39) ?? ""
        let action = dialect.action(code)
        let isFinancial = if case .financial = request { true } else { false }
        let isPartial = isFinancial && action.meaning == .partial
        if let fault = dialect.answerFault(message, to: sent, except: isPartial ? [4] : []) { throw fault }
        if isPartial { try checkPartial(message, sent: sent) }
        if case .financial(let financial) = request, let card = financial.card?.clear { try checkCard(message, card) }
        let elements = try message.text(48).map { text throws(ISO8583Error) in try PrivateElements(text) }
        let verdict = verdict(code, action, request)
        var answer = HostAnswer(
            actionCode: verdict.code, responseCode: action.responseCode, message: action.text, approved: verdict.approved,
            isPartial: isPartial, amount: amount(message, request), approvalCode: message.text(38).flatMap { $0.isEmpty ? nil : $0 },
            iccData: message.bytes(55) ?? [], cardToken: elements?["02"], balance: try balance(message))
        if case .reconciliation = request, let net = message.text(97) { answer.reconciliationNet = -(try NetAmount.minorUnits(net)) }
        return answer
    }

    /// What field 39 says to this kind of request, and its code in the terms of the 1993 edition for all but financial ones.
    private func verdict(
        _ code: String, _ action: Dialect.ActionCode, _ request: HostRequest
    ) -> (code: String, approved: Bool) {
        switch request {
        case .financial:
            // By an approval only; "accepted" answers advices.
            return (code, action.meaning == .approved || action.meaning == .partial)
        case .advice:
            // host-protocol, "Exchanges": 000, 900, 901 and 913 accept an advice.
            let own = action.reversalCode.flatMap { $0 == Self.reversalAccepted ? nil : $0 } ?? code
            return (own, action.meaning == .approved || action.meaning == .accepted || own == Self.duplicate)
        case .reversal: return (action.reversalCode ?? code, action.acceptsAdvice)
        case .reconciliation:
            let own = action.reconciliationCode ?? code
            return (own, own == Self.balanced)
        }
    }

    /// ISO 8583:1993, annex A.1.
    private static let reversalAccepted = "400"
    private static let duplicate = "913"
    private static let balanced = "500"

    /// host-protocol, partial approval: 0 < approved < asked, and where the dialect has a field for the amount asked, that is it.
    private func checkPartial(_ message: Message, sent: Message) throws(ISO8583Error) {
        guard let asked = sent.number(4), let approved = message.number(4), 0 < approved, approved < asked else {
            throw ISO8583Error(.wrongEcho, "4", "is not a part of the request's")
        }
        guard let field = dialect.placement.originalAmounts else { return }
        if let original = message.text(field), try OriginalAmounts(original).transaction != asked {
            throw ISO8583Error(.wrongEcho, String(field), "is not the request's amount")
        }
    }

    /// Field 2 need not come back; when it does it is the card that was sent, in 2 or in 35.
    private func checkCard(_ message: Message, _ card: HostCardData) throws(ISO8583Error) {
        guard let received = message.secret(2) else { return }
        guard card.pan.withDigits({ SecretBytes($0.utf8) }) == received else {
            throw ISO8583Error(.wrongEcho, "2", "differs from the request's")
        }
    }

    private func amount(_ message: Message, _ request: HostRequest) -> Amount? {
        let currency =
            switch request {
            case .financial(let financial): financial.amount.currency
            case .advice(let advice): advice.amount.currency
            case .reversal(let reversal): reversal.amount.currency
            case .reconciliation(let reconciliation): reconciliation.currency
            }
        return message.number(4).flatMap { Amount(minorUnits: $0, currency: currency) }
    }

    /// Minor units; negative when the cardholder owes.
    private func balance(_ message: Message) throws(ISO8583Error) -> String? {
        guard let text = message.text(54) else { return nil }
        let available = try AdditionalAmount.sets(text).first { $0.amountType == dialect.amountTypes["availableBalance"] }
        return available.map { ($0.isCredit ? "" : "-") + String($0.minorUnits) }
    }
}
