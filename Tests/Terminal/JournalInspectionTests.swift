import GRDB
import PaymentHost
import Testing

@testable import Terminal

@Suite("Journal: verify, resolve, retention")
struct JournalInspectionTests {
    private typealias Samples = JournalSamples

    @Test("verify: nothing to find in a journal that was written by the terminal")
    func inOrder() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        try store.commit([Samples.accepted("A"), Samples.pending("A"), Samples.decided("A", Samples.silent)])
        try store.commit([Samples.sent("A"), Samples.accepted("B"), Samples.decided("B", Samples.approved, authCode: "123456")])
        try store.commit([Samples.acknowledged("A")])
        #expect(try store.findings().isEmpty)
        #expect(try store.events(of: TransactionID("A")).map(\.kind) == ["accepted", "reversalPending", "decided", "followUp", "followUp"])
        var all: [String] = []
        try store.forEachEvent { all.append("\($0.transaction) \($0.kind)") }
        #expect(all.count == 7 && all.last == "A followUp")
    }

    @Test(
        "verify: names a column that differs, an event that is gone, one that cannot be read, and a card that should be gone",
        arguments: [
            ("UPDATE transactions SET state = 'voided'", "A: state is wrong"),
            ("UPDATE transactions SET unfinished = 0", "A: unfinished is wrong"),
            ("UPDATE transactions SET approved = 1", "A: approved is wrong"),
            ("DELETE FROM events WHERE kind = 'accepted'", "A: Transaction A does not begin with its acceptance."),
            ("UPDATE events SET body = '{' WHERE kind = 'decided'", "A: A record of type DecisionRecord cannot be read."),
            ("INSERT INTO cards VALUES ('A', 5, x'00')", "A: a card is kept for a follow-up that is over"),
        ])
    func damaged(_ sql: String, _ finding: String) throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        try store.commit([Samples.accepted("A"), Samples.pending("A"), Samples.decided("A", Samples.silent)])
        try store.pool.write { try $0.execute(sql: sql) }
        #expect(try store.findings().contains(finding))
    }

    @Test("resolve ends what is open, with its reason, from another process; a late acknowledgement changes nothing")
    func resolve() throws {
        let directory = try TemporaryDirectory()
        let running = try SQLiteJournalStore(path: directory.journal)
        try running.commit([Samples.accepted("A"), Samples.pending("A"), Samples.decided("A", Samples.silent), Samples.flagged("A")])
        let other = try SQLiteJournalStore(path: directory.journal, mustExist: true)
        #expect(try other.resolve(TransactionID("A"), reason: "settled by telephone", at: Samples.time) == 1)
        #expect(try other.resolve(TransactionID("A"), reason: "again", at: Samples.time) == 0)
        #expect(try running.startingPoint().unfinished.isEmpty)
        try running.commit([Samples.acknowledged("A")])
        let transaction = try #require(try running.transaction(TransactionID("A")))
        #expect(transaction.followUps.first?.progress == .resolved(Resolution(reason: "settled by telephone", at: Samples.time)))
        #expect(transaction.state == .unknown)
        #expect(throws: JournalError.self) { try SQLiteJournalStore(path: directory.path + "/none.sqlite", mustExist: true) }
    }

    @Test("The running terminal sends no more of what an operator has ended", .timeLimit(.minutes(1)))
    func resolvedWhileRunning() async throws {
        let directory = try TemporaryDirectory()
        let rig = try await Rig(store: try SQLiteJournalStore(path: directory.journal))
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.answer(.noAnswer)
        _ = await sale.final()
        try await rig.host.next().answer(reversal: "909")
        await rig.clock.sleeper(after: .seconds(3600))
        let operatorStore = try SQLiteJournalStore(path: directory.journal)
        #expect(try operatorStore.resolve(sale.id, reason: "settled by telephone", at: Samples.time) == 1)
        rig.clock.advance(by: .seconds(3600))
        await rig.engine.hasNoReversals()
        #expect(rig.host.exchanges.all.count == 2)
    }

    @Test(
        "SETTLEMENT freezes the next batch once an operator has ended the last; a late answer to that changes nothing",
        .timeLimit(.minutes(1)))
    func settledAfterResolved() async throws {
        let directory = try TemporaryDirectory()
        let rig = try await Rig(store: try SQLiteJournalStore(path: directory.journal))
        _ = try await rig.approved(Rig.sale(500), code: "000001")
        let settlement = try await rig.sell(Rig.request(.settlement))
        let first = try await rig.host.next()
        rig.clock.advance(by: .seconds(30))
        #expect(await settlement.final().result == .outcomeUnknown)
        #expect(try SQLiteJournalStore(path: directory.journal).resolve(batch: 1, reason: "confirmed on paper", at: Samples.time))
        _ = try await rig.approved(Rig.sale(700), code: "000002")
        let next = try await rig.sell(Rig.request(.settlement))
        let second = try await rig.host.next()
        guard case .reconciliation(let asked) = second.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(asked.batchNumber == 2 && asked.totals.debitsAmount == 700)
        first.answer(reconciliation: "501")
        second.answer(reconciliation: "500")
        let answer = await next.final()
        #expect(answer.result == .completed && answer.batchNumber == 2)
    }

    @Test("Retention: old, finished, settled goes; the open batch, what is unfinished, a peer's last and the young stay")
    func retention() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        let young = WallTime(milliseconds: Samples.time.milliseconds + 10)
        for (id, peer, at, batch) in [
            ("old", "till", Samples.time, 1), ("open", "till", Samples.time, 2), ("young", "till", young, 1),
            ("due", "till", Samples.time, 1),
            ("other", "other", Samples.time, 1), ("last", "till", young, 2),
        ] {
            try store.commit([Samples.accepted(id, peer: peer, at: at, batch: batch), Samples.pending(id)])
            try store.commit([Samples.decided(id, id == "due" ? Samples.silent : Samples.approved)])
        }
        store.prune(acceptedBefore: young, keeping: [2])
        let left = try ["old", "open", "young", "due", "other", "last"].filter { try store.transaction(TransactionID($0)) != nil }
        #expect(left == ["open", "young", "due", "other", "last"])
        #expect(try store.findings().isEmpty)
    }

    @Test(
        "Retention is the longer of NUMBATCHSAVEDAYS and NUMDAYSAUTH, and never under two days; the next transaction's end forgets",
        .timeLimit(.minutes(1)), arguments: [("3", "5", 5), ("6", "2", 6), ("1", "1", 2)])
    func retentionByParameters(_ saved: String, _ open: String, _ days: Int64) async throws {
        let directory = try TemporaryDirectory()
        func rig(after hours: Int64 = 0) async throws -> Rig {
            try await Rig(
                store: try SQLiteJournalStore(path: directory.journal),
                clock: VirtualClock(wall: WallTime(milliseconds: Samples.time.milliseconds + hours * 3_600_000)),
                parameters: ["NUMBATCHSAVEDAYS": saved, "NUMDAYSAUTH": open])
        }
        let first = try await rig()
        let id = try #require(try await first.approved().transactionID)
        let settlement = try await first.sell(Rig.request(.settlement))
        try await first.host.next().answer(reconciliation: "500")
        _ = await settlement.final()
        await first.engine.shutdown()
        for (hours, isKept) in [(days * 24 - 1, true), (days * 24 + 1, false)] {
            let later = try await rig(after: hours)
            _ = try await later.approved()
            await later.engine.shutdown()
            let store = try SQLiteJournalStore(path: directory.journal)
            #expect(try (store.transaction(id) != nil) == isKept)
            #expect(try store.findings().isEmpty)
            store.close()
        }
    }
}
