import GRDB

extension SQLiteJournalStore {
    public func page(_ query: TransactionQuery) throws(JournalError) -> JournalPage {
        let (sql, arguments) = try Self.select(query, after: query.place())
        return try read { database in
            var rows = try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
            var cursor: String?
            if rows.count > query.pageSize {
                rows.removeLast()
                cursor = rows.last.map { PageCursor(date: query.ordersByDate ? $0["date"] : nil, number: $0["number"]).text }
            }
            return JournalPage(transactions: try rows.map { try Self.transaction($0["number"], database) }, cursor: cursor)
        }
    }

    /// One row more than the page, to know whether there is another. Every form is read from an index in its order: a page costs what it shows.
    static func select(_ query: TransactionQuery, after place: PageCursor?) -> (sql: String, arguments: StatementArguments) {
        var conditions: [String] = []
        var values: [(any DatabaseValueConvertible)?] = []
        func require(_ condition: String, _ value: (any DatabaseValueConvertible)?...) {
            conditions.append(condition)
            values += value
        }
        if let batch = query.batchNumber { require("batch = ?", batch) }
        if let type = query.type { require("type = ?", type.rawValue) }
        if let state = query.state { require("state = ?", state.rawValue) }
        if let from = query.from { require("date >= ?", from) }
        if let to = query.to { require("date <= ?", to) }
        if let place {
            if let date = place.date { require("(date, number) < (?, ?)", date, place.number) } else { require("number < ?", place.number) }
        }
        let order = query.ordersByDate ? "date DESC, number DESC" : "number DESC"
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let sql = "SELECT number, date FROM transactions\(index(query))\(filter) ORDER BY \(order) LIMIT \(query.pageSize + 1)"
        return (sql, StatementArguments(values))
    }

    /// The index that is read: the rarest condition first. By acceptance alone the table itself is in order.
    private static func index(_ query: TransactionQuery) -> String {
        if query.ordersByDate { return " INDEXED BY transactionsByDate" }
        if let state = query.state, state != .completed { return " INDEXED BY transactionsByState" }
        if query.batchNumber != nil { return " INDEXED BY transactionsByBatch" }
        if query.type != nil { return " INDEXED BY transactionsByType" }
        return query.state == nil ? "" : " INDEXED BY transactionsByState"
    }
}
