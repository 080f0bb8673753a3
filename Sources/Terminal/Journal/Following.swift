/// What a later transaction did to this one, committed with the later one's decision: an original knows all that became of it.
public struct Following: Sendable, Hashable, Codable {
    /// Amounts are minor units of the terminal's currency.
    public enum Effect: Sendable, Hashable, Codable {
        /// A VOID that was answered 0: what was done is undone, or will be.
        case voided
        /// Of an AUTHORIZATION: the COMPLETION that posted it.
        case completed(amount: Int64)
        /// Of an AUTHORIZATION: what was added to the hold.
        case incremented(amount: Int64)
        /// A TIP_ADJUST: what the card is charged from now on, and the tip in it.
        case adjusted(tip: Int64, total: Int64)
        /// A linked REFUND.
        case refunded(amount: Int64)
        /// The linked REFUND was voided.
        case refundVoided(amount: Int64)
    }

    /// The later transaction.
    public var by: TransactionID
    public var effect: Effect

    public init(_ effect: Effect, by: TransactionID) {
        self.effect = effect
        self.by = by
    }
}

/// An effect, and the transaction that it falls on.
public struct FollowingEffect: Sendable, Hashable, Codable {
    public var on: TransactionID
    public var effect: Following.Effect

    public init(_ effect: Following.Effect, on: TransactionID) {
        self.effect = effect
        self.on = on
    }

    func entry(by id: TransactionID) -> JournalEntry { .transaction(on, .followed(Following(effect, by: id))) }
}
