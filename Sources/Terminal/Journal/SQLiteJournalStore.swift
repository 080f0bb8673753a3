import FoundationEssentials
import GRDB
import Synchronization

/// The journal on disk: SQLite in WAL mode with `synchronous = FULL`, so that a commit is on the medium when it returns. One writer; reads do not
/// wait for it.
public final class SQLiteJournalStore: JournalStore {
    let pool: DatabasePool
    private let commitsWorthCheckpoint: Int
    private let commitsSinceCheckpoint = Mutex(0)

    /// Opens `path`, creating it (mode 0600) unless it `mustExist`, or bringing it up to date.
    /// - Parameter commitsWorthCheckpoint: after how many commits `tidy` brings the WAL into the database; a sale has two, of about ten pages each.
    public init(path: String, mustExist: Bool = false, commitsWorthCheckpoint: Int = 50) throws(JournalError) {
        self.commitsWorthCheckpoint = commitsWorthCheckpoint
        if mustExist, !FileManager.default.fileExists(atPath: path) { throw JournalError(.cannotOpen, "There is no journal at \(path).") }
        var configuration = GRDB.Configuration()
        configuration.label = "journal"
        configuration.maximumReaderCount = 2
        // `countertop journal resolve` writes from another process: its commit is waited for.
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // Reads and the odd uncheckpointed page: little is enough, the terminal should be small.
            try database.execute(sql: "PRAGMA cache_size = -512")
            // What is deleted (cards) is overwritten.
            try database.execute(sql: "PRAGMA secure_delete = ON")
        }
        do {
            // SQLite gives the files beside it the same mode.
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            // GRDB leaves a WAL database at NORMAL, where a power cut may undo the last commits.
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = \(Self.lastResortCheckpoint)")
                try Self.syncWhatIsRead(database)
            }
            guard try pool.read(Self.migrator.hasBeenSuperseded) == false else {
                throw JournalError(.newerSchema, "\(path) was written by a newer version.", remedy: "Install that version again.")
            }
            try Self.migrator.migrate(pool)
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError(
                .cannotOpen, "\(path): \(Self.reason(error))", remedy: "Check that the disk has room and the file can be written.")
        }
    }

    /// A process killed between the write and the sync of a commit leaves it where the next start reads it and a power cut would still undo it. A
    /// checkpoint syncs the WAL before anything else, so that nobody acts on what may be gone.
    private static func syncWhatIsRead(_ database: Database) throws {
        do {
            try database.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            // No room to bring the pages over; by then the WAL is synced.
        }
    }

    /// Pages in the WAL at which a commit does a checkpoint itself; `tidy` is meant to come first.
    private static let lastResortCheckpoint = 8000

    public func commit(_ entries: [JournalEntry]) throws(JournalError) {
        var bodies: [String?] = []
        for entry in entries {
            switch entry {
            case .transaction(_, let event): bodies.append(try event.body())
            case .batch(_, let event): bodies.append(try JournalCoding.encode(event))
            case .batchOpened, .stanReserved, .card: bodies.append(nil)
            }
        }
        do {
            let bodies = bodies
            try pool.writeWithoutTransaction { database in
                try Self.inTransaction(database) {
                    for (entry, body) in zip(entries, bodies) { try Self.write(entry, body ?? "", database) }
                }
            }
            commitsSinceCheckpoint.withLock { $0 += 1 }
        } catch {
            throw JournalError(.commitFailed, Self.reason(error), remedy: "Check the disk; the terminal starts again from the journal.")
        }
    }

    /// GRDB's own transactions compile their statements each time.
    private static func inTransaction(_ database: Database, _ body: () throws -> Void) throws {
        try database.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
        do {
            try body()
            try database.cachedStatement(sql: "COMMIT").execute()
        } catch {
            // SQLite may have rolled back already; an error here says nothing new.
            if database.isInsideTransaction { try? database.cachedStatement(sql: "ROLLBACK").execute() }
            throw error
        }
    }

    public func startingPoint() throws(JournalError) -> JournalStart {
        try read { database in
            var start = JournalStart()
            if let batch = try Int.fetchOne(database, sql: "SELECT value FROM terminal WHERE name = 'batchNumber'") {
                start.batchNumber = batch
            }
            if let stan = try Int.fetchOne(database, sql: "SELECT value FROM terminal WHERE name = 'stanReservedThrough'") {
                start.stanReservedThrough = stan
            }
            let began = "SELECT acceptedAt FROM transactions WHERE batch = ? ORDER BY number LIMIT 1"
            start.batchBegan = try Int64.fetchOne(database, sql: began, arguments: [start.batchNumber]).map(WallTime.init(milliseconds:))
            let numbers = try Int64.fetchAll(database, sql: "SELECT number FROM transactions WHERE unfinished > 0 ORDER BY number")
            for number in numbers { start.unfinished.append(try Self.transaction(number, database)) }
            // Only one is ever unreconciled: the one frozen last.
            if let number = try Int.fetchOne(database, sql: "SELECT batch FROM batchEvents ORDER BY sequence DESC LIMIT 1") {
                let batch = try Self.batch(number, database)
                start.frozen = batch?.isReconciled == false ? batch : nil
            }
            return start
        }
    }

    public func transaction(_ id: TransactionID) throws(JournalError) -> JournaledTransaction? {
        try first("SELECT number FROM transactions WHERE id = ?", [id.description])
    }

    public func lastTransaction(of peer: PeerIdentity?) throws(JournalError) -> JournaledTransaction? {
        guard let peer else { return try first("SELECT max(number) FROM transactions", []) }
        return try first("SELECT max(number) FROM transactions WHERE peer = ?", [peer.description])
    }

    public func transaction(requestID: String, since: WallTime) throws(JournalError) -> JournaledTransaction? {
        try first("SELECT max(number) FROM transactions WHERE requestID = ? AND acceptedAt >= ?", [requestID, since.milliseconds])
    }

    public func transaction(uniqueTransactionID: String) throws(JournalError) -> JournaledTransaction? {
        try first("SELECT max(number) FROM transactions WHERE uniqueID = ?", [uniqueTransactionID])
    }

    public func transaction(reference: String, batchNumber: Int?) throws(JournalError) -> JournaledTransaction? {
        guard let batchNumber else { return try first("SELECT max(number) FROM transactions WHERE reference = ?", [reference]) }
        return try first("SELECT max(number) FROM transactions WHERE reference = ? AND batch = ?", [reference, batchNumber])
    }

    public func approved(authCode: String) throws(JournalError) -> [JournaledTransaction] {
        try read { database in
            let sql = "SELECT number FROM transactions WHERE authCode = ? AND approved = 1 ORDER BY number"
            return try Int64.fetchAll(database.cachedStatement(sql: sql), arguments: [authCode]).map { try Self.transaction($0, database) }
        }
    }

    public func approved(batchNumber: Int) throws(JournalError) -> [JournaledTransaction] {
        try read { database in
            let sql = "SELECT number FROM transactions WHERE batch = ? AND approved = 1 ORDER BY number"
            return try Int64.fetchAll(database.cachedStatement(sql: sql), arguments: [batchNumber]).map {
                try Self.transaction($0, database)
            }
        }
    }

    public func batch(_ number: Int) throws(JournalError) -> JournaledBatch? { try read { try Self.batch(number, $0) } }

    private static func batch(_ number: Int, _ database: Database) throws -> JournaledBatch? {
        // Batch numbers begin again after 999999: the last freeze counts.
        let bodies = try String.fetchAll(
            database,
            sql: """
                SELECT body FROM batchEvents WHERE batch = ?1 AND sequence >=
                (SELECT max(sequence) FROM batchEvents WHERE batch = ?1 AND kind = 'frozen') ORDER BY sequence
                """, arguments: [number])
        if bodies.isEmpty { return nil }
        return try JournaledBatch(number: number, events: bodies.map { try JournalCoding.decode($0) as BatchEvent })
    }

    public func card(of id: FollowUpID) throws(JournalError) -> SealedCard? {
        try read { database in
            try Data.fetchOne(
                database.cachedStatement(sql: "SELECT sealed FROM cards WHERE id = ? AND followUp = ?"),
                arguments: [id.transaction.description, id.index]
            ).map { SealedCard(bytes: Array($0)) }
        }
    }

    public func hasApproved(_ type: TransactionType, reference: String, batchNumber: Int) throws(JournalError) -> Bool {
        try read { database in
            try Bool.fetchOne(
                database,
                sql: """
                    SELECT 1 FROM transactions WHERE reference = ? AND batch = ? AND type = ? AND approved = 1
                    AND (type = 'VOID' OR state IS NULL OR state <> 'voided')
                    """,
                arguments: [reference, batchNumber, type.rawValue]) ?? false
        }
    }

    /// Counted, because the WAL is written again from its beginning and never becomes shorter: its size says nothing.
    public var isUntidy: Bool { commitsSinceCheckpoint.withLock { $0 >= commitsWorthCheckpoint } }

    public func tidy() {
        guard isUntidy else { return }
        // Passive: never waits for readers. What it cannot do now the next one does; a failure shows at the next commit.
        let isDone = try? pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA wal_checkpoint(PASSIVE)") == 0 }
        if isDone == true { commitsSinceCheckpoint.withLock { $0 = 0 } }
    }

    /// Nothing is left in the WAL for the next start to read again. The reader's snapshots are over by now; a checkpoint that cannot be made is the
    /// next start's.
    public func close() {
        _ = try? pool.writeWithoutTransaction { database in try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try? pool.close()
    }

    private func first(_ sql: String, _ arguments: StatementArguments) throws(JournalError) -> JournaledTransaction? {
        try read { database in
            guard let number = try Int64.fetchOne(database.cachedStatement(sql: sql), arguments: arguments) else { return nil }
            return try Self.transaction(number, database)
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(JournalError) -> Value {
        do {
            return try pool.read(body)
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError(.damaged, Self.reason(error))
        }
    }

    /// SQLite's code and words, without statements and their values.
    static func reason(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(type(of: error))" }
        return "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "no message")"
    }
}
