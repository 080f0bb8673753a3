import Foundation
import GRDB
import Testing

@testable import Terminal

@Suite("Journal, on disk and in memory")
struct JournalStoreTests {
    private typealias Samples = JournalSamples

    enum Kind: CaseIterable { case memory, sqlite }

    /// `reopen` gives what the next start after a power cut finds.
    private static func with(_ kind: Kind, _ body: (any JournalStore, _ reopen: () throws -> any JournalStore) throws -> Void) throws {
        switch kind {
        case .memory:
            let store = MemoryJournalStore()
            try body(store) { try store.afterPowerCut() }
        case .sqlite:
            let directory = try TemporaryDirectory()
            let store = try SQLiteJournalStore(path: directory.journal)
            try body(store) { try SQLiteJournalStore(path: directory.journal) }
            store.close()
        }
    }

    @Test("A new journal: batch 1, no STAN used, nothing left to do", arguments: Kind.allCases)
    func empty(_ kind: Kind) throws {
        try Self.with(kind) { store, _ in
            let (start, last) = (try store.startingPoint(), try store.lastTransaction(of: nil))
            #expect(start == JournalStart() && last == nil)
        }
    }

    @Test("After each commit the next start knows exactly what is left to do", arguments: Kind.allCases)
    func crashAfterEachCommit(_ kind: Kind) throws {
        try Self.with(kind) { store, reopen in
            let id = TransactionID("A")
            func left() throws -> JournaledTransaction? { try reopen().startingPoint().unfinished.first }

            try store.commit([.stanReserved(through: 100), Samples.accepted("A")])
            #expect(try reopen().startingPoint().stanReservedThrough == 100)
            #expect(try left()?.pending == nil && left()?.decision == nil && left()?.id == id)

            try store.commit([Samples.pending("A")])
            #expect(try left()?.pending == Samples.pendingReversal())

            try store.commit([Samples.decided("A", Samples.silent)])
            #expect(try left()?.pending == nil)
            #expect(try left()?.followUps.first?.progress == .due)
            #expect(try left()?.state == .reversalPending)

            try store.commit([Samples.sent("A")])
            #expect(try left()?.followUps.first?.progress == .sent)

            try store.commit([Samples.flagged("A")])
            #expect(try left()?.followUps.first?.progress == .flagged(.init(actionCode: "904", at: Samples.time)))

            try store.commit([Samples.acknowledged("A")])
            #expect(try left() == nil)
            #expect(try reopen().transaction(id)?.answer?.state == .reversed)
            #expect(try reopen().transaction(id)?.answer?.result == .noAnswer)
        }
    }

    @Test("A decision without reversal leaves nothing to do", arguments: Kind.allCases)
    func decided(_ kind: Kind) throws {
        try Self.with(kind) { store, reopen in
            try store.commit([Samples.accepted("A"), Samples.pending("A")])
            try store.commit([Samples.decided("A", Samples.approved)])
            #expect(try reopen().startingPoint().unfinished.isEmpty)
            #expect(try reopen().transaction(TransactionID("A"))?.answer?.approval == .approved)
        }
    }

    @Test("What is read back is what was written", arguments: Kind.allCases)
    func roundTrip(_ kind: Kind) throws {
        try Self.with(kind) { store, reopen in
            let entries = [
                Samples.accepted("A", requestID: "r", reference: "x"), Samples.pending("A"), Samples.decided("A", Samples.silent),
            ]
            try store.commit(entries)
            let events = entries.compactMap { if case .transaction(_, let event) = $0 { event } else { nil } }
            #expect(try reopen().transaction(TransactionID("A")) == JournaledTransaction(id: TransactionID("A"), events: events))
        }
    }

    @Test("Unfinished transactions come in order of acceptance", arguments: Kind.allCases)
    func order(_ kind: Kind) throws {
        try Self.with(kind) { store, reopen in
            for id in ["C", "A", "B"] {
                try store.commit([Samples.accepted(id), Samples.pending(id), Samples.decided(id, Samples.silent)])
            }
            try store.commit([Samples.acknowledged("A")])
            #expect(try reopen().startingPoint().unfinished.map(\.id.description) == ["C", "B"])
        }
    }

    @Test("LastTransaction: the peer's own, and the terminal's", arguments: Kind.allCases)
    func last(_ kind: Kind) throws {
        try Self.with(kind) { store, _ in
            try store.commit([Samples.accepted("A", peer: "one")])
            try store.commit([Samples.accepted("B", peer: "two")])
            #expect(try store.lastTransaction(of: PeerIdentity("one"))?.id.description == "A")
            #expect(try store.lastTransaction(of: PeerIdentity("two"))?.id.description == "B")
            #expect(try store.lastTransaction(of: PeerIdentity("three")) == nil)
            #expect(try store.lastTransaction(of: nil)?.id.description == "B")
        }
    }

    @Test("A requestId is found until it is too old", arguments: Kind.allCases)
    func requestID(_ kind: Kind) throws {
        try Self.with(kind) { store, _ in
            try store.commit([Samples.accepted("A", requestID: "r-1")])
            #expect(try store.transaction(requestID: "r-1", since: Samples.time)?.id.description == "A")
            #expect(try store.transaction(requestID: "r-1", since: WallTime(milliseconds: Samples.time.milliseconds + 1)) == nil)
            #expect(try store.transaction(requestID: "r-2", since: Samples.time) == nil)
        }
    }

    @Test("A reference is taken by an approved, unreversed transaction of the same type and batch", arguments: Kind.allCases)
    func reference(_ kind: Kind) throws {
        try Self.with(kind) { store, _ in
            try store.commit([Samples.accepted("A", reference: "x"), Samples.pending("A")])
            #expect(try !store.hasApproved(.sale, reference: "x", batchNumber: 1))
            try store.commit([Samples.decided("A", Samples.approved)])
            #expect(try store.hasApproved(.sale, reference: "x", batchNumber: 1))
            #expect(try !store.hasApproved(.sale, reference: "x", batchNumber: 2))
            #expect(try !store.hasApproved(.refund, reference: "x", batchNumber: 1))
            #expect(try !store.hasApproved(.sale, reference: "y", batchNumber: 1))
            try store.commit([Samples.accepted("B", reference: "y"), Samples.pending("B"), Samples.decided("B", Samples.silent)])
            #expect(try !store.hasApproved(.sale, reference: "y", batchNumber: 1))
        }
    }

    @Test("GetTransactions: newest first, in pages that neither repeat nor skip, whatever is asked for", arguments: Kind.allCases)
    func pages(_ kind: Kind) throws {
        try Self.with(kind) { store, _ in
            for number in 1...25 {
                let id = "T\(number)"
                try store.commit([
                    Samples.accepted(id, batch: number <= 12 ? 1 : 2, date: "202611" + (number <= 5 ? "20" : number <= 15 ? "21" : "22")),
                    Samples.pending(id),
                ])
                try store.commit([Samples.decided(id, number % 7 == 0 ? Samples.silent : Samples.approved)])
            }
            func all(_ change: (inout TransactionQuery) -> Void) throws -> [Int] {
                var query = TransactionQuery()
                query.limit = 4
                change(&query)
                var found: [Int] = []
                repeat {
                    let page = try store.page(query)
                    #expect(page.transactions.count == query.limit || page.cursor == nil)
                    found += page.transactions.compactMap { Int($0.id.description.dropFirst()) }
                    query.cursor = page.cursor
                } while query.cursor != nil
                return found
            }
            #expect(try all { _ in } == Array((1...25).reversed()))
            #expect(try all { $0.limit = 25 } == Array((1...25).reversed()))
            #expect(try all { $0.batchNumber = 1 } == Array((1...12).reversed()))
            #expect(try all { $0.state = .reversalPending } == [21, 14, 7])
            #expect(
                try all {
                    $0.state = .completed; $0.batchNumber = 2
                } == [25, 24, 23, 22, 20, 19, 18, 17, 16, 15, 13])
            #expect(
                try all {
                    $0.from = "20261121"; $0.to = "20261121"
                } == Array((6...15).reversed()))
            #expect(try all { $0.to = "20261121" } == Array((1...15).reversed()))
            #expect(
                try all {
                    $0.from = "20261122"; $0.state = .reversalPending
                } == [21])
            #expect(try all { $0.type = .refund } == [])
            #expect(
                try all {
                    $0.type = .sale; $0.from = "20261123"
                } == [])
        }
    }

    @Test("GetTransactions: a cursor of nobody's, or of another order, is refused", arguments: Kind.allCases)
    func cursors(_ kind: Kind) throws {
        try Self.with(kind) { store, _ in
            var query = TransactionQuery()
            for cursor in ["", "x", "-1", "1-2", "20261121-1", "99999999999999999999"] {
                query.cursor = cursor
                #expect(throws: JournalError.self, "\(cursor)") { try store.page(query) }
            }
            query.from = "20261121"
            query.cursor = "17"
            #expect(throws: JournalError.self) { try store.page(query) }
        }
    }

    @Test("By unique id and by reference: the newest, of the batch or of all", arguments: Kind.allCases)
    func names(_ kind: Kind) throws {
        try Self.with(kind) { store, _ in
            try store.commit([Samples.accepted("A", reference: "x", unique: "u1", batch: 1)])
            try store.commit([Samples.accepted("B", reference: "x", unique: "u2", batch: 1)])
            try store.commit([Samples.accepted("C", reference: "x", unique: "u1", batch: 2)])
            #expect(try store.transaction(uniqueTransactionID: "u1")?.id.description == "C")
            #expect(try store.transaction(uniqueTransactionID: "u3") == nil)
            #expect(try store.transaction(reference: "x", batchNumber: 1)?.id.description == "B")
            #expect(try store.transaction(reference: "x", batchNumber: nil)?.id.description == "C")
            #expect(try store.transaction(reference: "x", batchNumber: 3) == nil)
        }
    }

    @Test("A commit is all or nothing", arguments: Kind.allCases)
    func atomic(_ kind: Kind) throws {
        try Self.with(kind) { store, reopen in
            #expect(throws: JournalError.self) {
                try store.commit([.batchOpened(2), Samples.accepted("A"), Samples.pending("never accepted")])
            }
            // The one in memory is only asked for what the terminal may commit.
            let start = try reopen().startingPoint()
            if kind == .sqlite { #expect(start == JournalStart()) }
        }
    }

    @Test("Events that make no sense are damage, not a story")
    func damage() throws {
        func event(_ entry: JournalEntry) -> TransactionEvent? { if case .transaction(_, let event) = entry { event } else { nil } }
        let accepted = Samples.accepted("A")
        let wrong: [[JournalEntry]] = [
            [], [Samples.pending("A")], [accepted, accepted], [accepted, Samples.sent("A")],
            [accepted, Samples.pending("A"), Samples.pending("A")],
            [accepted, Samples.decided("A", Samples.approved), Samples.decided("A", Samples.silent)],
            [accepted, Samples.decided("A", Samples.approved), Samples.acknowledged("A")],
            [accepted, Samples.decided("A", Samples.approved), Samples.pending("A")],
        ]
        for entries in wrong {
            #expect(throws: JournalError.self) { try JournaledTransaction(id: TransactionID("A"), events: entries.compactMap(event)) }
        }
    }

    @Test("In memory: what was not synced is gone after a power cut")
    func unsynced() throws {
        let store = MemoryJournalStore { commit, _ in commit == 1 ? .unsynced : .synced }
        try store.commit([Samples.accepted("A")])
        try store.commit([Samples.pending("A")])
        #expect(store.startingPoint().unfinished.first?.pending != nil)
        #expect(try store.afterPowerCut().startingPoint().unfinished.first?.pending == nil)
    }
}

@Suite("Journal on disk")
struct SQLiteJournalStoreTests {
    private typealias Samples = JournalSamples

    @Test("WAL, synchronous = FULL, on the connection that writes; the file is the owner's alone")
    func durability() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        try store.commit([Samples.accepted("A")])
        let synchronous = try store.pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(synchronous == 2)
        let mode = try store.pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(mode == "wal")
        for file in ["", "-wal", "-shm"] {
            let permissions = try FileManager.default.attributesOfItem(atPath: directory.journal + file)[.posixPermissions] as? Int
            #expect(permissions == 0o600, "\(file)")
        }
    }

    @Test("A journal that cannot be opened says so")
    func cannotOpen() throws {
        #expect { try SQLiteJournalStore(path: "/nonexistent/journal.sqlite") } throws: { ($0 as? JournalError)?.code == .cannotOpen }
        let directory = try TemporaryDirectory()
        try Data("not a database, but long enough to be taken for one, if nobody looks".utf8).write(
            to: URL(fileURLWithPath: directory.journal))
        #expect { try SQLiteJournalStore(path: directory.journal) } throws: { ($0 as? JournalError)?.code == .cannotOpen }
    }

    @Test("A journal of a newer version is left alone")
    func newerSchema() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        try store.pool.write { try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99 from the future')") }
        store.close()
        #expect { try SQLiteJournalStore(path: directory.journal) } throws: { ($0 as? JournalError)?.code == .newerSchema }
    }

    @Test("A full disk fails the commit, and nothing of it is there")
    func fullDisk() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        try store.pool.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        #expect { for number in 0..<100 { try store.commit([Samples.accepted("\(number)")]) } } throws: {
            ($0 as? JournalError)?.code == .commitFailed
        }
        let there = try SQLiteJournalStore(path: directory.journal).startingPoint().unfinished.map(\.id.description)
        #expect(there == (0..<there.count).map(String.init) && there.count < 100)
    }

    @Test("Housekeeping empties the write-ahead log and loses nothing")
    func tidy() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        for number in 0..<300 { try store.commit([Samples.accepted("\(number)"), Samples.decided("\(number)", Samples.approved)]) }
        store.tidy()
        #expect(try SQLiteJournalStore(path: directory.journal).transaction(TransactionID("299"))?.decision != nil)
        let pages = try store.pool.writeWithoutTransaction { try Row.fetchOne($0, sql: "PRAGMA wal_checkpoint(PASSIVE)") }
        #expect(pages?[1] == pages?[2] as Int?)
    }

    @Test("A damaged record is named as such")
    func damagedRecord() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        try store.commit([Samples.accepted("A")])
        try store.pool.write { try $0.execute(sql: "UPDATE events SET body = '{'") }
        #expect { try store.transaction(TransactionID("A")) } throws: { ($0 as? JournalError)?.code == .damaged }
    }

    @Test("Every lookup of a start or a sale uses an index")
    func indexes() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        for sql in [
            "SELECT number FROM transactions WHERE unfinished > 0 ORDER BY number", "SELECT number FROM transactions WHERE id = 'A'",
            "SELECT max(number) FROM transactions WHERE peer = 'A'",
            "SELECT max(number) FROM transactions WHERE requestID = 'A' AND acceptedAt >= 1",
            "SELECT 1 FROM transactions WHERE reference = 'x' AND batch = 1 AND type = 'SALE' AND approved = 1 AND state <> 'voided'",
            "SELECT number FROM transactions WHERE authCode = 'A' AND approved = 1 ORDER BY number",
            "SELECT sealed FROM cards WHERE id = 'A' AND followUp = 1",
            "SELECT kind, body FROM events WHERE transactionNumber = 1 ORDER BY sequence",
            "SELECT max(number) FROM transactions WHERE uniqueID = 'A'",
            "SELECT max(number) FROM transactions WHERE reference = 'A'",
            "SELECT max(number) FROM transactions WHERE reference = 'A' AND batch = 1",
        ] {
            let plan = try store.pool.read { try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN " + sql) }.map { $0["detail"] as String }
            #expect(plan.allSatisfy { $0.contains("INDEX") || $0.contains("USING PRIMARY KEY") }, "\(sql): \(plan)")
        }
    }
}

extension SQLiteJournalStoreTests {
    @Test("Pages come from an index in its order: nothing is sorted")
    func pagePlans() throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        for bits in 0..<32 {
            var query = TransactionQuery()
            if bits & 1 != 0 { query.batchNumber = 1 }
            if bits & 2 != 0 { query.type = .sale }
            if bits & 4 != 0 { query.state = .completed }
            if bits & 8 != 0 { query.from = "20261121" }
            if bits & 16 != 0 { query.to = "20261121" }
            let (sql, arguments) = SQLiteJournalStore.select(
                query, after: PageCursor(date: query.ordersByDate ? "20261121" : nil, number: 9))
            let plan = try store.pool.read { try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments) }
            let steps = plan.map { $0["detail"] as String }
            #expect(steps.allSatisfy { $0.hasPrefix("SEARCH") }, "\(sql): \(steps)")
        }
    }

    @Test("A journal of the first version is brought up to date, and everything in it is found")
    func migration() throws {
        let directory = try TemporaryDirectory()
        do {
            let queue = try DatabaseQueue(path: directory.journal)
            try SQLiteJournalStore.migrator.migrate(queue, upTo: "1 transactions, events, terminal")
            try queue.write { database in
                try database.execute(
                    sql: "INSERT INTO transactions (id, peer, type, batch, acceptedAt) VALUES ('A', 'till', 'SALE', 1, 5)")
                for entry in [
                    Samples.accepted("A", unique: "u1", date: "20261121"), Samples.pending("A"), Samples.decided("A", Samples.silent),
                ] {
                    guard case .transaction(_, let event) = entry else { continue }
                    try database.execute(
                        sql: "INSERT INTO events (transactionNumber, kind, body) VALUES (1, ?, ?)",
                        arguments: [event.kind, try event.body()])
                }
            }
        }
        let store = try SQLiteJournalStore(path: directory.journal)
        var query = TransactionQuery()
        query.to = "20261121"
        #expect(try store.page(query).transactions.map(\.id.description) == ["A"])
        #expect(try store.transaction(uniqueTransactionID: "u1")?.followUps.first?.progress == .due)
    }
}
