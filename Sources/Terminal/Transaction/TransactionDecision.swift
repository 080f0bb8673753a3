import PaymentHost

/// The one decision of a transaction (pos-protocol, section 5): made after everything that can still change the outcome, never changed.
public struct TransactionDecision: Sendable, Hashable {
    public var result: ResultCode
    /// Why the exchange must be reversed (field 25); `nil` when nothing is due.
    public var reversal: ReversalRequest.Reason?
    /// Whether anything may have reached the host.
    public var hostContact: Bool

    /// Absent when nothing reached the host (pos-protocol, section 4).
    public var state: TransactionState?

    public init(
        _ result: ResultCode, reversal: ReversalRequest.Reason? = nil, hostContact: Bool, state: TransactionState? = nil
    ) {
        self.result = result
        self.reversal = reversal
        self.hostContact = hostContact
        self.state = state ?? (hostContact ? reversal == nil ? .completed : .reversalPending : nil)
    }

    /// Approved only with `0`; absent when nothing was decided (pos-protocol, section 3).
    public var approval: Approval? {
        switch result {
        case .completed: .approved
        case .declinedByCard, .declinedByHost: .declined
        default: nil
        }
    }

    /// Approved by store and forward: a 1220 carries it (pos-protocol, section 4, `offline`).
    public var isOffline: Bool { result == .completed && state == .offlineQueued }

    /// What a start decides for a transaction that a crash or power cut left undecided (pos-protocol, section 5): accepted only → `1` `aborted`;
    /// intent without decision → `0`, still to be sent; a pending reversal without decision → due, `23`.
    public static func atStart(_ transaction: JournaledTransaction) -> TransactionDecision {
        if let intent = transaction.intent {
            // Frozen: reconciliation goes on by itself.
            if transaction.type == .settlement { return TransactionDecision(.outcomeUnknown, hostContact: true, state: .unknown) }
            let advises = intent.followUps.contains { !$0.isReversal }
            return TransactionDecision(.completed, hostContact: true, state: advises ? .offlineQueued : .reversalPending)
        }
        guard let pending = transaction.pending else { return TransactionDecision(.applicationError, hostContact: false) }
        if pending.isInquiry == true { return TransactionDecision(.noAnswer, hostContact: true, state: .unknown) }
        return TransactionDecision(.noAnswer, reversal: .noAnswer, hostContact: true)
    }
}
