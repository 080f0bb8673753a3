import PaymentHost

/// The one decision of a transaction (pos-protocol, section 5): made after everything that can still change the outcome, never changed.
public struct TransactionDecision: Sendable, Hashable {
    public var result: ResultCode
    /// Why the exchange must be reversed (field 25); `nil` when nothing is due.
    public var reversal: ReversalRequest.Reason?
    /// Whether anything may have reached the host.
    public var hostContact: Bool

    public init(_ result: ResultCode, reversal: ReversalRequest.Reason? = nil, hostContact: Bool) {
        self.result = result
        self.reversal = reversal
        self.hostContact = hostContact
    }

    /// Approved only with `0`; absent when nothing was decided (pos-protocol, section 3).
    public var approval: Approval? {
        switch result {
        case .completed: .approved
        case .declinedByCard, .declinedByHost: .declined
        default: nil
        }
    }

    /// Absent when nothing reached the host (pos-protocol, section 4).
    public var state: TransactionState? {
        guard hostContact else { return nil }
        return reversal == nil ? .completed : .reversalPending
    }

    /// What a start decides for a transaction that a crash or power cut left undecided (pos-protocol, section 5): accepted only → `1` `aborted`;
    /// a pending reversal without decision → due, `23`.
    public static func atStart(pendingReversal: Bool) -> TransactionDecision {
        pendingReversal
            ? TransactionDecision(.noAnswer, reversal: .noAnswer, hostContact: true)
            : TransactionDecision(.applicationError, hostContact: false)
    }
}
