import FoundationEssentials
import GRDB

/// Tables:
/// - `events` is the journal: every event of every transaction, in order, never changed.
/// - `transactions` has a row for each, with what is looked up; it could be made again from `events`.
/// - `cards` has what follow-ups that are not over need of the card, enciphered.
/// - `batchEvents` has every event of every frozen batch, in order.
/// - `terminal` holds the batch number and the STAN high-water mark.
extension SQLiteJournalStore {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 transactions, events, terminal") { database in
            try database.execute(
                sql: """
                    CREATE TABLE transactions (
                        number INTEGER PRIMARY KEY AUTOINCREMENT,
                        id TEXT NOT NULL UNIQUE,
                        peer TEXT NOT NULL,
                        requestID TEXT,
                        type TEXT NOT NULL,
                        reference TEXT,
                        batch INTEGER NOT NULL,
                        acceptedAt INTEGER NOT NULL,
                        approved INTEGER NOT NULL DEFAULT 0,
                        state TEXT,
                        unfinished INTEGER NOT NULL DEFAULT 1
                    ) STRICT;
                    CREATE INDEX transactionsByPeer ON transactions (peer, number);
                    CREATE INDEX transactionsByRequestID ON transactions (requestID) WHERE requestID IS NOT NULL;
                    CREATE INDEX transactionsByReference ON transactions (reference, batch) WHERE reference IS NOT NULL;
                    CREATE INDEX transactionsUnfinished ON transactions (number) WHERE unfinished = 1;
                    CREATE TABLE events (
                        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                        transactionNumber INTEGER NOT NULL REFERENCES transactions (number),
                        kind TEXT NOT NULL,
                        body TEXT NOT NULL
                    ) STRICT;
                    CREATE INDEX eventsByTransaction ON events (transactionNumber, sequence);
                    CREATE TABLE terminal (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
                    """)
        }
        migrator.registerMigration("2 what GetTransactions and follow-ups look for") { database in
            try database.execute(
                sql: """
                    ALTER TABLE transactions ADD COLUMN date TEXT NOT NULL DEFAULT '';
                    ALTER TABLE transactions ADD COLUMN uniqueID TEXT;
                    ALTER TABLE transactions ADD COLUMN authCode TEXT;
                    ALTER TABLE transactions ADD COLUMN original TEXT;
                    """)
            try fillColumns(database)
            try database.execute(
                sql: """
                    CREATE INDEX transactionsByDate ON transactions (date, number);
                    CREATE INDEX transactionsByBatch ON transactions (batch, number);
                    CREATE INDEX transactionsByType ON transactions (type, number);
                    CREATE INDEX transactionsByState ON transactions (state, number) WHERE state IS NOT NULL;
                    CREATE INDEX transactionsByUniqueID ON transactions (uniqueID, number) WHERE uniqueID IS NOT NULL;
                    CREATE INDEX transactionsByAuthCode ON transactions (authCode, number) WHERE authCode IS NOT NULL;
                    CREATE INDEX transactionsByOriginal ON transactions (original, number) WHERE original IS NOT NULL;
                    """)
        }
        migrator.registerMigration("3 follow-ups of every kind, and the cards that they carry") { database in
            try database.execute(
                sql: """
                    DROP INDEX transactionsUnfinished;
                    CREATE INDEX transactionsUnfinished ON transactions (number) WHERE unfinished > 0;
                    CREATE TABLE cards (
                        id TEXT NOT NULL, followUp INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (id, followUp)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("4 batches") { database in
            try database.execute(
                sql: """
                    CREATE TABLE batchEvents (
                        sequence INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
                    ) STRICT;
                    CREATE INDEX batchEventsByBatch ON batchEvents (batch, sequence);
                    """)
        }
        return migrator
    }

    /// The columns of the second version for what the first has written.
    private static func fillColumns(_ database: Database) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT number, (SELECT body FROM events WHERE transactionNumber = number AND kind = 'accepted') AS accepted,
                (SELECT body FROM events WHERE transactionNumber = number AND kind = 'decided') AS decided FROM transactions
                """)
        let update = try database.makeStatement(sql: "UPDATE transactions SET date = ?, uniqueID = ?, authCode = ? WHERE number = ?")
        while let row = try rows.next() {
            guard let body: String = row["accepted"], case .accepted(let acceptance) = try TransactionEvent(kind: "accepted", body: body)
            else {
                throw JournalError(.damaged, "Transaction number \(row["number"] as Int64) does not begin with its acceptance.")
            }
            var authCode: String?
            if let body: String = row["decided"], case .decided(let decision) = try TransactionEvent(kind: "decided", body: body) {
                authCode = decision.answer.authCode
            }
            try update.execute(
                arguments: [
                    acceptance.draft.transactionDate ?? "", acceptance.request.uniqueTransactionID, authCode, row["number"] as Int64,
                ])
        }
    }

    static func write(_ entry: JournalEntry, _ body: String, _ database: Database) throws {
        switch entry {
        case .batch(let number, let event):
            let kind = if case .frozen = event { "frozen" } else { "changed" }
            try database.cachedStatement(sql: "INSERT INTO batchEvents (batch, kind, body) VALUES (?, ?, ?)")
                .execute(arguments: [number, kind, body])
        case .batchOpened(let number): try set("batchNumber", number, database)
        case .stanReserved(let through): try set("stanReservedThrough", through, database)
        case .card(let id, let card):
            try database.cachedStatement(sql: "INSERT INTO cards (id, followUp, sealed) VALUES (?, ?, ?)")
                .execute(arguments: [id.transaction.description, id.index, Data(card.bytes)])
        case .transaction(let id, let event):
            if case .accepted(let acceptance) = event { try insert(id, acceptance, database) }
            let number = try Int64.fetchOne(
                database.cachedStatement(sql: "SELECT number FROM transactions WHERE id = ?"), arguments: [id.description])
            guard let number else { throw JournalError(.commitFailed, "Transaction \(id) was never accepted.") }
            try database.cachedStatement(sql: "INSERT INTO events (transactionNumber, kind, body) VALUES (?, ?, ?)")
                .execute(arguments: [number, event.kind, body])
            switch event {
            case .accepted, .reversalPending, .intent, .followUp(_, .sent): break
            // A sale's decision says everything itself, and somebody waits for it.
            case .decided(let decision) where decision.followUps.isEmpty && decision.answer.state == .completed:
                try update(number, decision.answer, decision.answer.state, isUnfinished: false, database)
            case .decided, .followUp, .followed:
                let transaction = try self.transaction(number, database)
                try update(number, transaction.answer, transaction.state, isUnfinished: transaction.isUnfinished, database)
                if case .followUp(let index, _) = event, transaction.followUps[index].isOver {
                    try deleteCard(FollowUpID(id, index), database)
                }
            }
        }
    }

    private static func update(
        _ number: Int64, _ answer: TransactionAnswer?, _ state: TransactionState?, isUnfinished: Bool, _ database: Database
    ) throws {
        try database.cachedStatement(sql: "UPDATE transactions SET approved = ?, state = ?, authCode = ?, unfinished = ? WHERE number = ?")
            .execute(arguments: [answer?.approval == .approved, state?.rawValue, answer?.authCode, isUnfinished, number])
    }

    private static func deleteCard(_ id: FollowUpID, _ database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM cards WHERE id = ? AND followUp = ?")
            .execute(arguments: [id.transaction.description, id.index])
    }

    static func transaction(_ number: Int64, _ database: Database) throws -> JournaledTransaction {
        let naming = try database.cachedStatement(sql: "SELECT id FROM transactions WHERE number = ?")
        guard let id = try String.fetchOne(naming, arguments: [number]) else {
            throw JournalError(.damaged, "Transaction number \(number) is not there.")
        }
        let rows = try Row.fetchAll(
            database.cachedStatement(sql: "SELECT kind, body FROM events WHERE transactionNumber = ? ORDER BY sequence"),
            arguments: [number])
        return try JournaledTransaction(
            id: TransactionID(id), events: rows.map { try TransactionEvent(kind: $0["kind"], body: $0["body"]) })
    }

    private static func insert(_ id: TransactionID, _ acceptance: Acceptance, _ database: Database) throws {
        let request = acceptance.request
        try database.cachedStatement(
            sql: """
                INSERT INTO transactions (id, peer, requestID, type, reference, batch, acceptedAt, date, uniqueID, original)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                id.description, acceptance.peer.description, request.requestID, request.type.rawValue, request.reference,
                acceptance.batchNumber, acceptance.at.milliseconds, acceptance.draft.transactionDate ?? "", request.uniqueTransactionID,
                acceptance.original?.description,
            ])
    }

    private static func set(_ name: String, _ value: Int, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO terminal (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        )
        .execute(arguments: [name, value])
    }
}
