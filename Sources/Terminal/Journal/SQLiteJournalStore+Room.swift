#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension SQLiteJournalStore {
    /// Bytes free on the journal's disk under which no transaction begins. A commit that fails ends the process, so that the disk must not fill up inside
    /// one: this is room for its commits, for what settles and reverses it, and for a log that grows meanwhile.
    public static let leastRoom = 20 << 20

    public var hasRoom: Bool {
        var statistics = statvfs()
        // What cannot be asked is told by the next commit.
        guard statvfs(pool.path, &statistics) == 0 else { return true }
        let free = UInt64(statistics.f_bavail).multipliedReportingOverflow(by: UInt64(statistics.f_frsize))
        return free.overflow || free.partialValue >= UInt64(Self.leastRoom)
    }
}
