import Logging
import Synchronization
import Testing

@testable import Service

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Log files (NUMLOGDAYS)")
struct LogFolderTests {
    /// A clock that a test sets; noon UTC of some day.
    private final class Day: Sendable {
        let time = Mutex<Int64>(1_780_000_000 / 86_400 * 86_400 + 43_200)
        func pass(_ days: Int64) { time.withLock { $0 += days * 86_400 } }
    }

    private func run(_ body: (LogFolder, Day, String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.path + "/countertop-log-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let day = Day()
        try body(LogFolder(directory: directory, now: { day.time.withLock { $0 } }), day, directory)
    }

    private func files(_ directory: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }

    @Test("One file a day, closed to others; lines are added to it")
    func daily() throws {
        try run { folder, day, directory in
            folder.append("one\n")
            folder.append("two\n")
            day.pass(1)
            folder.append("three\n")
            let names = try files(directory)
            #expect(names.count == 2 && names.allSatisfy { $0.hasPrefix("countertop-20") && $0.hasSuffix(".log") })
            let texts: [String] = try names.map {
                String(decoding: try #require(FileManager.default.contents(atPath: directory + "/" + $0)), as: UTF8.self)
            }
            #expect(texts == ["one\ntwo\n", "three\n"])
            let mode =
                try FileManager.default.attributesOfItem(atPath: directory + "/" + names[0])[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("Files of more than NUMLOGDAYS before today go at the change of day and at the start; other files stay")
    func kept() throws {
        try run { folder, day, directory in
            folder.append("a\n")
            _ = FileManager.default.createFile(atPath: directory + "/notes.log", contents: nil)
            folder.keep { 2 }
            for _ in 0..<4 {
                day.pass(1)
                folder.append("b\n")
            }
            let kept = try files(directory)
            #expect(kept.count == 4, "today, two before it, and the notes")
            LogFolder(directory: directory, now: { day.time.withLock { $0 } }).keep { 1 }
            let left = try files(directory)
            #expect(left.count == 3 && left.contains("notes.log"))
        }
    }

    @Test("A folder that cannot be made stops nobody")
    func unwritable() {
        let folder = LogFolder(directory: "/proc/nothing/here")
        folder.keep { 1 }
        folder.append("lost\n")
    }
}
