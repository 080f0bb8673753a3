import Foundation
import GRDB
import Synchronization
import Testing

@testable import Terminal

@Suite("What the journal on disk costs", .timeLimit(.minutes(1)))
struct JournalCostTests {
    private typealias Samples = JournalSamples

    @Test("A sale waits for two synced commits: the pending reversal with the acceptance, and the decision")
    func commitsOfASale() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        let rig = try await Rig(store: store)
        // The first sale reserves trace numbers, which the next ones use.
        _ = try await rig.approved()
        let before = try Self.commits(in: directory.journal)
        let (sale, exchange) = try await rig.sellUntilHost()
        #expect(try Self.commits(in: directory.journal) - before == 1)
        exchange.approve()
        _ = await sale.final()
        #expect(try Self.commits(in: directory.journal) - before == 2)
    }

    @Test("A sale takes less than 5 ms beyond two synced commits of bare SQLite, with a card and a host that answer at once")
    func latency() async throws {
        let directory = try TemporaryDirectory()
        let rig = try await Rig(store: try SQLiteJournalStore(path: directory.journal))
        let bare = try DatabasePool(path: directory.path + "/bare.sqlite")
        try await bare.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL; CREATE TABLE bodies (body TEXT)") }
        let (clock, body) = (ContinuousClock(), String(repeating: "x", count: 2000))
        var (sales, commits): ([Duration], [Duration]) = ([], [])
        for _ in 0..<40 {
            let begin = clock.now
            let (sale, exchange) = try await rig.sellUntilHost()
            exchange.approve()
            _ = await sale.final()
            sales.append(clock.now - begin)
            rig.reader.remove()
            await rig.engine.slotIs(.empty)
            commits.append(
                try clock.measure {
                    for _ in 0..<2 {
                        try bare.write { try $0.execute(sql: "INSERT INTO bodies VALUES (?)", arguments: [body]) }
                    }
                })
        }
        // The quickest of each: what the machine does besides is nobody's cost.
        let (sale, two) = (try #require(sales.min()), try #require(commits.min()))
        #expect(sale - two < .milliseconds(5), "a sale \(sale), two commits \(two)")
    }

    /// Commits in the write-ahead log: frames that carry the database's size after a commit (sqlite.org, "WAL-Index and WAL file format", 4.1). With
    /// `synchronous = FULL` each is a sync.
    private static func commits(in journal: String) throws -> Int {
        let log = try Data(contentsOf: URL(fileURLWithPath: journal + "-wal"))
        let page = log[8..<12].reduce(0) { $0 << 8 | Int($1) }
        // A log that has begun anew has older frames behind its own, under another salt.
        let salt = log[16..<24]
        return stride(from: 32, through: log.count - 24 - page, by: 24 + page).count { frame in
            log[frame + 8..<frame + 16].elementsEqual(salt) && log[frame + 4..<frame + 8].contains { $0 != 0 }
        }
    }

    @Test("What a start, a sale, LastTransaction and a page of GetTransactions ask the disk is found by an index")
    func nothingScans() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        let statements = Statements()
        store.pool.writeWithoutTransaction { $0.trace { statements.note($0) } }
        try store.pool.read { $0.trace { statements.note($0) } }

        _ = try store.startingPoint()
        try store.commit([.stanReserved(through: 100)])
        try store.commit([Samples.accepted("A", reference: "x", unique: "u", date: "20261121"), Samples.pending("A")])
        try store.commit([Samples.decided("A", Samples.approved)])
        try store.commit([Samples.accepted("B"), Samples.pending("B")])
        try store.commit([Samples.decided("B", Samples.silent)])
        try store.commit([Samples.acknowledged("B")])
        _ = try store.lastTransaction(of: PeerIdentity("till"))
        _ = try store.lastTransaction(of: nil)
        _ = try store.transaction(requestID: "r", since: Samples.time)
        _ = try store.hasApproved(.sale, reference: "x", batchNumber: 1)
        var query = TransactionQuery()
        _ = try store.page(query)
        query.from = "20261120"
        _ = try store.page(query)

        let all = statements.all
        for table in ["transactions", "events", "terminal", "batchEvents"] {
            #expect(all.contains { $0.contains(" \(table) ") }, "no statement about \(table) was seen")
        }
        for sql in all {
            let bound = sql.replacing(/\?\d*/, with: "1")
            let plan = try store.pool.read { try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN " + bound) }.map { $0["detail"] as String }
            for step in plan where !Self.isBounded(step, of: sql) { Issue.record("\(step): \(sql)") }
        }
    }

    /// Whether a step looks at as many rows only as it gives.
    private static func isBounded(_ step: String, of sql: String) -> Bool {
        if step.contains("TEMP B-TREE") { return false }
        guard step.hasPrefix("SCAN") else { return true }
        // Of all transactions this index has only those that are not finished.
        if step.contains("transactionsUnfinished") { return true }
        // In the table's own order, without a condition, until there is enough.
        return sql.contains(" LIMIT ") && !sql.contains("WHERE") && !step.contains("INDEX")
    }

    @Test("Housekeeping waits for enough commits, however long the write-ahead log has ever been")
    func tidyRarely() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal, commitsWorthCheckpoint: 100)
        var number = 0
        // How often the database itself changes while so much is committed.
        func checkpoints(_ commits: Int) throws -> Int {
            var before = try Data(contentsOf: URL(fileURLWithPath: directory.journal))
            var changes = 0
            for _ in 0..<commits {
                number += 1
                try store.commit([Samples.accepted("\(number)")])
                store.tidy()
                let after = try Data(contentsOf: URL(fileURLWithPath: directory.journal))
                if after != before { changes += 1 }
                before = after
            }
            return changes
        }
        #expect(try checkpoints(99) == 0)
        #expect(try checkpoints(1) == 1)
        #expect(try checkpoints(300) == 3)
    }
}

/// Statements that were executed, each once.
private final class Statements: Sendable {
    private let seen = Mutex<Set<String>>([])

    func note(_ event: Database.TraceEvent) {
        guard case .statement(let statement) = event else { return }
        let sql = statement.sql
        guard ["SELECT", "INSERT", "UPDATE", "DELETE"].contains(where: sql.hasPrefix) else { return }
        seen.withLock { _ = $0.insert(sql) }
    }

    var all: [String] { seen.withLock { $0.sorted() } }
}
