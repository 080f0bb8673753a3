import Money

/// A receipt as text, 40 columns, for the merchant or the customer. Holds nothing that the answer does not: of the card number the last four digits.
struct Receipt: Sendable {
    enum Copy: String, Sendable { case merchant = "MERCHANT COPY", customer = "CUSTOMER COPY" }

    static let columns = 40

    var merchantName: String
    var currency: Currency
    var answer: TransactionAnswer
    /// Application label (50) of the card.
    var applicationLabel: String?
    var retrievalReference: String
    var stan: Int
    var signatureLine: Bool

    func text(_ copy: Copy) -> String {
        var lines = [Self.centred(merchantName)]
        lines.append(Self.row(date, time))
        lines.append(Self.row("TERMINAL", answer.terminalID ?? ""))
        lines.append(Self.row("MERCHANT", answer.merchantID ?? ""))
        lines.append(Self.row("BATCH \((answer.batchNumber ?? 0).digits(6))", "STAN \(stan.digits(6))"))
        lines.append(Self.row("RRN", retrievalReference))
        if let reference = answer.reference { lines.append(Self.row("REFERENCE", reference)) }
        if let invoice = answer.invoice { lines.append(Self.row("INVOICE", invoice)) }
        lines.append("")
        lines.append(Self.row(answer.type?.rawValue ?? "", answer.entryMode ?? ""))
        if let brand = answer.cardBrand { lines.append(Self.row("CARD", brand)) }
        if let account = answer.account { lines.append(Self.row("ACCOUNT", String(repeating: "*", count: 12) + account.suffix(4))) }
        lines += applicationLines
        lines.append("")
        lines += amountLines
        lines.append("")
        lines.append(Self.centred(outcome))
        if let code = answer.authCode { lines.append(Self.row("APPROVAL CODE", code)) }
        if let code = answer.responseCode { lines.append(Self.row("RESPONSE", [code, answer.hostMessage ?? ""].joined(separator: " "))) }
        if let cvm = answer.cvm { lines.append(Self.row("CVM", cvm)) }
        if signatureLine, answer.approval == .approved, copy == .merchant {
            lines += ["", "", String(repeating: "_", count: Self.columns), Self.centred("SIGNATURE")]
        }
        lines += ["", Self.centred(copy.rawValue)]
        return lines.joined(separator: "\n") + "\n"
    }

    private var applicationLines: [String] {
        var lines: [String] = []
        if let label = answer.preferredName ?? applicationLabel, !label.isEmpty { lines.append(Self.row("APPLICATION", label)) }
        if let aid = answer.aid { lines.append(Self.row("AID", aid)) }
        if let tvr = answer.tvr { lines.append(Self.row("TVR \(tvr)", "TSI \(answer.tsi ?? "")")) }
        return lines
    }

    private var amountLines: [String] {
        var lines: [String] = []
        func add(_ title: String, _ value: Int64?) {
            guard let value, value > 0, let amount = Amount(minorUnits: value, currency: currency) else { return }
            lines.append(Self.row(title, "\(currency) \(amount.decimalText)"))
        }
        add("AMOUNT", answer.requestedAmount)
        add("TIP", answer.tipAmount)
        add("CASH BACK", answer.cashbackAmount)
        add("SURCHARGE", answer.surchargeAmount)
        add("TOTAL", answer.totalAmount)
        return lines
    }

    private var outcome: String {
        switch answer.result {
        case .completed: "APPROVED"
        case .declinedByCard, .declinedByHost: "DECLINED"
        default: answer.state == .reversalPending ? "NOT COMPLETED - REVERSED" : "NOT COMPLETED"
        }
    }

    private var date: String {
        let text = answer.transactionDate ?? ""
        return text.utf8.count == 8 ? "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))" : text
    }

    private var time: String {
        let text = answer.transactionTime ?? ""
        return text.utf8.count == 6 ? "\(text.prefix(2)):\(text.dropFirst(2).prefix(2)):\(text.suffix(2))" : text
    }

    /// Left and right, cut where both do not fit; the right side is the one that matters.
    static func row(_ left: String, _ right: String) -> String {
        let right = right.prefix(columns)
        let left = left.prefix(max(0, columns - right.count - 1))
        return left + String(repeating: " ", count: columns - left.count - right.count) + right
    }

    static func centred(_ text: String) -> String {
        let text = text.prefix(columns)
        return String(repeating: " ", count: (columns - text.count) / 2) + text
    }
}
