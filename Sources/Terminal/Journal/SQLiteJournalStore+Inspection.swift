import GRDB

/// What `countertop journal` asks for. None of it is on anybody's way.
extension SQLiteJournalStore {
    /// One event as it stands in the journal; it holds no card data.
    public struct RecordedEvent: Sendable, Hashable {
        public var transaction: TransactionID
        public var kind: String
        /// JSON.
        public var body: String
    }

    /// Every event of one transaction, in order.
    public func events(of id: TransactionID) throws(JournalError) -> [RecordedEvent] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT kind, body FROM events WHERE transactionNumber = (SELECT number FROM transactions WHERE id = ?) ORDER BY sequence
                    """, arguments: [id.description]
            ).map { RecordedEvent(transaction: id, kind: $0["kind"], body: $0["body"]) }
        }
    }

    /// Every event of every transaction, in the order they were written.
    public func forEachEvent(_ body: (RecordedEvent) throws -> Void) throws(JournalError) {
        try read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT id, kind, body FROM events JOIN transactions ON number = transactionNumber ORDER BY sequence")
            while let row = try rows.next() {
                try body(RecordedEvent(transaction: TransactionID(row["id"]), kind: row["kind"], body: row["body"]))
            }
        }
    }

    /// The full check: the database's own structure, every transaction replayed from its events, every column against what the replay says, and no
    /// card kept for a follow-up that is over. Empty when all is well.
    public func findings() throws(JournalError) -> [String] {
        try read { database in
            var findings: [String] = []
            for line in try String.fetchAll(database, sql: "PRAGMA integrity_check") where line != "ok" {
                findings.append("database: \(line)")
            }
            for row in try Row.fetchAll(database, sql: "PRAGMA foreign_key_check") {
                findings.append("database: a row of \(row["table"] as String? ?? "?") belongs to none")
            }
            let rows = try Row.fetchCursor(database, sql: "SELECT number, id, approved, state, authCode, unfinished FROM transactions")
            while let row = try rows.next() {
                let id: String = row["id"]
                do {
                    let transaction = try Self.transaction(row["number"], database)
                    let answer = transaction.answer
                    if (answer?.approval == .approved) != (row["approved"] as Bool) { findings.append("\(id): approved is wrong") }
                    if transaction.state?.rawValue != row["state"] as String? { findings.append("\(id): state is wrong") }
                    if answer?.authCode != row["authCode"] as String? { findings.append("\(id): authCode is wrong") }
                    if transaction.isUnfinished != (row["unfinished"] as Int > 0) { findings.append("\(id): unfinished is wrong") }
                } catch let error as JournalError {
                    findings.append("\(id): \(error.message)")
                }
            }
            for row in try Row.fetchAll(database, sql: "SELECT id, followUp FROM cards") {
                let (id, index): (String, Int) = (row["id"], row["followUp"])
                let number = try Int64.fetchOne(database, sql: "SELECT number FROM transactions WHERE id = ?", arguments: [id])
                let followUps = try number.map { try Self.transaction($0, database).followUps } ?? []
                if !followUps.indices.contains(index) || followUps[index].isOver {
                    findings.append("\(id): a card is kept for a follow-up that is over")
                }
            }
            return findings
        }
    }

    /// Ends every open follow-up of the transaction by an operator's word; the running terminal sees it before it sends the next time.
    /// - Returns: how many.
    public func resolve(_ id: TransactionID, reason: String, at time: WallTime) throws(JournalError) -> Int {
        let open = try transaction(id)?.openFollowUps ?? []
        let resolution = Resolution(reason: reason, at: time)
        if !open.isEmpty { try commit(open.map { .transaction(id, .followUp($0.id.index, .resolved(resolution))) }) }
        return open.count
    }

    /// Ends the reconciliation of a frozen batch by an operator's word.
    /// - Returns: `false` when there is nothing to end.
    public func resolve(batch number: Int, reason: String, at time: WallTime) throws(JournalError) -> Bool {
        guard let batch = try batch(number), !batch.isReconciled else { return false }
        try commit([.batch(number, .resolved(Resolution(reason: reason, at: time)))])
        return true
    }
}
