import FoundationEssentials
import GRDB

/// What a look at a journal on disk found, from outside the terminal that writes it.
public struct JournalInspection: Sendable, Hashable {
    /// What SQLite's own check complains about; empty for a sound file.
    public var damage: [String]
    /// Transactions that are not decided, or whose reversal the host has not acknowledged.
    public var unfinished: Int

    public init(damage: [String], unfinished: Int) {
        self.damage = damage
        self.unfinished = unfinished
    }
}

extension SQLiteJournalStore {
    /// Reads the journal at `path` beside the terminal that may be writing it; `nil` where there is none. Changes nothing. A terminal of another
    /// version may have another schema, so nothing but SQLite's check and one count is asked.
    public static func inspect(path: String) throws(JournalError) -> JournalInspection? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "journal inspection"
        do {
            let database = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? database.close() }
            return try database.read { database in
                // At most as many as a person reads.
                let damage = try String.fetchAll(database, sql: "PRAGMA quick_check(5)").filter { $0 != "ok" }
                let unfinished = try Int.fetchOne(database, sql: "SELECT count(*) FROM transactions WHERE unfinished > 0") ?? 0
                return JournalInspection(damage: damage, unfinished: unfinished)
            }
        } catch {
            throw JournalError(
                .cannotOpen, "\(path): \(reason(error))", remedy: "Check that this user may read the file and that the disk is sound.")
        }
    }
}
