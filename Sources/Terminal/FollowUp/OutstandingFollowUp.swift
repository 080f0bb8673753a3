/// A reversal or advice that the host has not acknowledged yet.
public struct OutstandingFollowUp: Sendable, Hashable {
    public var transaction: TransactionID
    public var isReversal: Bool
    public var stan: Int
    /// In a row, without an answer.
    public var attempts: Int
    /// The host refused it: somebody must look into it.
    public var isFlagged: Bool
}
