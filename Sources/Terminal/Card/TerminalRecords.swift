import EMV
import Keys

/// What the terminal remembers of cards, for terminal risk management: the latest approval of each card in the open batch (EMV 4.4 Book 3, 10.6.1)
/// and the exception file. Cards are known by their keyed hash.
struct TerminalRecords: TransactionHistory {
    var exceptions: CardExceptions
    var approvals = ApprovalLog()
    var keys: SiteKeys

    /// The sequence number is not part of the log: another card of the same account counts too, which is the stricter reading.
    func latestAmount(pan: PAN, panSequenceNumber: Int?) -> Int64? {
        guard !approvals.isEmpty, let hash = try? keys.cardHash(of: pan) else { return nil }
        return approvals[hash]
    }

    func isException(pan: PAN, panSequenceNumber: Int?) -> Bool {
        guard !exceptions.isEmpty else { return false }
        // Without a hash the card cannot be told from a listed one.
        guard let hash = exceptions.hashes.isEmpty ? nil : try? keys.cardHash(of: pan) else {
            return !exceptions.hashes.isEmpty || exceptions.contains(pan, hash: nil)
        }
        return exceptions.contains(pan, hash: hash)
    }
}

/// Amounts of a batch's latest approvals by card.
struct ApprovalLog: Sendable {
    private var amounts: [CardHash: Int64] = [:]

    var isEmpty: Bool { amounts.isEmpty }
    subscript(hash: CardHash) -> Int64? { amounts[hash] }

    init() {}

    /// Oldest first.
    init(_ transactions: [JournaledTransaction]) {
        for transaction in transactions { note(transaction.type, transaction.card, transaction.decision?.answer) }
    }

    /// Notes an approval that charges the card; anything else is none.
    mutating func note(_ type: TransactionType, _ card: CardReference?, _ answer: TransactionAnswer?) {
        guard type == .sale || type == .authorization, let answer, answer.result == .completed, answer.approval == .approved,
            let amount = answer.totalAmount,
            let hash = card.flatMap({ CardHash(bytes: $0.hash) })
        else { return }
        amounts[hash] = amount
    }
}
