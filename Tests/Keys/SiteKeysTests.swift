import Glibc
import Testing

@testable import Keys

/// A directory that goes when the test ends.
final class TemporaryDirectory {
    let path: String
    init() throws {
        var template = Array("/tmp/countertop-keys-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }
    deinit {
        for file in files { unlink("\(path)/\(file)") }
        rmdir(path)
    }
    var files: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
    func mode(_ file: String) -> mode_t {
        var status = stat()
        return stat("\(path)/\(file)", &status) == 0 ? status.st_mode & 0o777 : 0
    }
    func write(_ file: String, _ text: String, mode: mode_t = 0o600) throws {
        let descriptor = open("\(path)/\(file)", O_WRONLY | O_CREAT | O_TRUNC, mode)
        try #require(descriptor >= 0)
        #expect(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
        fchmod(descriptor, mode)
        close(descriptor)
    }
    func text(_ file: String) throws -> String {
        String(decoding: try #require(try PrivateFile.readPublic("\(path)/\(file)")), as: UTF8.self)
    }
}

@Suite("The site key file")
struct SiteKeysTests {
    private let directory: TemporaryDirectory
    private var path: String { "\(directory.path)/site.key" }

    init() throws { directory = try TemporaryDirectory() }

    @Test("Made at the first start with mode 0600, read at the next, nothing else left behind")
    func created() throws {
        umask(0)
        let first = try SiteKeys.open(path: path)
        #expect(directory.mode("site.key") == 0o600)
        #expect(directory.files == ["site.key"])
        let second = try SiteKeys.open(path: path)
        #expect(first.journalKey == second.journalKey)
        let pan = try #require(PAN("4761739001010119"))
        #expect(try first.cardHash(of: pan) == second.cardHash(of: pan))
    }

    @Test("Two sites have different keys, and one site's keys differ by label")
    func different() throws {
        let one = try SiteKeys.open(path: path)
        let two = try SiteKeys.open(path: "\(directory.path)/other.key")
        #expect(one.journalKey != two.journalKey)
        #expect(try one.derive(label: "a") != one.derive(label: "b"))
        #expect(try one.derive(label: "a") == one.derive(label: "a"))
        #expect(try one.derive(label: "journal") == one.journalKey)
        #expect(try one.derive(label: "a", count: 16).count == 16)
    }

    @Test("A file that others can read is refused and stays as it is", arguments: [mode_t(0o640), 0o604, 0o660, 0o644, 0o666, 0o610])
    func wideMode(mode: mode_t) throws {
        _ = try SiteKeys.open(path: path)
        chmod(path, mode)
        let before = try directory.text("site.key")
        #expect { try SiteKeys.open(path: path) } throws: { error in
            let error = error as? KeysError
            return error?.code == .fileMode && error?.message.contains(path) == true && error?.remedy?.contains("chmod 600") == true
        }
        #expect(try directory.text("site.key") == before)
    }

    @Test("A damaged file is refused, never replaced, and the error does not show its content")
    func damaged() throws {
        _ = try SiteKeys.open(path: path)
        let good = try directory.text("site.key")
        var texts = ["", "\n", "hello", good + good, String(good.dropLast()), good.lowercased(), "countertop-site-key-1 00 00\n"]
        for index in good.utf8.indices {
            var changed = Array(good.utf8)
            let position = good.utf8.distance(from: good.utf8.startIndex, to: index)
            changed[position] = changed[position] == 0x35 ? 0x36 : 0x35
            texts.append(String(decoding: changed, as: UTF8.self))
            texts.append(String(decoding: changed.prefix(position), as: UTF8.self))
        }
        for text in texts where text != good {
            try directory.write("site.key", text)
            #expect { try SiteKeys.open(path: path) } throws: { error in
                let error = error as? KeysError
                return error?.code == .fileContent && !"\(error as Any)".contains(good.dropFirst(25).prefix(8))
            }
            #expect(try directory.text("site.key") == text)
        }
    }

    @Test("A link, a directory or a file of a megabyte in the key's place is refused")
    func notAPlainFile() throws {
        _ = try SiteKeys.open(path: "\(directory.path)/real.key")
        symlink("\(directory.path)/real.key", path)
        #expect(throws: KeysError.self) { try SiteKeys.open(path: path) }
        unlink(path)
        #expect { try SiteKeys.open(path: directory.path) } throws: { ($0 as? KeysError)?.code == .fileMode }
        try directory.write("site.key", String(repeating: "x", count: 1 << 20))
        #expect { try SiteKeys.open(path: path) } throws: { ($0 as? KeysError)?.code == .fileContent }
    }

    @Test("A directory that is not there is named in the error")
    func missingDirectory() {
        #expect { try SiteKeys.open(path: "/nowhere/at/all/site.key") } throws: { error in
            let error = error as? KeysError
            return error?.code == .fileAccess && error?.message.contains("/nowhere/at/all") == true
        }
    }

    @Test("Of two processes that create the file at once, one wins and the other is told")
    func race() throws {
        #expect(try PrivateFile.create(path, [1]))
        #expect(try !PrivateFile.create(path, [2]))
        #expect(try PrivateFile.read(path) == [1])
        #expect(directory.files == ["site.key"])
    }

    @Test("A site key has 32 bytes")
    func rootLength() {
        #expect { try SiteKeys(root: SecretBytes(0..<16)) } throws: { ($0 as? KeysError)?.code == .keyLength }
    }
}
