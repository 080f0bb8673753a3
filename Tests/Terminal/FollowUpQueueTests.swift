import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("Due reversals")
struct ReversalQueueTests {
    private static let a = TransactionID("A")
    private static let b = TransactionID("B")

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

    private static func sent(_ actions: [ReversalQueue.Action]) -> [ReversalRequest] {
        actions.compactMap { if case .send(_, let request) = $0 { request } else { nil } }
    }

    /// One reversal in flight for the first time.
    private static func sending() -> ReversalQueue {
        var queue = ReversalQueue()
        _ = queue.on(.due(a, request(), sentBefore: false, flagged: false))
        _ = queue.on(.committed(a))
        return queue
    }

    @Test("A due reversal is sent at once; that it is sent is committed before its first byte")
    func firstAttempt() {
        var queue = ReversalQueue()
        #expect(queue.on(.due(Self.a, Self.request(), sentBefore: false, flagged: false)) == [.commit(Self.a, .sent)])
        #expect(queue.on(.committed(Self.a)) == [.send(Self.a, Self.request())])
    }

    @Test("Repeats are 1421 with unchanged STAN and times, until 400, 914 or 913", arguments: ["400", "914", "913"])
    func repeats(_ code: String) {
        var queue = Self.sending()
        for pause in [5, 10, 20, 30, 30] {
            #expect(queue.on(.outcome(Self.a, .unanswered)) == [.pause(Self.a, .seconds(pause))])
            let sent = Self.sent(queue.on(.pauseOver(Self.a)))
            var expected = Self.request()
            expected.isRepeat = true
            #expect(sent == [expected])
        }
        #expect(queue.on(.outcome(Self.a, .answered(actionCode: code))) == [.commit(Self.a, .acknowledged(actionCode: code))])
        #expect(queue.count == 1)
        #expect(queue.on(.committed(Self.a)).isEmpty)
        #expect(queue.count == 0)
    }

    @Test("When not one byte left, the next attempt is still a 1420, and a new link brings it at once")
    func nothingSent() {
        var queue = Self.sending()
        #expect(queue.on(.outcome(Self.a, .nothingSent)) == [.pause(Self.a, .seconds(5))])
        #expect(Self.sent(queue.on(.linkConnected)).map(\.isRepeat) == [false])
    }

    @Test("A silent host is not asked faster because the link comes back")
    func linkComesBack() {
        var queue = Self.sending()
        _ = queue.on(.outcome(Self.a, .unanswered))
        #expect(queue.on(.linkConnected).isEmpty)
    }

    @Test("913 on a first 1420 is no acknowledgement: flagged")
    func duplicateOnFirst() {
        var queue = Self.sending()
        #expect(queue.on(.outcome(Self.a, .answered(actionCode: "913"))) == [.commit(Self.a, .flagged(actionCode: "913"))])
    }

    @Test("Any other code: flagged once, retried hourly, waited for by no transaction, and still ended by an acknowledgement")
    func flagged() {
        var queue = Self.sending()
        #expect(queue.on(.outcome(Self.a, .answered(actionCode: "904"))) == [.commit(Self.a, .flagged(actionCode: "904"))])
        #expect(queue.on(.committed(Self.a)) == [.pause(Self.a, .seconds(3600))])
        #expect(queue.count == 1)
        #expect(!queue.hasDue)
        #expect(queue.on(.transactionBegins) == [.attemptsDone])
        #expect(Self.sent(queue.on(.pauseOver(Self.a))).map(\.isRepeat) == [true])
        #expect(queue.on(.outcome(Self.a, .answered(actionCode: "904"))) == [.pause(Self.a, .seconds(3600))])
        _ = queue.on(.pauseOver(Self.a))
        #expect(queue.on(.outcome(Self.a, .answered(actionCode: "400"))) == [.commit(Self.a, .acknowledged(actionCode: "400"))])
    }

    @Test("Sent in the order of first need; one without an answer holds up no other")
    func order() {
        var queue = ReversalQueue()
        var actions = queue.on(.due(Self.a, Self.request(7), sentBefore: true, flagged: false))
        actions += queue.on(.due(Self.b, Self.request(8), sentBefore: true, flagged: false))
        #expect(Self.sent(actions).map(\.exchange.stan) == [7, 8])
        _ = queue.on(.outcome(Self.b, .answered(actionCode: "400")))
        _ = queue.on(.committed(Self.b))
        #expect(queue.ids == [Self.a])
    }

    @Test("Before a transaction each gets one attempt; those in flight count")
    func attemptsBeforeTransaction() {
        var queue = ReversalQueue()
        _ = queue.on(.due(Self.a, Self.request(7), sentBefore: true, flagged: false))
        _ = queue.on(.due(Self.b, Self.request(8), sentBefore: true, flagged: false))
        _ = queue.on(.outcome(Self.a, .unanswered))
        #expect(Self.sent(queue.on(.transactionBegins)).map(\.exchange.stan) == [7])
        #expect(queue.on(.outcome(Self.a, .unanswered)).contains(.attemptsDone) == false)
        #expect(queue.on(.outcome(Self.b, .unanswered)).contains(.attemptsDone))
        #expect(!queue.on(.outcome(Self.b, .unanswered)).contains(.attemptsDone))
    }

    @Test("Found sent at the start: the first thing sent is a 1421")
    func afterRestart() {
        var queue = ReversalQueue()
        #expect(Self.sent(queue.on(.due(Self.a, Self.request(), sentBefore: true, flagged: false))).map(\.isRepeat) == [true])
    }

    @Test("No more than the window is in flight; the next goes when one ends")
    func window() {
        var pacing = ReversalQueue.Pacing()
        pacing.window = 2
        var queue = ReversalQueue(pacing: pacing)
        var sent: [Int] = []
        for stan in 1...4 {
            sent += Self.sent(queue.on(.due(TransactionID("\(stan)"), Self.request(stan), sentBefore: true, flagged: false))).map(
                \.exchange.stan)
        }
        #expect(sent == [1, 2])
        #expect(Self.sent(queue.on(.outcome(TransactionID("1"), .unanswered))).map(\.exchange.stan) == [3])
    }

    @Test(
        "5,000 random schedules: nothing is sent before it is committed as sent, nothing flies twice, acknowledged is the end, and all end when the host answers"
    )
    func randomSchedules() {
        for seed in UInt64(0)..<5_000 {
            var generator = SeededGenerator(seed: seed)
            var queue = ReversalQueue()
            var commits: [(TransactionID, ReversalQueue.Commit)] = []
            var flying: Set<TransactionID> = []
            var sentCommitted: Set<TransactionID> = []
            var acknowledged: Set<TransactionID> = []
            let ids = (0..<4).map { TransactionID("\($0)") }
            func deliver(_ event: ReversalQueue.Event) {
                for action in queue.on(event) {
                    switch action {
                    case .commit(let id, let commit):
                        #expect(!acknowledged.contains(id), "seed \(seed)")
                        commits.append((id, commit))
                    case .send(let id, let request):
                        #expect(sentCommitted.contains(id), "seed \(seed): sent before it was committed as sent")
                        #expect(flying.insert(id).inserted, "seed \(seed): two attempts in flight")
                        #expect(!acknowledged.contains(id), "seed \(seed): sent after its acknowledgement")
                        #expect(request.exchange == Self.request().exchange, "seed \(seed): STAN or times changed")
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
            func end(_ id: TransactionID, _ outcome: ReversalQueue.Outcome) {
                if flying.remove(id) != nil { deliver(.outcome(id, outcome)) }
            }
            for id in ids {
                let before = Bool.random(using: &generator)
                if before { sentCommitted.insert(id) }
                deliver(.due(id, Self.request(), sentBefore: before, flagged: before && Bool.random(using: &generator)))
            }
            for _ in 0..<60 {
                let id = ids.randomElement(using: &generator) ?? Self.a
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: deliver(.linkConnected)
                case 1: deliver(.transactionBegins)
                case 2: deliver(.pauseOver(id))
                case 3: end(id, .unanswered)
                case 4: end(id, .nothingSent)
                case 5: end(id, .answered(actionCode: ["400", "913", "914", "904"].randomElement(using: &generator) ?? "400"))
                default: commitNext()
                }
            }
            for _ in 0..<10 {
                for id in ids { deliver(.pauseOver(id)) }
                while !commits.isEmpty { commitNext() }
                for id in ids { end(id, .answered(actionCode: "400")) }
                while !commits.isEmpty { commitNext() }
            }
            #expect(queue.count == 0 && acknowledged.count == ids.count, "seed \(seed): left \(queue.ids)")
        }
    }
}
