import PaymentHost

/// The rules of due reversals (pos-protocol, section 5; host-protocol, "Exchanges"), as a value: no I/O, no clock, no tasks. They are sent in the order
/// they became due, several in flight, so that one without an answer or flagged never holds up another.
public struct ReversalQueue: Sendable {
    /// Pacing of repeats.
    public struct Pacing: Sendable, Hashable {
        /// After the first attempt without an answer; doubles from there.
        public var shortest: Duration = .seconds(5)
        public var longest: Duration = .seconds(30)
        /// Host-protocol: a flagged one is retried hourly.
        public var flagged: Duration = .seconds(3600)
        /// Attempts in flight together.
        public var window = 8

        public init() {}
    }

    public enum Commit: Sendable, Hashable {
        /// Before the first byte of the first attempt.
        case sent
        case acknowledged(actionCode: String)
        case flagged(actionCode: String)
    }

    public enum Outcome: Sendable, Hashable {
        /// Field 39 of the 1430.
        case answered(actionCode: String)
        /// Not one byte left: the next attempt is still the first.
        case nothingSent
        /// No answer, or none that can be used.
        case unanswered
    }

    public enum Event: Sendable, Hashable {
        /// One became due, or the start found it so.
        case due(TransactionID, ReversalRequest, sentBefore: Bool, flagged: Bool)
        case linkConnected
        /// A transaction was accepted: each gets one attempt, `.attemptsDone` follows.
        case transactionBegins
        case committed(TransactionID)
        case outcome(TransactionID, Outcome)
        /// The pause of this one is over.
        case pauseOver(TransactionID)
    }

    public enum Action: Sendable, Hashable {
        /// Synced, then `.committed`.
        case commit(TransactionID, Commit)
        case send(TransactionID, ReversalRequest)
        /// In place of an earlier pause of the same.
        case pause(TransactionID, Duration)
        case attemptsDone
    }

    enum Phase: Sendable, Hashable {
        case waiting
        case committing(Commit)
        case sending
    }

    struct Item: Sendable, Hashable {
        let id: TransactionID
        let request: ReversalRequest
        var phase = Phase.waiting
        /// Whether `.sent` is committed.
        var sentCommitted: Bool
        /// Whether bytes of it may have reached the host: what is sent from now on is a 1421.
        var isRepeat: Bool
        var isFlagged: Bool
        /// Wants an attempt as soon as the window has room.
        var isReady = false
        /// The attempt that the transaction about to begin waits for.
        var isAwaited = false
        /// Attempts in a row without an answer.
        var failures = 0
        /// The last attempt found no link: a new link is reason enough for the next.
        var lacksLink = false
    }

    let pacing: Pacing
    private(set) var items: [Item] = []
    private var attemptsAwaited = false

    public init(pacing: Pacing = Pacing()) { self.pacing = pacing }

    /// Due or flagged.
    public var count: Int { items.count }
    /// Whether the next transaction has something to wait for.
    public var hasDue: Bool { items.contains { !$0.isFlagged } }
    public var ids: [TransactionID] { items.map(\.id) }

    public mutating func on(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .due(let id, let request, let sentBefore, let flagged):
            guard !items.contains(where: { $0.id == id }) else { return [] }
            items.append(Item(id: id, request: request, sentCommitted: sentBefore, isRepeat: sentBefore, isFlagged: flagged, isReady: true))
        case .linkConnected:
            update { if $0.phase == .waiting, $0.lacksLink { $0.isReady = true } }
        case .transactionBegins:
            update {
                // A flagged one waits for its hour, not for a sale.
                guard !$0.isFlagged else { return }
                $0.isAwaited = true
                if $0.phase == .waiting { $0.isReady = true }
            }
            attemptsAwaited = true
        case .pauseOver(let id):
            update(id) { if $0.phase == .waiting { $0.isReady = true } }
        case .committed(let id): committed(id, &actions)
        case .outcome(let id, let outcome): attemptEnded(id, outcome, &actions)
        }
        attemptReady(&actions)
        if attemptsAwaited, !items.contains(where: \.isAwaited) {
            attemptsAwaited = false
            actions.append(.attemptsDone)
        }
        return actions
    }

    private mutating func committed(_ id: TransactionID, _ actions: inout [Action]) {
        guard let index = items.firstIndex(where: { $0.id == id }), case .committing(let commit) = items[index].phase else { return }
        switch commit {
        case .sent:
            items[index].sentCommitted = true
            send(index, &actions)
        case .acknowledged:
            items.remove(at: index)
        case .flagged:
            items[index].phase = .waiting
            items[index].isFlagged = true
            actions.append(.pause(id, pacing.flagged))
        }
    }

    private mutating func attemptEnded(_ id: TransactionID, _ outcome: Outcome, _ actions: inout [Action]) {
        guard let index = items.firstIndex(where: { $0.id == id }), items[index].phase == .sending else { return }
        let wasRepeat = items[index].isRepeat
        items[index].phase = .waiting
        items[index].isAwaited = false
        items[index].lacksLink = outcome == .nothingSent
        if outcome != .nothingSent { items[index].isRepeat = true }
        switch outcome {
        // Host-protocol, "reversal": 400 accepted, 914 original unknown, 913 on a repeat: acknowledged.
        case .answered(let code) where code == "400" || code == "914" || (code == "913" && wasRepeat):
            commit(index, .acknowledged(actionCode: code), &actions)
        // Any other code: flagged once, retried hourly, holds up nothing else.
        case .answered where items[index].isFlagged: actions.append(.pause(id, pacing.flagged))
        case .answered(let code): commit(index, .flagged(actionCode: code), &actions)
        case .nothingSent, .unanswered:
            items[index].failures += 1
            let doublings = min(items[index].failures - 1, 8)
            let pause = min(pacing.shortest * (1 << doublings), pacing.longest)
            actions.append(.pause(id, items[index].isFlagged ? pacing.flagged : pause))
        }
    }

    /// In order of first need, as far as the window allows.
    private mutating func attemptReady(_ actions: inout [Action]) {
        var room = pacing.window - items.count { $0.phase != .waiting }
        for index in items.indices where room > 0 && items[index].isReady && items[index].phase == .waiting {
            room -= 1
            items[index].isReady = false
            if items[index].sentCommitted {
                send(index, &actions)
            } else {
                commit(index, .sent, &actions)
            }
        }
    }

    private mutating func commit(_ index: Int, _ commit: Commit, _ actions: inout [Action]) {
        items[index].phase = .committing(commit)
        actions.append(.commit(items[index].id, commit))
    }

    private mutating func send(_ index: Int, _ actions: inout [Action]) {
        items[index].phase = .sending
        var request = items[index].request
        request.isRepeat = items[index].isRepeat
        actions.append(.send(items[index].id, request))
    }

    private mutating func update(_ id: TransactionID? = nil, _ body: (inout Item) -> Void) {
        for index in items.indices where id == nil || items[index].id == id { body(&items[index]) }
    }
}
