import ISO8583

/// Field 22: twelve positions (ISO 8583:1993, annex A.8), each a character that the dialect's table gives for what is the case.
struct PointOfServiceCode {
    let terminal: PointOfServiceTerminal
    let entryMode: EntryMode
    let authentication: HostCardholderAuthentication

    func text(_ dialect: Dialect) throws(PaymentHostError) -> String {
        var code = ""
        for (position, word) in words.enumerated() {
            guard let character = dialect.pointOfService[position + 1]?[word] else {
                throw PaymentHostError(.dialect, "pointOfService \(position + 1) of dialect \(dialect.name) has no \(word).")
            }
            code += character
        }
        return code
    }

    private var words: [String] {
        [
            terminal.readsChips ? "chip" : terminal.readsStripes ? "stripe" : "manual",
            terminal.hasPINPad ? "pin" : "none",
            "none",
            terminal.isAttended ? "attended" : "unattended",
            "present",
            "present",
            inputMode,
            authentication.rawValue,
            authentication.rawValue,
            terminal.readsChips ? "chip" : "none",
            terminal.hasPrinter ? (terminal.hasDisplay ? "both" : "printer") : terminal.hasDisplay ? "display" : "none",
            terminal.hasPINPad ? String(min(12, max(4, terminal.longestPIN))) : "none",
        ]
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
