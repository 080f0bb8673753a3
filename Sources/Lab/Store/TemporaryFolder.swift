import Glibc

/// A folder for what must have a short path (a Unix socket's has 107 bytes at most) or goes with the process.
public enum TemporaryFolder {
    /// Mode 0700, below `$TMPDIR` or `/tmp`.
    public static func make() throws(LabError) -> String {
        var template = Array(((getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp") + "/countertop-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw LabError(.badFile, "No temporary folder can be made.") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the folder and the plain files and sockets in it.
    public static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink(path + "/" + name) }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}
