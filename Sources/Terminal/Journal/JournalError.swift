/// What went wrong with the journal.
public struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The journal cannot be opened: every Transaction answers `20` `internal`.
        case cannotOpen = "journal.cannotOpen"
        /// A commit failed: it is neither done nor undone until the next start reads the journal.
        case commitFailed = "journal.commitFailed"
        /// A record cannot be read back.
        case damaged = "journal.damaged"
        /// A page was asked for behind a place that is none.
        case badCursor = "journal.badCursor"
        /// Made by a newer version of this program.
        case newerSchema = "journal.newerSchema"
    }

    public let code: Code
    /// What happened; safe to log.
    public let message: String
    public let remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(code.rawValue): \(message)" + (remedy.map { " \($0)" } ?? "") }
}
