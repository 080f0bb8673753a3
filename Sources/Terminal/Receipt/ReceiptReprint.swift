/// A recorded receipt printed again: marked as a duplicate, and with what became of the transaction since.
enum ReceiptReprint {
    /// - Parameter answer: with the state that the transaction has now.
    /// - Returns: `nil` when there is no such copy.
    static func text(of answer: TransactionAnswer, _ copy: ReceiptCopy, _ language: Language) -> String? {
        guard let recorded = copy == .merchant ? answer.merchantReceipt : answer.customerReceipt else { return nil }
        let words = ReceiptText(language)
        var keys = ["mark.duplicate"]
        switch answer.state {
        case .voided where answer.type != .void: keys.append("mark.voided")
        case .reversed where answer.result == .completed, .reversalPending where answer.result == .completed && answer.type != .void:
            keys.append("mark.reversed")
        default: break
        }
        let known = Set(recorded.split(separator: "\n").map { $0.drop { $0 == " " } })
        let marks = keys.map { words.text($0) }.filter { !known.contains(Substring($0)) }
        var lines = recorded.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        // The head ends with the first empty line.
        lines.insert(contentsOf: marks.map { ReceiptLayout.centred($0, Receipt.columns) }, at: lines.firstIndex(of: "") ?? lines.endIndex)
        return lines.joined(separator: "\n")
    }
}
