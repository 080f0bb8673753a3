import Glibc
import Hex

/// Files that hold secrets: mode 0600, written whole or not at all, synced before they count.
public enum PrivateFile {
    /// The file's content, at most `limit` bytes; `nil` when it does not exist. A secret that others can read, or that is not a plain file of ours,
    /// is refused with `keys.fileMode`: it may be known to somebody already.
    public static func read(_ path: String, limit: Int = 65_536) throws(KeysError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .file("read", path, errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .file("read", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw KeysError(.fileMode, "\(path) is not a plain file.") }
        guard status.st_mode & 0o077 == 0 else {
            throw KeysError(
                .fileMode, "\(path) has mode \(String(status.st_mode & 0o777, radix: 8)): others can read or change it.",
                remedy: "If nobody else had access: chmod 600 \(path). Otherwise move it away; a new one is made at the next start.")
        }
        guard status.st_uid == geteuid() || geteuid() == 0 else {
            throw KeysError(.fileMode, "\(path) belongs to another user.", remedy: "chown it to the service's user.")
        }
        return try readAll(descriptor, path, limit: limit)
    }

    /// Creates the file with this content, unless there is one already (also one made by another process meanwhile): then `false`.
    public static func create(_ path: String, _ content: [UInt8], mode: mode_t = 0o600) throws(KeysError) -> Bool {
        let temporary = try writeTemporary(path, content, mode: mode)
        defer { unlink(temporary) }
        guard link(temporary, path) == 0 else {
            if errno == EEXIST { return false }
            throw .file("create", path, errno)
        }
        try syncDirectory(of: path)
        return true
    }

    /// Puts this content in the file's place.
    public static func replace(_ path: String, _ content: [UInt8], mode: mode_t = 0o600) throws(KeysError) {
        let temporary = try writeTemporary(path, content, mode: mode)
        guard rename(temporary, path) == 0 else {
            let reason = errno
            unlink(temporary)
            throw .file("replace", path, reason)
        }
        try syncDirectory(of: path)
    }

    /// A file anybody may read, such as a certificate; `nil` when it does not exist.
    public static func readPublic(_ path: String, limit: Int = 65_536) throws(KeysError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .file("read", path, errno)
        }
        defer { close(descriptor) }
        return try readAll(descriptor, path, limit: limit)
    }

    private static func readAll(_ descriptor: Int32, _ path: String, limit: Int) throws(KeysError) -> [UInt8] {
        var content = [UInt8](repeating: 0, count: limit + 1)
        defer { content.withUnsafeMutableBytes { wipe($0) } }
        var filled = 0
        while filled <= limit {
            let got = content.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), limit + 1 - filled) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .file("read", path, errno) }
            if got == 0 { break }
            filled += got
        }
        guard filled <= limit else { throw KeysError(.fileContent, "\(path) is larger than \(limit) bytes.") }
        return Array(content.prefix(filled))
    }

    private static func writeTemporary(_ path: String, _ content: [UInt8], mode: mode_t) throws(KeysError) -> String {
        let suffix = try RandomBytes.generate(8).hex
        let temporary = "\(path).\(suffix).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .file("create", path, errno) }
        var written = 0
        var failure: Int32 = 0
        while written < content.count, failure == 0 {
            let put = content.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), content.count - written) }
            if put < 0 { failure = errno == EINTR ? 0 : errno } else { written += put }
        }
        if failure == 0, fchmod(descriptor, mode) != 0 || fsync(descriptor) != 0 { failure = errno }
        if close(descriptor) != 0, failure == 0 { failure = errno }
        guard failure == 0 else {
            unlink(temporary)
            throw .file("write", path, failure)
        }
        return temporary
    }

    /// A new name counts only once its directory is on the disk.
    private static func syncDirectory(of path: String) throws(KeysError) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file("sync", directory, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .file("sync", directory, errno) }
    }
}

extension KeysError {
    static func file(_ action: String, _ path: String, _ number: Int32) -> KeysError {
        KeysError(.fileAccess, "Cannot \(action) \(path): \(String(cString: strerror(number))).")
    }
}
