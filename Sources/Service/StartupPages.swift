import Glibc

/// The program text that only the start needed, given back: on a small machine the pages are free for others without waiting for pressure.
///
/// A process maps its program and libraries in runs of many pages around each one that it touches; most of what is resident after the start is
/// never looked at again. Pages of program text are never changed, so dropping them costs only that those still needed are mapped anew, from
/// the page cache (madvise(2), `MADV_DONTNEED` on a private file mapping).
enum StartupPages {
    /// Returns how many bytes of mappings were given back; 0 where the system does not tell the mappings.
    @discardableResult
    static func release() -> Int {
        guard let maps = fopen("/proc/self/maps", "r") else { return 0 }
        defer { fclose(maps) }
        var released = 0
        var line = [CChar](repeating: 0, count: 4352)
        while fgets(&line, Int32(line.count), maps) != nil {
            guard let range = text(in: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }) else { continue }
            guard let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            if madvise(start, range.count, MADV_DONTNEED) == 0 { released += range.count }
        }
        return released
    }

    /// The addresses of a line of `/proc/self/maps` that maps program text of a file: readable, executable, private and not writable
    /// (proc_pid_maps(5)). What is only readable may have been relocated and must stay.
    static func text(in line: [UInt8]) -> Range<UInt>? {
        let fields = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count > 5, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
        let ends = fields[0].split(separator: "-")
        guard ends.count == 2, let from = UInt(ends[0], radix: 16), let to = UInt(ends[1], radix: 16), from < to else { return nil }
        return from..<to
    }
}
