/// Limits of refunds that follow no original (pos-protocol, section 1): whoever stands at the till could otherwise pay out to a card of their own.
/// Minor units.
struct RefundLimits: Sendable, Hashable {
    var perTransaction: Int64
    var perDay: Int64

    /// Whether the request is such a refund. A token's card is not at the till, but it is paid to all the same.
    static func concern(_ request: TransactionRequest) -> Bool {
        request.type == .refund && request.originalAuthCode == nil && request.originalTransactionID == nil
    }

    /// - Parameter refunded: what was paid out this way today.
    func refusal(of amount: Int64, refunded: Int64) -> Refusal? {
        if amount > perTransaction {
            return Refusal(.notAllowed, "A REFUND without an original is limited to \(perTransaction) (REFUNDLIMIT).")
        }
        let (sum, overflow) = refunded.addingReportingOverflow(amount)
        guard overflow || sum > perDay else { return nil }
        return Refusal(.notAllowed, "REFUNDs without an original are limited to \(perDay) a day (REFUNDDAYLIMIT).")
    }
}

extension TerminalEngine {
    /// Approved and not undone, of the local day, by the journal.
    func refundRefusal(_ request: TransactionRequest, _ amount: Int64, _ store: any JournalStore) throws(JournalError) -> Refusal? {
        guard RefundLimits.concern(request), let parameters = environment.parameters else { return nil }
        let limits = RefundLimits(perTransaction: parameters.number("REFUNDLIMIT"), perDay: parameters.number("REFUNDDAYLIMIT"))
        var query = TransactionQuery()
        query.type = .refund
        query.from = times(at: environment.clock.wallTime).local.dateText
        query.limit = 200
        var refunded: Int64 = 0
        repeat {
            let page = try store.page(query)
            for earlier in page.transactions where RefundLimits.concern(earlier.acceptance.request) {
                let isUndone = earlier.state == .reversed || earlier.state == .voided || earlier.state == .reversalPending
                guard earlier.answer?.approval == .approved, !isUndone else { continue }
                refunded = refunded.addingReportingOverflow(earlier.answer?.totalAmount ?? 0).partialValue
            }
            query.cursor = page.cursor
        } while query.cursor != nil
        return limits.refusal(of: amount, refunded: refunded)
    }
}
