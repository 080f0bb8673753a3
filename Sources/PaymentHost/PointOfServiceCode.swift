import ISO8583

/// A point of service field: positions that tell one of twelve things each (ISO 8583:1993, annex A.8), by the code that the dialect's table gives
/// for what is the case.
struct PointOfServiceCode {
    let terminal: PointOfServiceTerminal
    let entryMode: EntryMode
    let authentication: HostCardholderAuthentication
    /// False for a card on file, and for what goes on without its card.
    var isCardPresent = true

    /// The value of field `number`.
    func text(_ number: Int, _ dialect: Dialect) throws(PaymentHostError) -> String {
        var text = ""
        for (index, position) in (dialect.pointOfService[number] ?? []).enumerated() {
            let word = word(position.aspect)
            guard let code = position.codes[word] else {
                throw PaymentHostError(.dialect, "pointOfService \(number).\(index + 1) of dialect \(dialect.name) has no \(word).")
            }
            text += code
        }
        return text
    }

    private func word(_ aspect: PointOfServicePosition.Aspect) -> String {
        switch aspect {
        case .cardDataInputCapability: terminal.readsChips ? "chip" : terminal.readsStripes ? "stripe" : "manual"
        case .cardholderAuthenticationCapability: terminal.hasPINPad ? "pin" : "none"
        case .cardCaptureCapability: "none"
        case .operatingEnvironment: terminal.isAttended ? "attended" : "unattended"
        case .cardholderPresence, .cardPresence: isCardPresent ? "present" : "absent"
        case .cardDataInputMode: inputMode
        case .cardholderAuthenticationMethod, .cardholderAuthenticationEntity: authentication.rawValue
        case .cardDataOutputCapability: terminal.readsChips ? "chip" : "none"
        case .terminalOutputCapability:
            terminal.hasPrinter ? (terminal.hasDisplay ? "both" : "printer") : terminal.hasDisplay ? "display" : "none"
        case .pinCaptureCapability: terminal.hasPINPad ? String(min(12, max(4, terminal.longestPIN))) : "none"
        }
    }

    private var inputMode: String {
        switch entryMode {
        case .contactless: "contactless"
        case .chip: "chip"
        case .swiped: "stripe"
        case .chipSwiped: "fallback"
        case .manual: "manual"
        }
    }
}
