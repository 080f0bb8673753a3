import Money
import PaymentHost

/// One transaction as its batch counts it.
struct BatchMember: Sendable, Hashable {
    let transaction: JournaledTransaction
    /// Minor units, tip adjustments that the host has accepted included. Of a TIP_ADJUST whose original was counted in an earlier batch: the
    /// difference, below zero for a smaller tip.
    let amount: Int64

    var isVoided: Bool { transaction.isVoided }
    var isCredit: Bool { transaction.type.isCredit }
    /// It follows what an earlier batch has posted, and has no posting of its own.
    var isDifference: Bool { transaction.type == .tipAdjust }
    var brand: String { transaction.decision?.answer.cardBrand ?? "" }
}

/// What a batch comes to (pos-protocol, section 4, SETTLEMENT): decided-approved 1200s and accepted 1220s, voids on their own.
struct BatchTotals: Sendable, Hashable {
    private(set) var members: [BatchMember] = []
    /// Tip adjustments that the members' amounts have because the host has accepted them.
    private var adjustments: Set<TransactionID> = []

    /// - Parameters:
    ///   - withOpen: whether tip adjustments count that the host has not answered yet.
    ///   - adjustment: a TIP_ADJUST by its id.
    init(
        _ transactions: [JournaledTransaction], withOpen: Bool = false,
        adjustment: (TransactionID) throws(JournalError) -> JournaledTransaction?
    ) throws(JournalError) {
        for transaction in transactions where Self.counts(transaction) {
            var amount = transaction.decision?.answer.totalAmount ?? 0
            for following in transaction.following {
                guard case .adjusted(_, let total) = following.effect else { continue }
                guard let followUp = try adjustment(following.by)?.followUps.first else { continue }
                if followUp.isAcknowledged { adjustments.insert(following.by) }
                if followUp.isAcknowledged || (withOpen && !followUp.isOver) { amount = total }
            }
            members.append(BatchMember(transaction: transaction, amount: amount))
        }
    }

    func hasCounted(_ id: TransactionID) -> Bool { adjustments.contains(id) || members.contains { $0.transaction.id == id } }

    /// Tip adjustments that count by themselves.
    mutating func add(_ differences: [BatchMember]) {
        let known = Set(members.map(\.transaction.id))
        members += differences.filter { $0.transaction.acceptance.original.map { !known.contains($0) } ?? false }
    }

    private static let posting: Set<TransactionType> = [
        .sale, .refund, .completion, .force, .giftRedemption, .giftIssuance, .giftActivation, .giftForceRedemption, .giftForceIssuance,
        .giftForceActivation, .giftDeactivation, .giftReactivation,
    ]

    private static func counts(_ transaction: JournaledTransaction) -> Bool {
        guard transaction.isApproved, posting.contains(transaction.type) else { return false }
        guard let advice = transaction.advice else { return true }
        return transaction.followUps[advice.index].isAcknowledged
    }

    /// Fields 74 to 77 and 86 to 89: what was posted, and what of it was voided.
    var request: ReconciliationRequest.Totals {
        var totals = ReconciliationRequest.Totals()
        for member in members {
            switch (member.isCredit, member.isVoided) {
            case (false, _) where member.amount < 0:
                totals.debitsReversedCount += 1
                totals.debitsReversedAmount -= member.amount
            case (true, let isVoided):
                totals.creditsCount += 1
                totals.creditsAmount += member.amount
                if isVoided {
                    totals.creditsReversedCount += 1
                    totals.creditsReversedAmount += member.amount
                }
            case (false, let isVoided):
                totals.debitsCount += 1
                totals.debitsAmount += member.amount
                if isVoided {
                    totals.debitsReversedCount += 1
                    totals.debitsReversedAmount += member.amount
                }
            }
        }
        return totals
    }

    func report(batchJulianDay: Int, leftBehind: [TransactionID]) -> SettlementReport {
        var report = SettlementReport(batchJulianDay: batchJulianDay)
        report.leftBehind = leftBehind
        for member in members {
            if member.isVoided {
                report.voidsCount += 1
                report.voidsAmount += member.amount
                continue
            }
            if member.isCredit || member.amount < 0 {
                report.refundsCount += 1
                report.refundsAmount += abs(member.amount)
            } else {
                report.salesCount += 1
                report.salesAmount += member.amount
            }
            let type = member.transaction.type
            if let index = report.totals.firstIndex(where: { $0.type == type && $0.brand == member.brand }) {
                report.totals[index].count += 1
                report.totals[index].amount += member.amount
            } else {
                report.totals.append(.init(type: type, brand: member.brand, count: 1, amount: member.amount))
            }
        }
        report.totals.sort { ($0.type.rawValue, $0.brand) < ($1.type.rawValue, $1.brand) }
        report.netAmount = report.salesAmount - report.refundsAmount
        return report
    }
}
