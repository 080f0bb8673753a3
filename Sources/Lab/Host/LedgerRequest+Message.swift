import ISO8583
import Keys

extension LedgerRequest {
    /// Reads a request. Presence of mandatory fields is the dialect's affair and checked before.
    /// - Returns: `nil` for a message class that the host does not do.
    init?(_ message: Message, _ vocabulary: HostVocabulary, tokens: CardTokens = CardTokens()) throws(ISO8583Error) {
        guard let kind = Kind(messageType: message.mti) else { return nil }
        let elements = try message.text(48).map { text throws(ISO8583Error) in try PrivateElements(text) } ?? PrivateElements()
        let card = MaskedCard(message)
        self.init(
            kind: kind, key: vocabulary.key(of: message), original: try vocabulary.original(of: message),
            retrievalReference: message.text(37) ?? "", batch: Self.batch(elements["01"]), account: card.masked,
            cardToken: card.pan.flatMap { tokens.token(of: $0) } ?? elements["02"] ?? "", processingCode: message.text(3) ?? "",
            functionCode: vocabulary.functionCode(of: message, kind, elements), reasonCode: vocabulary.reasonCode(of: message),
            amount: message.number(4) ?? 0, currency: message.text(49) ?? message.text(50) ?? "", approvalCode: message.text(38),
            partialApprovalAllowed: elements["03"] == "1",
            reportedNet: try message.text(97).map { text throws(ISO8583Error) in try NetAmount.minorUnits(text) })
    }

    /// Six digits: `1` and `000001` are one batch.
    private static func batch(_ text: String?) -> String {
        guard let text, text.utf8.count < 6 else { return text ?? "" }
        return String(repeating: "0", count: 6 - text.utf8.count) + text
    }
}

extension LedgerRequest.Kind {
    /// Message class and function, second and third digit of the type (ISO 8583:1993, 4.1.2 and 4.1.3; 1987 has the same classes).
    init?(messageType: String) {
        switch messageType.dropFirst().prefix(2) {
        case "10": self = .authorization
        case "20": self = .financial
        case "12", "22": self = .advice
        case "40", "42": self = .reversal
        case "50", "52": self = .reconciliation
        case "80", "82": self = .network
        default: return nil
        }
    }
}
