import Keys

/// What the terminal remembers of cards (EMV 4.4 Book 3, 10.6; Book 4, 6.3.5). Asked once a transaction, so that the kernel needs no list of accounts.
public protocol TransactionHistory: Sendable {
    /// Minor units of the latest approved transaction with this account in the terminal's log; `nil` without one.
    func latestAmount(pan: PAN, panSequenceNumber: Int?) -> Int64?
    /// Whether the account is on the terminal's exception file.
    func isException(pan: PAN, panSequenceNumber: Int?) -> Bool
}

/// Of a terminal that keeps neither log nor exception file.
public struct NoTransactionHistory: TransactionHistory {
    public init() {}
    public func latestAmount(pan: PAN, panSequenceNumber: Int?) -> Int64? { nil }
    public func isException(pan: PAN, panSequenceNumber: Int?) -> Bool { false }
}
