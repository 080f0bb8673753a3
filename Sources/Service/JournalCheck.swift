import Foundation
import Logging
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The full check of the journal, after the start and behind everything else: `countertop journal verify` from inside.
struct JournalCheck: Sendable {
    let path: String
    let logger: Logger

    /// Returns at once.
    func begin() {
        Thread.detachNewThread {
            // Of this thread alone: on Linux a thread has a niceness of its own.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            for finding in findings() {
                logger.critical(
                    "The journal is damaged: \(finding). Copy the data folder away, settle, and have it looked into.",
                    metadata: ["code": "journal.damaged"])
            }
        }
    }

    func findings() -> [String] {
        do throws(JournalError) {
            let store = try SQLiteJournalStore(path: path, mustExist: true)
            defer { store.close() }
            return try store.findings()
        } catch {
            return ["\(error)"]
        }
    }
}
