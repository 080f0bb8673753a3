import Money
import PaymentHost

/// A transaction as its events tell it.
public struct JournaledTransaction: Sendable, Hashable {
    public let id: TransactionID
    private let accepted: Boxed<Acceptance>
    private var sent: Boxed<PendingReversal>?
    private var intended: Boxed<IntentRecord>?
    private var decided: Boxed<DecisionRecord>?
    public private(set) var followUps: [TrackedFollowUp] = []
    /// What later transactions did to it.
    public private(set) var following: [Following] = []

    public init(id: TransactionID, acceptance: Acceptance) {
        self.id = id
        accepted = Boxed(acceptance)
    }

    public var acceptance: Acceptance { accepted.value }
    /// The 1100 or 1200, if one may have been sent.
    public var exchange: PendingReversal? { sent?.value }
    /// Of a transaction that is done whatever the host says (pos-protocol, section 4).
    public var intent: IntentRecord? { intended?.value }
    public var decision: DecisionRecord? { decided?.value }

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
        switch (event, decided) {
        case (.reversalPending(let record), nil) where sent == nil && intended == nil:
            sent = Boxed(record)
        case (.intent(let record), nil) where sent == nil && intended == nil:
            intended = Boxed(record)
            followUps = record.followUps.map { TrackedFollowUp($0) }
        // The decision is made once and takes the pending reversal away in the same commit (pos-protocol, section 5).
        case (.decided(let record), nil):
            decided = Boxed(record)
            followUps += record.followUps.map { TrackedFollowUp($0) }
        case (.followUp(let index, let change), .some)
        where followUps.indices.contains(index) && followUps[index].apply(change): break
        case (.followed(let what), .some) where isApproved: following.append(what)
        default:
            throw JournalError(.damaged, "Transaction \(id): '\(event.kind)' cannot follow what came before it.")
        }
    }

    /// Of an exchange whose outcome is not decided.
    public var pending: PendingReversal? { decided == nil ? exchange : nil }

    /// Whether something is left to do: a decision, or a follow-up.
    public var isUnfinished: Bool { decided == nil || followUps.contains { !$0.isOver } }

    public var openFollowUps: [(id: FollowUpID, tracked: TrackedFollowUp)] {
        followUps.indices.filter { !followUps[$0].isOver }.map { (FollowUpID(id, $0), followUps[$0]) }
    }

    /// The answer as recorded, with the state of now: `reversalPending` becomes `reversed`.
    public var answer: TransactionAnswer? {
        var answer = decided?.value.answer
        answer?.state = state
        return answer
    }

    /// The state of now (pos-protocol, section 4).
    public var state: TransactionState? {
        if isVoided { return .voided }
        switch decided?.value.answer.state {
        case .reversalPending:
            let reversals = followUps.filter(\.followUp.isReversal)
            guard reversals.allSatisfy(\.isOver) else { return .reversalPending }
            // What an operator ended is as the operator says; the terminal does not know.
            guard reversals.allSatisfy(\.isAcknowledged) else { return .unknown }
            return type == .void ? .voided : .reversed
        case .offlineQueued:
            guard let advice = followUps.last(where: { !$0.followUp.isReversal }), advice.isOver else { return .offlineQueued }
            return advice.isAcknowledged ? .completed : .unknown
        case let state: return state
        }
    }

    public var recorded: RecordedTransaction { RecordedTransaction(id: id, peer: acceptance.peer, answer: answer) }
}

// MARK: As an original

/// What stands at the host for a transaction, for whoever follows it up.
struct Posting: Sendable, Hashable {
    /// Goes into field 56.
    var exchange: ExchangeIdentity
    var processingCode: String
    /// Field 4 as it was sent.
    var amount: Amount
    var entryMode: EntryMode
}

extension JournaledTransaction {
    var type: TransactionType { accepted.value.request.type }
    public var isVoided: Bool { following.contains { $0.effect == .voided } }

    var isApproved: Bool { decided?.value.answer.approval == .approved }

    /// Of an AUTHORIZATION: its COMPLETION.
    var completedBy: TransactionID? {
        following.first { if case .completed = $0.effect { true } else { false } }?.by
    }

    /// The 1220 that stands in the host's books for it, with its index.
    var advice: (index: Int, record: AdviceRecord)? {
        guard let index = followUps.lastIndex(where: { !$0.followUp.isReversal }), let record = followUps[index].followUp.advice else {
            return nil
        }
        return (index, record)
    }

    var posting: Posting? {
        if let record = advice?.record {
            return Posting(
                exchange: record.exchange, processingCode: record.processingCode, amount: record.amount, entryMode: record.entryMode)
        }
        return sent.map {
            Posting(
                exchange: $0.value.exchange, processingCode: $0.value.processingCode, amount: $0.value.amount, entryMode: $0.value.entryMode
            )
        }
    }

    var card: CardReference? { sent?.value.card ?? intended?.value.card ?? decided?.value.card }

    /// What the card is charged or held for, tip adjustments and increments included: minor units.
    var currentTotal: Int64 {
        var total = decided?.value.answer.totalAmount ?? 0
        for what in following {
            switch what.effect {
            case .adjusted(_, let adjusted): total = adjusted
            case .incremented(let amount): total += amount
            case .voided, .completed, .refunded, .refundVoided: break
            }
        }
        return total
    }

    var currentTip: Int64? {
        for case .adjusted(let tip, _) in following.reversed().map(\.effect) { return tip }
        return decided?.value.answer.tipAmount
    }

    /// Minor units given back by linked refunds that were not voided.
    var refunded: Int64 {
        following.reduce(0) { sum, what in
            switch what.effect {
            case .refunded(let amount): sum + amount
            case .refundVoided(let amount): sum - amount
            case .voided, .completed, .incremented, .adjusted: sum
            }
        }
    }
}
