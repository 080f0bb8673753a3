import PaymentHost

/// Up to where the terminal approves without the host (parameters `SAF…`); amounts are minor units.
public struct StoreAndForwardLimits: Sendable, Hashable {
    public var amount: Int64
    /// Of all that wait to be sent, together.
    public var total: Int64
    public var count: Int
    /// The oldest that waits may be this old, in milliseconds.
    public var age: Int64

    public init(amount: Int64, total: Int64, count: Int, age: Int64) {
        self.amount = amount
        self.total = total
        self.count = count
        self.age = age
    }

    /// What asks to be approved.
    struct Candidate: Sendable, Hashable {
        var type: TransactionType
        var amount: Int64
        var cardType: CardBrandTable.CardType?
        var authentication: HostCardholderAuthentication
        var hasCashback: Bool
    }

    /// Credit cards, SALE and REFUND, without PIN.
    func allow(_ candidate: Candidate, waiting: [(amount: Int64, since: Int64)], now: Int64) -> Bool {
        guard candidate.type == .sale || candidate.type == .refund, candidate.cardType == .credit, !candidate.hasCashback,
            candidate.authentication == .notAuthenticated || candidate.authentication == .signature, candidate.amount <= amount,
            waiting.count < count
        else { return false }
        let sum = waiting.reduce(candidate.amount) { $0 + $1.amount }
        return sum <= total && waiting.allSatisfy { now - $0.since <= age }
    }
}
