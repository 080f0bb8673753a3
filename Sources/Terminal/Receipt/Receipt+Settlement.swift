extension Receipt {
    /// The report of a batch: totals by type and brand, sums, and what it did not hold up for.
    func addSettlement(_ report: SettlementReport, _ layout: inout ReceiptLayout, _ words: ReceiptText) {
        layout.centred(words.text("type.SETTLEMENT"))
        layout.pair(words.text("settlement.day"), report.batchJulianDay.digits(3))
        layout.blank()
        var type: TransactionType?
        for total in report.totals {
            if total.type != type { layout.pair(words.text("type.\(total.type.rawValue)"), "") }
            type = total.type
            layout.pair("  \(total.brand)", counted(total.count, total.amount))
        }
        if !report.totals.isEmpty { layout.blank() }
        layout.pair(words.text("settlement.sales"), counted(report.salesCount, report.salesAmount))
        layout.pair(words.text("settlement.refunds"), counted(report.refundsCount, report.refundsAmount))
        layout.pair(words.text("settlement.voids"), counted(report.voidsCount, report.voidsAmount))
        layout.pair(words.text("settlement.net"), money(report.netAmount))
        layout.blank()
        layout.centred(words.text(answer.result == .completed ? "settlement.balanced" : "settlement.open"))
        if !report.leftBehind.isEmpty {
            layout.pair(words.text("settlement.leftBehind"), String(report.leftBehind.count))
        }
    }

    private func counted(_ count: Int, _ amount: Int64) -> String {
        let amount = money(amount)
        return String(count) + String(repeating: " ", count: max(1, 18 - amount.count)) + amount
    }
}
