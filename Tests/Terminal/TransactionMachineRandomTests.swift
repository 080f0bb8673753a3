import Seeds
import PaymentHost
import Testing

@testable import Terminal

/// What must hold in any order of events.
@Suite("Random schedules")
struct TransactionMachineRandomTests {
    @Test("20,000 random schedules: one decision, reply after it, no send before the pending commit, no approval with a reversal due")
    func randomSchedules() {
        var results: Set<ResultCode> = []
        for seed in UInt64(0)..<20_000 {
            if let result = Self.run(seed: seed) { results.insert(result) }
        }
        // A schedule that never gets anywhere would prove nothing.
        #expect(
            results.isSuperset(of: [
                .completed, .declinedByCard, .declinedByHost, .cardRemoved, .timeout, .cancelledByPOS, .hostUnreachable, .notSent,
                .noAnswer,
                .badAnswer, .deviceFault, .reversedPOSLost, .cardUnreadable, .cancelledByCardholder,
            ]))
    }

    private static func run(seed: UInt64) -> ResultCode? {
        var generator = SeededRandom(seed: seed)
        let partial = Bool.random(using: &generator)
        let lost: POSConnectionLost = Bool.random(using: &generator) ? .reverse : .complete
        var rules = TransactionMachine.Rules(posConnectionLost: lost, partialApprovalAllowed: partial)
        rules.asksTip = Int.random(in: 0..<4, using: &generator) == 0
        if Bool.random(using: &generator) {
            rules.ways = Set(TransactionMachine.EntryWay.allCases.filter { _ in .random(using: &generator) })
        }
        var world = World(machine: TransactionMachine(rules: rules))
        let slot = [TransactionMachine.Slot.empty, .usedCard, .freshCard].randomElement(using: &generator) ?? .empty
        world.deliver(.begin(slot, reversalsDue: Bool.random(using: &generator)), seed)
        for _ in 0..<400 where !world.machine.isOver {
            world.deliver(world.next(&generator), seed)
        }
        // With every timer fired and every commit done the transaction ends.
        for _ in 0..<20 where !world.machine.isOver {
            for commit in world.commits { world.deliver(.committed(commit), seed) }
            for timer in TransactionMachine.Timer.allCases where world.timers.contains(timer) { world.deliver(.timer(timer), seed) }
        }
        #expect(world.machine.isOver, "seed \(seed): stuck in \(world.machine.phase)")
        #expect(world.replies == 1, "seed \(seed)")
        return world.decision?.result
    }

    /// The peers of one machine, and the rules it is held to.
    private struct World {
        var machine: TransactionMachine
        var timers: Set<TransactionMachine.Timer> = []
        var commits: [TransactionMachine.Commit] = []
        var committed: Set<TransactionMachine.Commit> = []
        var decision: TransactionDecision?
        var verdict: TransactionMachine.HostVerdict?
        var cardAnswers = false
        var sent = false
        var replies = 0
        var cancelled = false

        func next(_ generator: inout SeededRandom) -> TransactionMachine.Event {
            switch Int.random(in: 0..<15, using: &generator) {
            case 0: return .slot(TransactionMachine.Slot.allCases.randomElement(using: &generator) ?? .empty)
            case 1: return .choiceNeeded
            case 2: return .choiceMade
            case 3, 4: return .onlineRequested
            case 5 where cardAnswers, 6 where cardAnswers:
                return .cardEnded(
                    Bool.random(using: &generator)
                        ? .approved : TransactionMachine.CardEnd.allCases.randomElement(using: &generator) ?? .mute)
            case 7: return .reversalsAttempted
            case 8 where sent, 9 where sent:
                return .hostOutcome(TransactionMachine.HostVerdict.allCases.randomElement(using: &generator) ?? .noAnswer)
            case 10: return .presence([POSPresence.there, .there, .away, .lost].randomElement(using: &generator) ?? .there)
            case 11 where Int.random(in: 0..<4, using: &generator) == 0: return .cancel
            case 12 where Int.random(in: 0..<4, using: &generator) == 0:
                return timers.sorted(by: { $0.rawValue < $1.rawValue }).randomElement(using: &generator).map { .timer($0) }
                    ?? .slot(.usedCard)
            case 14:
                let entries: [TransactionMachine.Event] =
                    TransactionMachine.Keyed.allCases.map { .keyed($0) } + TransactionMachine.Swipe.allCases.map { .swiped($0) }
                    + TransactionMachine.Tap.allCases.map { .tapped($0) }
                return entries.randomElement(using: &generator) ?? .tipSettled
            case 13: return Int.random(in: 0..<8, using: &generator) == 0 ? .tipCancelled : .tipSettled
            default: return commits.first.map { .committed($0) } ?? .slot(.usedCard)
            }
        }

        mutating func deliver(_ event: TransactionMachine.Event, _ seed: UInt64) {
            switch event {
            case .committed(let commit):
                guard let index = commits.firstIndex(of: commit) else { return }
                commits.remove(at: index)
                committed.insert(commit)
            case .timer(let timer): timers.remove(timer)
            case .hostOutcome(let outcome): if verdict == nil, machine.awaitsHost { verdict = outcome }
            default: break
            }
            for action in machine.on(event) { check(action, seed) }
        }

        mutating func check(_ action: TransactionMachine.Action, _ seed: UInt64) {
            switch action {
            case .startTimer(let timer, _): timers.insert(timer)
            case .stopTimer(let timer): timers.remove(timer)
            case .stopTimers: timers = []
            case .readCard, .completeCard: cardAnswers = true
            case .commit(let commit, _): commits.append(commit)
            case .commitDecision(let made, _):
                #expect(decision == nil, "seed \(seed): decided twice")
                decision = made
                commits.append(.decision)
                checkDecision(made, seed)
            case .sendToHost:
                #expect(committed.contains(.pendingReversal), "seed \(seed): sent before the pending reversal was committed")
                #expect(!sent && decision == nil && !cancelled, "seed \(seed): sent twice, late or after a Cancel answered 0")
                sent = true
            case .reply(let told):
                #expect(committed.contains(.decision), "seed \(seed): told before decided")
                #expect(told == decision, "seed \(seed): told something else")
                replies += 1
            case .answerCancel(.cancelled):
                cancelled = true
            case .answerCancel(.tooLate):
                #expect(commits.contains(.pendingReversal) || committed.contains(.pendingReversal), "seed \(seed)")
            default: break
            }
            if cancelled, let decision { #expect(decision.result == .cancelledByPOS, "seed \(seed): 0 to Cancel, then \(decision.result)") }
        }

        func checkDecision(_ made: TransactionDecision, _ seed: UInt64) {
            #expect(made.hostContact == false || sent, "seed \(seed)")
            if made.result == .completed {
                #expect(made.reversal == nil && made.approval == .approved, "seed \(seed): approved with a reversal due")
                #expect(verdict == .approved || (verdict == .partiallyApproved && machine.rules.partialApprovalAllowed), "seed \(seed)")
                #expect(machine.presence == .there || machine.rules.posConnectionLost == .complete, "seed \(seed): nobody can learn of it")
            } else {
                #expect(made.approval != .approved, "seed \(seed)")
                // Whatever may stand at the host and is not told as approved goes back.
                let open = sent && verdict != .declined && verdict != .notConnected && verdict != .notSent
                #expect((made.reversal != nil) == open, "seed \(seed): \(made) after \(String(describing: verdict))")
            }
        }
    }
}
