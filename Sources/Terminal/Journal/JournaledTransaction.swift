import PaymentHost

/// A transaction as its events tell it.
public struct JournaledTransaction: Sendable, Hashable {
    /// Where its reversal stands.
    public enum ReversalProgress: Sendable, Hashable {
        case due
        /// Sent at least once: from now on 1421.
        case sent
        case flagged(ReversalAnswer)
        case acknowledged(ReversalAnswer)
    }

    public let id: TransactionID
    public let acceptance: Acceptance
    /// Of an exchange whose outcome is not decided.
    public private(set) var pending: PendingReversal?
    public private(set) var decision: DecisionRecord?
    public private(set) var reversal: ReversalProgress?

    public init(id: TransactionID, acceptance: Acceptance) {
        self.id = id
        self.acceptance = acceptance
    }

    /// Replays events in order; `journal.damaged` when they make no sense.
    public init(id: TransactionID, events: some Sequence<TransactionEvent>) throws(JournalError) {
        var iterator = events.makeIterator()
        guard case .accepted(let acceptance) = iterator.next() else {
            throw JournalError(.damaged, "Transaction \(id) does not begin with its acceptance.")
        }
        self.init(id: id, acceptance: acceptance)
        while let event = iterator.next() { try apply(event) }
    }

    public mutating func apply(_ event: TransactionEvent) throws(JournalError) {
        switch (event, decision, reversal) {
        case (.reversalPending(let record), nil, _) where pending == nil:
            pending = record
        // The decision is made once and takes the pending reversal away in the same commit (pos-protocol, section 5).
        case (.decided(let record), nil, _):
            pending = nil
            decision = record
            reversal = record.reversal == nil ? nil : .due
        case (.reversalSent, .some, .due), (.reversalSent, .some, .sent):
            reversal = .sent
        case (.reversalFlagged(let answer), .some, .due), (.reversalFlagged(let answer), .some, .sent),
            (.reversalFlagged(let answer), .some, .flagged):
            reversal = .flagged(answer)
        case (.reversalAcknowledged(let answer), .some, .due), (.reversalAcknowledged(let answer), .some, .sent),
            (.reversalAcknowledged(let answer), .some, .flagged):
            reversal = .acknowledged(answer)
        default:
            throw JournalError(.damaged, "Transaction \(id): '\(event.kind)' cannot follow what came before it.")
        }
    }

    /// Whether something is left to do: a decision, or a reversal.
    public var isUnfinished: Bool {
        switch reversal {
        case .due, .sent, .flagged: true
        case .acknowledged: false
        case nil: decision == nil
        }
    }

    /// The answer as recorded, with the state of now: `reversalPending` becomes `reversed`.
    public var answer: TransactionAnswer? {
        var answer = decision?.answer
        answer?.state = state
        return answer
    }

    public var state: TransactionState? {
        if case .acknowledged = reversal { return .reversed }
        return decision?.answer.state
    }

    public var recorded: RecordedTransaction { RecordedTransaction(id: id, peer: acceptance.peer, answer: answer) }
}
