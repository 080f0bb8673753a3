import GRDB

extension SQLiteJournalStore {
    public func prune(acceptedBefore time: WallTime, openBatch: Int) {
        // A failure shows at the next commit; what stays is taken next time.
        try? pool.write { database in
            let numbers = try Int64.fetchAll(
                database,
                sql: """
                    SELECT number FROM transactions AS old WHERE acceptedAt < ? AND batch <> ? AND unfinished = 0
                    AND EXISTS (SELECT 1 FROM transactions AS newer WHERE newer.peer = old.peer AND newer.number > old.number)
                    AND NOT EXISTS (SELECT 1 FROM transactions AS later WHERE later.original = old.id AND later.unfinished > 0)
                    ORDER BY number LIMIT \(Self.pruneLimit)
                    """, arguments: [time.milliseconds, openBatch])
            for number in numbers {
                try database.cachedStatement(sql: "DELETE FROM events WHERE transactionNumber = ?").execute(arguments: [number])
                try database.cachedStatement(sql: "DELETE FROM transactions WHERE number = ?").execute(arguments: [number])
            }
        }
    }

    /// Transactions in one go: housekeeping never takes long.
    private static let pruneLimit = 200
}
