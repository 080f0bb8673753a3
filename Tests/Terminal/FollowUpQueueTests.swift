import Seeds
import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("Due follow-ups")
struct FollowUpQueueTests {
    private static let a = FollowUpID(TransactionID("A"), 0)
    private static let b = FollowUpID(TransactionID("B"), 0)

    private static func request(_ stan: Int = 7) -> ReversalRequest {
        let original = ExchangeIdentity(
            mti: "1200", stan: 6, localDateTime: "261122214809", transmissionDateTime: "1122214809", retrievalReference: "632621000006")
        return ReversalRequest(
            exchange: ExchangeIdentity(
                mti: "1420", stan: stan, localDateTime: "261122214839", transmissionDateTime: "1122214839",
                retrievalReference: "632621000006"),
            original: original, reason: .noAnswer, processingCode: "000000",
            amount: .zero(.init(numericCode: 840, alphabeticCode: "USD", exponent: 2)),
            approvalCode: nil, iccData: nil, entryMode: .chip, batchNumber: 1, isRepeat: false)
    }

    private static func followUp(_ stan: Int = 7) -> FollowUp { FollowUp(.reversal(request(stan))) }

    private static func sent(_ actions: [FollowUpQueue.Action]) -> [ReversalRequest] {
        actions.compactMap { action in
            guard case .send(_, .reversal(var request), let isRepeat) = action else { return nil }
            request.isRepeat = isRepeat
            return request
        }
    }

    /// One reversal in flight for the first time.
    private static func sending() -> FollowUpQueue {
        var queue = FollowUpQueue()
        _ = queue.on(.due(a, followUp(), sentBefore: false, flagged: false))
        _ = queue.on(.committed(a))
        return queue
    }

    @Test("A due reversal is sent at once; that it is sent is committed before its first byte")
    func firstAttempt() {
        var queue = FollowUpQueue()
        #expect(queue.on(.due(Self.a, Self.followUp(), sentBefore: false, flagged: false)) == [.commit(Self.a, .sent)])
        #expect(queue.on(.committed(Self.a)) == [.send(Self.a, .reversal(Self.request()), isRepeat: false)])
    }

    @Test("Repeats are 1421 with unchanged STAN and times, until 400, 914 or 913", arguments: ["400", "914", "913"])
    func repeats(_ code: String) {
        var queue = Self.sending()
        for pause in [5, 10, 20, 30, 30] {
            #expect(queue.on(.outcome(Self.a, .unanswered, age: .zero)) == [.pause(Self.a, .seconds(pause))])
            let sent = Self.sent(queue.on(.pauseOver(Self.a)))
            var expected = Self.request()
            expected.isRepeat = true
            #expect(sent == [expected])
        }
        #expect(
            queue.on(.outcome(Self.a, .answered(actionCode: code, accepted: false), age: .zero)) == [
                .commit(Self.a, .acknowledged(actionCode: code))
            ])
        #expect(queue.reversals == 1)
        #expect(queue.on(.committed(Self.a)).isEmpty)
        #expect(queue.reversals == 0)
    }

    @Test("When not one byte left, the next attempt is still a 1420, and a new link brings it at once")
    func nothingSent() {
        var queue = Self.sending()
        #expect(queue.on(.outcome(Self.a, .nothingSent, age: .zero)) == [.pause(Self.a, .seconds(5))])
        #expect(Self.sent(queue.on(.linkConnected)).map(\.isRepeat) == [false])
    }

    @Test("A silent host is not asked faster because the link comes back")
    func linkComesBack() {
        var queue = Self.sending()
        _ = queue.on(.outcome(Self.a, .unanswered, age: .zero))
        #expect(queue.on(.linkConnected).isEmpty)
    }

    @Test("913 on a first 1420 is no acknowledgement: flagged")
    func duplicateOnFirst() {
        var queue = Self.sending()
        #expect(
            queue.on(.outcome(Self.a, .answered(actionCode: "913", accepted: false), age: .zero)) == [
                .commit(Self.a, .flagged(actionCode: "913"))
            ])
    }

    @Test("Any other code: flagged once, retried hourly, waited for by no transaction, and still ended by an acknowledgement")
    func flagged() {
        var queue = Self.sending()
        #expect(
            queue.on(.outcome(Self.a, .answered(actionCode: "904", accepted: false), age: .zero)) == [
                .commit(Self.a, .flagged(actionCode: "904"))
            ])
        #expect(queue.on(.committed(Self.a)) == [.pause(Self.a, .seconds(3600))])
        #expect(queue.reversals == 1)
        #expect(!queue.hasDue)
        #expect(queue.on(.transactionBegins) == [.attemptsDone])
        #expect(Self.sent(queue.on(.pauseOver(Self.a))).map(\.isRepeat) == [true])
        #expect(queue.on(.outcome(Self.a, .answered(actionCode: "904", accepted: false), age: .zero)) == [.pause(Self.a, .seconds(3600))])
        _ = queue.on(.pauseOver(Self.a))
        #expect(
            queue.on(.outcome(Self.a, .answered(actionCode: "400", accepted: false), age: .zero)) == [
                .commit(Self.a, .acknowledged(actionCode: "400"))
            ])
    }

    @Test("Sent in the order of first need; one without an answer holds up no other")
    func order() {
        var queue = FollowUpQueue()
        var actions = queue.on(.due(Self.a, Self.followUp(7), sentBefore: true, flagged: false))
        actions += queue.on(.due(Self.b, Self.followUp(8), sentBefore: true, flagged: false))
        #expect(Self.sent(actions).map(\.exchange.stan) == [7, 8])
        _ = queue.on(.outcome(Self.b, .answered(actionCode: "400", accepted: false), age: .zero))
        _ = queue.on(.committed(Self.b))
        #expect(queue.ids == [Self.a])
    }

    @Test("Before a transaction each gets one attempt; those in flight count")
    func attemptsBeforeTransaction() {
        var queue = FollowUpQueue()
        _ = queue.on(.due(Self.a, Self.followUp(7), sentBefore: true, flagged: false))
        _ = queue.on(.due(Self.b, Self.followUp(8), sentBefore: true, flagged: false))
        _ = queue.on(.outcome(Self.a, .unanswered, age: .zero))
        #expect(Self.sent(queue.on(.transactionBegins)).map(\.exchange.stan) == [7])
        #expect(queue.on(.outcome(Self.a, .unanswered, age: .zero)).contains(.attemptsDone) == false)
        #expect(queue.on(.outcome(Self.b, .unanswered, age: .zero)).contains(.attemptsDone))
        #expect(!queue.on(.outcome(Self.b, .unanswered, age: .zero)).contains(.attemptsDone))
    }

    @Test("Found sent at the start: the first thing sent is a 1421")
    func afterRestart() {
        var queue = FollowUpQueue()
        #expect(Self.sent(queue.on(.due(Self.a, Self.followUp(), sentBefore: true, flagged: false))).map(\.isRepeat) == [true])
    }

    private static func advice(_ stan: Int, after: [FollowUpID] = []) -> FollowUp {
        let dollar = Currency(numericCode: 840, alphabeticCode: "USD", exponent: 2)
        return FollowUp(
            .advice(
                AdviceRecord(
                    exchange: ExchangeIdentity(
                        mti: "1220", stan: stan, localDateTime: "261122214839", transmissionDateTime: "1122214839",
                        retrievalReference: "632621000007"),
                    functionCode: FunctionCode.completion, processingCode: "000000", amount: .zero(dollar), entryMode: .chip,
                    approvalCode: "123456", batchNumber: 1)), after: after)
    }

    private static func flying(_ actions: [FollowUpQueue.Action]) -> [FollowUpID] {
        actions.compactMap { if case .send(let id, _, _) = $0 { id } else { nil } }
    }

    @Test("Advices go one after the other; a reversal does not wait for them")
    func advices() {
        var queue = FollowUpQueue()
        let c = FollowUpID(TransactionID("C"), 0)
        var sent = Self.flying(queue.on(.due(Self.a, Self.advice(1), sentBefore: true, flagged: false)))
        sent += Self.flying(queue.on(.due(Self.b, Self.advice(2), sentBefore: true, flagged: false)))
        sent += Self.flying(queue.on(.due(c, Self.followUp(3), sentBefore: true, flagged: false)))
        #expect(sent == [Self.a, c])
        #expect(
            queue.on(.outcome(Self.a, .answered(actionCode: "900", accepted: true), age: .zero))
                == [.commit(Self.a, .acknowledged(actionCode: "900"))])
        #expect(Self.flying(queue.on(.committed(Self.a))) == [Self.b])
    }

    @Test("An advice that the host refuses is over, for an operator to see")
    func refusedAdvice() {
        var queue = FollowUpQueue()
        _ = queue.on(.due(Self.a, Self.advice(1), sentBefore: true, flagged: false))
        let actions = queue.on(.outcome(Self.a, .answered(actionCode: "116", accepted: false), age: .zero))
        #expect(actions == [.commit(Self.a, .refused(actionCode: "116"))])
        #expect(queue.on(.committed(Self.a)).isEmpty && queue.ids.isEmpty)
    }

    @Test("Store and forward: the 1220 waits until its sale's reversal is acknowledged; a flagged one still stands in its way")
    func adviceAfterReversal() {
        var queue = FollowUpQueue()
        let second = FollowUpID(Self.a.transaction, 1)
        _ = queue.on(.due(Self.a, Self.followUp(1), sentBefore: true, flagged: false))
        #expect(queue.on(.due(second, Self.advice(2, after: [Self.a]), sentBefore: false, flagged: false)).isEmpty)
        #expect(queue.isUnsent(second) && !queue.isUnsent(Self.a))
        _ = queue.on(.outcome(Self.a, .answered(actionCode: "909", accepted: false), age: .zero))
        #expect(Self.flying(queue.on(.committed(Self.a))).isEmpty)
        // The next sale does not wait for what cannot go.
        #expect(queue.on(.transactionBegins) == [.attemptsDone])
        _ = queue.on(.pauseOver(Self.a))
        _ = queue.on(.outcome(Self.a, .answered(actionCode: "400", accepted: true), age: .zero))
        #expect(queue.on(.committed(Self.a)) == [.commit(second, .sent)])
    }

    @Test("A VOID's reversals go one after the other; a flagged one lets the next go")
    func reversalAfterReversal() {
        var queue = FollowUpQueue()
        let second = FollowUpID(Self.a.transaction, 1)
        _ = queue.on(.due(Self.a, Self.followUp(1), sentBefore: true, flagged: false))
        var next = Self.followUp(2)
        next.after = [Self.a]
        #expect(queue.on(.due(second, next, sentBefore: true, flagged: false)).isEmpty)
        #expect(queue.blocks(next))
        _ = queue.on(.outcome(Self.a, .answered(actionCode: "909", accepted: false), age: .zero))
        #expect(Self.flying(queue.on(.committed(Self.a))) == [second])
    }

    @Test("What an operator or a VOID has ended is sent no more, and what waited for it goes")
    func ended() {
        var queue = FollowUpQueue()
        let second = FollowUpID(Self.a.transaction, 1)
        _ = queue.on(.due(Self.a, Self.followUp(1), sentBefore: true, flagged: true))
        _ = queue.on(.due(second, Self.advice(2, after: [Self.a]), sentBefore: true, flagged: false))
        #expect(Self.flying(queue.on(.ended(Self.a))) == [second])
        #expect(queue.on(.pauseOver(Self.a)).isEmpty)
    }

    @Test("unknownOriginalFinalAfter: an early 914 is sent once more after that time, then believed")
    func earlyUnknown() {
        var pacing = FollowUpQueue.Pacing()
        pacing.unknownOriginalFinalAfter = .seconds(60)
        var queue = FollowUpQueue(pacing: pacing)
        _ = queue.on(.due(Self.a, Self.followUp(), sentBefore: true, flagged: false))
        let unknown = FollowUpQueue.Outcome.answered(actionCode: "914", accepted: true)
        #expect(queue.on(.outcome(Self.a, unknown, age: .seconds(10))) == [.pause(Self.a, .seconds(50))])
        #expect(Self.sent(queue.on(.pauseOver(Self.a))).map(\.isRepeat) == [true])
        #expect(queue.on(.outcome(Self.a, unknown, age: .seconds(60))) == [.commit(Self.a, .acknowledged(actionCode: "914"))])
    }

    @Test("No more than the window is in flight; the next goes when one ends")
    func window() {
        var pacing = FollowUpQueue.Pacing()
        pacing.window = 2
        var queue = FollowUpQueue(pacing: pacing)
        var sent: [Int] = []
        for stan in 1...4 {
            sent += Self.sent(
                queue.on(.due(FollowUpID(TransactionID("\(stan)"), 0), Self.followUp(stan), sentBefore: true, flagged: false))
            ).map(
                \.exchange.stan)
        }
        #expect(sent == [1, 2])
        #expect(Self.sent(queue.on(.outcome(FollowUpID(TransactionID("1"), 0), .unanswered, age: .zero))).map(\.exchange.stan) == [3])
    }

    @Test(
        "5,000 random schedules: nothing is sent before it is committed as sent, nothing flies twice, acknowledged is the end, and all end when the host answers"
    )
    func randomSchedules() {
        for seed in UInt64(0)..<5_000 {
            var generator = SeededRandom(seed: seed)
            var queue = FollowUpQueue()
            var commits: [(FollowUpID, FollowUpQueue.Commit)] = []
            var flying: Set<FollowUpID> = []
            var sentCommitted: Set<FollowUpID> = []
            var acknowledged: Set<FollowUpID> = []
            let ids = (0..<4).map { FollowUpID(TransactionID("\($0)"), 0) }
            func deliver(_ event: FollowUpQueue.Event) {
                for action in queue.on(event) {
                    switch action {
                    case .commit(let id, let commit):
                        #expect(!acknowledged.contains(id), "seed \(seed)")
                        commits.append((id, commit))
                    case .send(let id, let message, _):
                        #expect(sentCommitted.contains(id), "seed \(seed): sent before it was committed as sent")
                        #expect(flying.insert(id).inserted, "seed \(seed): two attempts in flight")
                        #expect(!acknowledged.contains(id), "seed \(seed): sent after its acknowledgement")
                        #expect(message == .reversal(Self.request()), "seed \(seed): STAN or times changed")
                    case .pause, .attemptsDone: break
                    }
                }
            }
            func commitNext() {
                guard !commits.isEmpty else { return }
                let (id, commit) = commits.removeFirst()
                if commit == .sent { sentCommitted.insert(id) }
                if case .acknowledged = commit { acknowledged.insert(id) }
                deliver(.committed(id))
            }
            func end(_ id: FollowUpID, _ outcome: FollowUpQueue.Outcome) {
                if flying.remove(id) != nil { deliver(.outcome(id, outcome, age: .zero)) }
            }
            for id in ids {
                let before = Bool.random(using: &generator)
                if before { sentCommitted.insert(id) }
                deliver(.due(id, Self.followUp(), sentBefore: before, flagged: before && Bool.random(using: &generator)))
            }
            for _ in 0..<60 {
                let id = ids.randomElement(using: &generator) ?? Self.a
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: deliver(.linkConnected)
                case 1: deliver(.transactionBegins)
                case 2: deliver(.pauseOver(id))
                case 3: end(id, .unanswered)
                case 4: end(id, .nothingSent)
                case 5:
                    end(id, .answered(actionCode: ["400", "913", "914", "904"].randomElement(using: &generator) ?? "400", accepted: false))
                default: commitNext()
                }
            }
            for _ in 0..<10 {
                for id in ids { deliver(.pauseOver(id)) }
                while !commits.isEmpty { commitNext() }
                for id in ids { end(id, .answered(actionCode: "400", accepted: false)) }
                while !commits.isEmpty { commitNext() }
            }
            #expect(queue.reversals == 0 && acknowledged.count == ids.count, "seed \(seed): left \(queue.ids)")
        }
    }
}
