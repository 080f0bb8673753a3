import ISO8583

/// What a dialect calls the things that the books know by the names of the 1993 edition.
struct HostVocabulary: Sendable {
    let dialect: Dialect
    /// Two characters by the 1993 edition's action code: what editions with such codes answer.
    private let responseCodes: [String: String]

    init(_ dialect: Dialect) {
        self.dialect = dialect
        let standard = try? Dialect.named("iso8583-1993")
        responseCodes = standard?.actionCodes.mapValues(\.responseCode) ?? [:]
    }

    /// Field 39 for an action code of the 1993 edition.
    func actionCode(_ code: String) -> String {
        if dialect.fields[39]?.maximum == code.utf8.count { return code }
        let codes = dialect.actionCodes.sorted { $0.key < $1.key }
        if let own = codes.first(where: { $0.value.reversalCode == code || $0.value.reconciliationCode == code }) { return own.key }
        let response = responseCodes[code] ?? dialect.unknownActionCode.responseCode
        return codes.first { $0.key == response }?.key ?? codes.first { $0.value.responseCode == response }?.key ?? response
    }

    /// What the terminal makes of it and tells the card (EMV tag 8A).
    func responseCode(_ code: String) -> String { dialect.action(actionCode(code)).responseCode }

    func key(of message: Message) -> HostExchangeKey {
        HostExchangeKey(
            terminal: message.text(41) ?? "", messageType: message.mti, stan: message.text(11) ?? "", dateTime: dateTime(of: message))
    }

    /// Field 56, or where the dialect has it.
    func original(of message: Message) throws(ISO8583Error) -> HostExchangeKey? {
        let layout = dialect.placement.originalDataElements
        guard let text = message.text(layout.field) else { return nil }
        let elements = try OriginalDataElements(text, layout: layout)
        return HostExchangeKey(
            terminal: message.text(41) ?? "", messageType: elements.mti, stan: elements.stan,
            dateTime: namesLocalTime ? elements.localDateTime : elements.transmissionDateTime)
    }

    /// By the message class and what it carries, where the dialect has no function codes.
    func functionCode(of message: Message, _ kind: LedgerRequest.Kind, _ elements: PrivateElements) -> String {
        if let field = dialect.placement.functionCode { return message.text(field) ?? "" }
        let isLinked = message.contains(dialect.placement.originalDataElements.field)
        switch kind {
        case .authorization:
            if ["31", "38", "63"].contains(message.text(3)?.prefix(2)) { return "108" }
            return isLinked ? "106" : "100"
        case .financial: return "200"
        case .advice: return elements["11"] != nil ? "690" : isLinked ? "201" : "200"
        case .reversal: return "400"
        case .reconciliation: return "500"
        case .network: return message.text(dialect.placement.networkFunction) ?? ""
        }
    }

    /// The 1993 edition's code of a reversal's or advice's reason.
    func reasonCode(of message: Message) -> String {
        guard let code = dialect.placement.reasonCode.flatMap({ message.text($0) }) else { return "" }
        return dialect.reasonCodes.sorted { $0.key < $1.key }.first { $0.value == code }?.key ?? code
    }

    private var namesLocalTime: Bool { dialect.placement.originalDataElements.parts.contains(.localDateTime) }

    private func dateTime(of message: Message) -> String { message.text(namesLocalTime ? 12 : 7) ?? "" }
}
