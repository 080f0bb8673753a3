import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The books on disk: one `LedgerEntry` a line, in JSON, written out before the answer leaves. Append only. A last line without its end (the simulator
/// was killed while writing) is cut off; anything else that is not ours is an error, because books with a hole are no books.
final class HostLedgerFile: Sendable {
    private let descriptor: CInt
    private let path: String
    private let synchronised: Bool

    /// Opens or makes the file (0600) and reads what is there.
    /// - Parameter synchronised: wait for the disk after each line. What a kill of the process must not lose needs no waiting.
    init(path: String, synchronised: Bool) throws(LabError) {
        self.path = path
        self.synchronised = synchronised
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HostLedgerFile.fault("opened", path) }
    }

    deinit { close(descriptor) }

    /// What the file holds, in order.
    func entries() throws(LabError) -> [LedgerEntry] {
        let contents = try read()
        var entries: [LedgerEntry] = []
        var start = contents.startIndex
        while let end = contents[start...].firstIndex(of: 0x0A) {
            let json = try? JSONValue(parsing: contents[start..<end])
            guard let entry = json.flatMap(LedgerEntry.init(json:)) else {
                throw LabError(.badFile, "Line \(entries.count + 1) of \(path) is not an entry of this ledger.")
            }
            entries.append(entry)
            start = end + 1
        }
        if start < contents.endIndex, ftruncate(descriptor, off_t(start)) != 0 { throw HostLedgerFile.fault("truncated", path) }
        return entries
    }

    func append(_ entry: LedgerEntry) throws(LabError) {
        let line = entry.json.bytes + [0x0A]
        var written = 0
        while written < line.count {
            let count = line[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw HostLedgerFile.fault("written", path) }
            written += count
        }
        if synchronised, fdatasync(descriptor) != 0 { throw HostLedgerFile.fault("synchronised", path) }
    }

    private func read() throws(LabError) -> [UInt8] {
        var contents: [UInt8] = []
        var offset: off_t = 0
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, offset) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw HostLedgerFile.fault("read", path) }
            guard count > 0 else { return contents }
            contents += chunk[..<count]
            offset += off_t(count)
        }
    }

    private static func fault(_ what: String, _ path: String) -> LabError {
        LabError(.badFile, "The ledger \(path) cannot be \(what): \(String(cString: strerror(errno))).")
    }
}
