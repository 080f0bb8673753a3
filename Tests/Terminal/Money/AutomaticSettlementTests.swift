import PaymentHost
import Testing

@testable import Terminal

@Suite("Settlement by itself", .timeLimit(.minutes(1)))
struct AutomaticSettlementTests {
    /// As `SETTLETIME` and `RESTARTTIME` are written, so many minutes after the moment at which the rig's clock begins.
    private static func time(_ minutes: Int) -> String {
        let local = JournalSamples.time.calendar(offset: 3600)
        let minute = (local.hour * 60 + local.minute + minutes + 24 * 60) % (24 * 60)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + two(minute % 60)
    }

    private static func clock(_ minutes: Int64) -> VirtualClock {
        VirtualClock(wall: WallTime(milliseconds: JournalSamples.time.milliseconds + minutes * 60_000))
    }

    @Test("A terminal that was off at SETTLETIME settles when it is on again, and does not wait a day")
    func missed() async throws {
        let store = MemoryJournalStore()
        _ = try await Rig(store: store).approved()
        let rig = try await Rig(store: store, clock: Self.clock(60), parameters: ["SETTLETIME": Self.time(10)])
        let request = try await rig.host.next()
        guard case .reconciliation(let asked) = request.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(asked.totals.debitsCount == 1 && rig.engine.information.batchNumber == 2)
        request.answer(reconciliation: "500")
    }

    @Test("A batch begun after the last SETTLETIME waits for the next, however often the terminal starts")
    func notMissed() async throws {
        let store = MemoryJournalStore()
        _ = try await Rig(store: store).approved()
        let rig = try await Rig(store: store, clock: Self.clock(60), parameters: ["SETTLETIME": Self.time(-10)])
        rig.host.connect()
        await rig.clock.sleeper(after: .seconds((24 * 60 - 70) * 60 - Self.secondsIntoMinute))
        #expect(rig.host.exchanges.all.isEmpty && rig.engine.information.batchNumber == 1)
    }

    private static var secondsIntoMinute: Int { JournalSamples.time.calendar(offset: 3600).second }

    @Test(
        "A reversal that is due has its attempt before the batch is frozen, whether the host answers it or not", arguments: [true, false])
    func reversalsFirst(isAnswered: Bool) async throws {
        let store = MemoryJournalStore()
        let before = try await Rig(store: store)
        _ = try await before.approved()
        let (sale, exchange) = try await before.sellUntilHost()
        exchange.answer(.noAnswer)
        #expect(await sale.final().result == .noAnswer)
        let rig = try await Rig(
            store: try MemoryJournalStore(replaying: store.commits), clock: Self.clock(60), parameters: ["SETTLETIME": Self.time(10)])
        let reversal = try await rig.host.next()
        #expect(reversal.reversal != nil)
        #expect(rig.engine.information.batchNumber == 1 && !rig.trace.all.contains(TransactionPoint.beforeBatchRoll.rawValue))
        if isAnswered { reversal.answer(reversal: "400") } else { reversal.answer(.noAnswer) }
        let request = try await rig.host.next()
        guard case .reconciliation = request.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(rig.engine.information.pendingReversals == (isAnswered ? 0 : 1))
        request.answer(reconciliation: "500")
    }

    @Test("SETTLETIME and RESTARTTIME at the same time: settled first, then restarted", arguments: [true, false])
    func settlesBeforeRestart(hostIsThere: Bool) async throws {
        let rig = try await Rig(parameters: ["SETTLETIME": Self.time(30), "RESTARTTIME": Self.time(30)])
        _ = try await rig.approved()
        let wait = Duration.seconds(30 * 60 - Self.secondsIntoMinute)
        await rig.clock.sleeper(after: wait)
        rig.clock.advance(by: wait)
        let request = try await rig.host.next()
        guard case .reconciliation = request.request else {
            Issue.record("not a 1520")
            return
        }
        #expect(!rig.trace.all.contains("restart"))
        if hostIsThere { request.answer(reconciliation: "500") } else { request.answer(.noAnswer) }
        await rig.trace.wait { $0.contains("restart") }
        #expect(rig.trace.all.filter { $0 == "restart" }.count == 1)
    }

    @Test("Nothing to settle: the restart at the same time comes all the same")
    func restartsWithoutSettlement() async throws {
        let rig = try await Rig(parameters: ["SETTLETIME": Self.time(30), "RESTARTTIME": Self.time(30)])
        let wait = Duration.seconds(30 * 60 - Self.secondsIntoMinute)
        await rig.clock.sleeper(after: wait)
        rig.clock.advance(by: wait)
        await rig.trace.wait { $0.contains("restart") }
        #expect(rig.host.exchanges.all.isEmpty)
    }

    @Test("close() leaves nothing in the WAL, even with somebody else reading the journal")
    func checkpointAtClose() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        let other = try SQLiteJournalStore(path: directory.journal, mustExist: true)
        try store.commit([JournalSamples.accepted("A")])
        #expect(try other.transaction(TransactionID("A")) != nil)
        #expect(try directory.size("journal.sqlite-wal") > 0)
        store.close()
        #expect(try directory.size("journal.sqlite-wal") == 0)
        #expect(try other.transaction(TransactionID("A")) != nil)
        other.close()
    }

    @Test("When the open batch began is found by the start", arguments: [true, false])
    func batchBegan(onDisk: Bool) throws {
        let directory = try TemporaryDirectory()
        let store: any JournalStore = onDisk ? try SQLiteJournalStore(path: directory.journal) : MemoryJournalStore()
        try store.commit([JournalSamples.accepted("A")])
        #expect(try store.startingPoint().batchBegan == JournalSamples.time)
        try store.commit([.batchOpened(2)])
        #expect(try store.startingPoint().batchBegan == nil)
    }
}
