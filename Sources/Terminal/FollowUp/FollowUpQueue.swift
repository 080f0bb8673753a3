import PaymentHost

/// The rules of due follow-ups (pos-protocol, section 5; host-protocol, "Exchanges"), as a value: no I/O, no clock, no tasks. Reversals are sent in the
/// order they became due, several in flight, so that one without an answer or flagged never holds up another; advices one after the other.
public struct FollowUpQueue: Sendable {
    /// Pacing of repeats.
    public struct Pacing: Sendable, Hashable {
        /// After the first attempt without an answer; doubles from there.
        public var shortest: Duration = .seconds(5)
        public var longest: Duration = .seconds(30)
        /// Host-protocol: a flagged one is retried hourly.
        public var flagged: Duration = .seconds(3600)
        /// Reversals in flight together.
        public var window = 8
        /// A 914 that comes earlier after the need is believed the second time only (dialect key `unknownOriginalFinalAfter`).
        public var unknownOriginalFinalAfter: Duration?

        public init() {}
    }

    public enum Commit: Sendable, Hashable {
        /// Before the first byte of the first attempt.
        case sent
        case acknowledged(actionCode: String)
        case flagged(actionCode: String)
        /// An advice that the host does not take: over, and for an operator to see.
        case refused(actionCode: String)
    }

    public enum Outcome: Sendable, Hashable {
        /// Field 39 of the 1430 or 1230, and whether it accepts an advice.
        case answered(actionCode: String, accepted: Bool)
        /// Not one byte left: the next attempt is still the first.
        case nothingSent
        /// No answer, or none that can be used.
        case unanswered
    }

    public enum Event: Sendable, Hashable {
        /// One became due, or the start found it so.
        case due(FollowUpID, FollowUp, sentBefore: Bool, flagged: Bool)
        case linkConnected
        /// A transaction was accepted: each gets one attempt, `.attemptsDone` follows.
        case transactionBegins
        case committed(FollowUpID)
        /// `age`: since it became due, or since the start if that was later.
        case outcome(FollowUpID, Outcome, age: Duration)
        /// The pause of this one is over.
        case pauseOver(FollowUpID)
        /// Ended elsewhere, and journaled there: dropped, or resolved by an operator.
        case ended(FollowUpID)
    }

    public enum Action: Sendable, Hashable {
        /// Synced, then `.committed`.
        case commit(FollowUpID, Commit)
        case send(FollowUpID, FollowUp.Message, isRepeat: Bool)
        /// In place of an earlier pause of the same.
        case pause(FollowUpID, Duration)
        case attemptsDone
    }

    enum Phase: Sendable, Hashable {
        case waiting
        case committing(Commit)
        case sending
    }

    struct Item: Sendable, Hashable {
        let id: FollowUpID
        let followUp: FollowUp
        var phase = Phase.waiting
        /// Whether `.sent` is committed.
        var sentCommitted: Bool
        /// Whether bytes of it may have reached the host: what is sent from now on is a 1421 or 1221.
        var isRepeat: Bool
        var isFlagged: Bool
        /// Wants an attempt as soon as there is room.
        var isReady = false
        /// The attempt that the transaction about to begin waits for.
        var isAwaited = false
        /// Attempts in a row without an answer.
        var failures = 0
        /// The last attempt found no link: a new link is reason enough for the next.
        var lacksLink = false
        /// A 914 came before it could be believed.
        var wasUnknown = false
    }

    let pacing: Pacing
    private(set) var items: [Item] = []
    private var attemptsAwaited = false

    public init(pacing: Pacing = Pacing()) { self.pacing = pacing }

    /// Reversals due or flagged.
    public var reversals: Int { items.count(where: \.followUp.isReversal) }
    /// Advices not yet accepted.
    public var advices: [(id: FollowUpID, record: AdviceRecord)] {
        items.compactMap { item in item.followUp.advice.map { (item.id, $0) } }
    }
    /// Whether the next transaction has something to wait for.
    public var hasDue: Bool { items.contains { !$0.isFlagged && !isBlocked($0) } }
    public var ids: [FollowUpID] { items.map(\.id) }

    public var isEmpty: Bool { items.isEmpty }

    public func contains(_ id: FollowUpID) -> Bool { items.contains { $0.id == id } }

    /// Whether not one byte of it has left, nor is about to.
    public func isUnsent(_ id: FollowUpID) -> Bool {
        items.contains { $0.id == id && !$0.isRepeat && $0.phase == .waiting }
    }

    /// Whether one of those that it comes after stands in its way. A reversal waits for what went before it to be answered, whatever the answer; an advice
    /// also for its reversal to be acknowledged: a sale that the host may have booked is not sent a second time.
    public func blocks(_ followUp: FollowUp) -> Bool {
        items.contains { item in
            guard followUp.after.contains(item.id) else { return false }
            return !item.isFlagged || (!followUp.isReversal && item.followUp.isReversal)
        }
    }

    private func isBlocked(_ item: Item) -> Bool { !item.followUp.after.isEmpty && blocks(item.followUp) }

    public mutating func on(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .due(let id, let followUp, let sentBefore, let flagged):
            guard !contains(id) else { return [] }
            items.append(
                Item(id: id, followUp: followUp, sentCommitted: sentBefore, isRepeat: sentBefore, isFlagged: flagged, isReady: true))
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
        case .outcome(let id, let outcome, let age): attemptEnded(id, outcome, age, &actions)
        case .ended(let id): items.removeAll { $0.id == id }
        }
        attemptReady(&actions)
        if attemptsAwaited, !items.contains(where: { $0.isAwaited && ($0.phase != .waiting || !isBlocked($0)) }) {
            attemptsAwaited = false
            update { $0.isAwaited = false }
            actions.append(.attemptsDone)
        }
        return actions
    }

    private mutating func committed(_ id: FollowUpID, _ actions: inout [Action]) {
        guard let index = items.firstIndex(where: { $0.id == id }), case .committing(let commit) = items[index].phase else { return }
        switch commit {
        case .sent:
            items[index].sentCommitted = true
            send(index, &actions)
        case .acknowledged, .refused:
            items.remove(at: index)
        case .flagged:
            items[index].phase = .waiting
            items[index].isFlagged = true
            actions.append(.pause(id, pacing.flagged))
        }
    }

    private mutating func attemptEnded(_ id: FollowUpID, _ outcome: Outcome, _ age: Duration, _ actions: inout [Action]) {
        guard let index = items.firstIndex(where: { $0.id == id }), items[index].phase == .sending else { return }
        let wasRepeat = items[index].isRepeat
        items[index].phase = .waiting
        items[index].isAwaited = false
        items[index].lacksLink = outcome == .nothingSent
        if outcome != .nothingSent { items[index].isRepeat = true }
        switch outcome {
        case .answered(let code, let accepted):
            answered(index, code, items[index].followUp.isReversal ? Self.acknowledges(code, isRepeat: wasRepeat) : accepted, age, &actions)
        case .nothingSent, .unanswered:
            items[index].failures += 1
            let doublings = min(items[index].failures - 1, 8)
            let pause = min(pacing.shortest * (1 << doublings), pacing.longest)
            actions.append(.pause(id, items[index].isFlagged ? pacing.flagged : pause))
        }
    }

    /// Host-protocol, "reversal": 400 accepted, 914 original unknown, 913 on a repeat.
    public static func acknowledges(_ code: String, isRepeat: Bool) -> Bool {
        code == "400" || code == "914" || (code == "913" && isRepeat)
    }

    private mutating func answered(_ index: Int, _ code: String, _ isAccepted: Bool, _ age: Duration, _ actions: inout [Action]) {
        let item = items[index]
        switch (isAccepted, item.followUp.isReversal) {
        case (true, true) where code == "914" && !item.wasUnknown && age < pacing.unknownOriginalFinalAfter ?? .zero:
            // The original may still be on its way to the host.
            items[index].wasUnknown = true
            actions.append(.pause(item.id, (pacing.unknownOriginalFinalAfter ?? .zero) - age))
        case (true, _): commit(index, .acknowledged(actionCode: code), &actions)
        // Any other code to a reversal: flagged once, retried hourly, holds up nothing else.
        case (false, true) where item.isFlagged: actions.append(.pause(item.id, pacing.flagged))
        case (false, true): commit(index, .flagged(actionCode: code), &actions)
        case (false, false): commit(index, .refused(actionCode: code), &actions)
        }
    }

    /// In order of first need, as far as there is room: `window` reversals, one advice.
    private mutating func attemptReady(_ actions: inout [Action]) {
        var reversalRoom = pacing.window - items.count { $0.phase != .waiting && $0.followUp.isReversal }
        var adviceRoom = 1 - items.count { $0.phase != .waiting && !$0.followUp.isReversal }
        for index in items.indices where items[index].isReady && items[index].phase == .waiting && !isBlocked(items[index]) {
            if items[index].followUp.isReversal {
                guard reversalRoom > 0 else { continue }
                reversalRoom -= 1
            } else {
                guard adviceRoom > 0 else { continue }
                adviceRoom -= 1
            }
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
        actions.append(.send(items[index].id, items[index].followUp.message, isRepeat: items[index].isRepeat))
    }

    private mutating func update(_ id: FollowUpID? = nil, _ body: (inout Item) -> Void) {
        for index in items.indices where id == nil || items[index].id == id { body(&items[index]) }
    }
}
