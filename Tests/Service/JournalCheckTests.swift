import Foundation
import Logging
import Terminal
import Testing

@testable import Service

@Suite("Housekeeping around the daily restart")
struct JournalCheckTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.path + "/countertop-check-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory + "/journal.sqlite")
    }

    private func check(_ path: String) -> [String] {
        JournalCheck(path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }).findings()
    }

    @Test("A sound journal has no findings, a missing one has")
    func missing() throws {
        try withDirectory { path in
            #expect(check(path).count == 1)
            let store = try SQLiteJournalStore(path: path)
            try store.commit([.batchOpened(7)])
            store.close()
            #expect(check(path).isEmpty)
        }
    }

    @Test(
        "Restarting the machine: what cannot be started or refuses is told from what agrees",
        arguments: [("/bin/true", true), ("/bin/false", false), ("/nonexistent", false)])
    func machineRestart(_ command: String, _ agrees: Bool) {
        #expect(MachineRestart(command: command).begin(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) == agrees)
    }
}
