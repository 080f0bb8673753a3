import GRDB

extension SQLiteJournalStore {
    public func prune(acceptedBefore time: WallTime, keeping batches: [Int]) {
        let kept = batches.map(String.init).joined(separator: ", ")
        // A failure shows at the next commit; what stays is taken next time.
        try? pool.write { database in
            // Only the oldest are looked at: it costs the same however long the journal is.
            let numbers = try Int64.fetchAll(
                database,
                sql: """
                    SELECT number FROM transactions AS old WHERE number IN (SELECT number FROM transactions ORDER BY number LIMIT \(Self.window))
                    AND acceptedAt < ?1 AND batch NOT IN (\(kept)) AND unfinished = 0
                    AND EXISTS (SELECT 1 FROM transactions AS newer WHERE newer.peer = old.peer AND newer.number > old.number)
                    AND NOT EXISTS (
                        SELECT 1 FROM transactions AS later WHERE later.original = old.id
                        AND (later.unfinished > 0 OR later.acceptedAt >= ?1 OR later.batch IN (\(kept)))
                    )
                    """, arguments: [time.milliseconds])
            for number in numbers {
                try database.cachedStatement(sql: "DELETE FROM events WHERE transactionNumber = ?").execute(arguments: [number])
                try database.cachedStatement(sql: "DELETE FROM transactions WHERE number = ?").execute(arguments: [number])
            }
        }
    }

    /// Transactions looked at in one go: housekeeping never takes long.
    private static let window = 2 * JournalRetention.transactionsPerLook
}
