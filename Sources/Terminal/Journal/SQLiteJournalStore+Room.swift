#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How much is free on the journal's disk. A commit that fails ends the process, so that the disk must not fill up inside a transaction.
public enum JournalRoom: Sendable, Hashable {
    case enough
    /// For what takes back and closes: a merchant must be able to undo a sale and to end the day when nothing new may begin.
    case forVoidAndSettlement
    case none

    func admits(_ type: TransactionType) -> Bool {
        switch self {
        case .enough: true
        case .forVoidAndSettlement: type == .void || type == .settlement
        case .none: false
        }
    }
}

extension SQLiteJournalStore {
    /// Bytes free on the journal's disk under which nothing new begins: room for a transaction's commits, for what settles and reverses it, and for a log
    /// that grows meanwhile.
    public static let leastRoom = 20 << 20
    /// Under which nothing begins at all.
    public static let reserve = 8 << 20

    public var room: JournalRoom {
        var statistics = statvfs()
        // What cannot be asked is told by the next commit.
        guard statvfs(pool.path, &statistics) == 0 else { return .enough }
        let free = UInt64(statistics.f_bavail).multipliedReportingOverflow(by: UInt64(statistics.f_frsize))
        if free.overflow || free.partialValue >= UInt64(Self.leastRoom) { return .enough }
        return free.partialValue >= UInt64(Self.reserve) ? .forVoidAndSettlement : .none
    }
}
