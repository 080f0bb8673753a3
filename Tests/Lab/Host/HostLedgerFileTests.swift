import FoundationEssentials
import JSON
import Testing

@testable import Lab

@Suite("The books on disk")
struct HostLedgerFileTests {
    private func withFile(_ body: (String) throws -> Void) rethrows {
        let path = "/tmp/countertop-host-ledger-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func entry(_ stan: Int) -> LedgerEntry {
        let key = LedgerScript.key("1200", stan)
        return LedgerEntry(
            message: LedgerMessage(time: "T", direction: .received, messageType: "1200", stan: key.stan, fields: [4: "000000000500"]),
            booking: .init(
                request: LedgerRequest(
                    kind: .financial, key: key, original: LedgerScript.key("1100", 9), retrievalReference: "RRN", batch: "000001",
                    account: "476173******0119", processingCode: "000000", functionCode: "200", reasonCode: "4000", amount: 500,
                    currency: "840", approvalCode: "123456", partialApprovalAllowed: true, reportedNet: -5),
                decision: LedgerDecision(
                    actionCode: "002", isApproved: true, amount: 250, approvalCode: "654321", iccData: [0x91, 0x01, 0xFF], net: 7)))
    }

    @Test("What is written is read again, every field")
    func roundTrip() throws {
        try withFile { path in
            let written = [entry(1), LedgerEntry(message: entry(2).message), entry(3)]
            let file = try HostLedgerFile(path: path, synchronised: true)
            for entry in written { try file.append(entry) }
            #expect(try HostLedgerFile(path: path, synchronised: false).entries() == written)
        }
    }

    @Test("A last line that was cut off is dropped, wherever it was cut, and writing goes on behind the line before it")
    func tornLine() throws {
        let whole = entry(1).json.bytes + [0x0A]
        let torn = entry(2).json.bytes
        for length in stride(from: 1, through: torn.count, by: 7) {
            try withFile { path in
                try Data(whole + torn[..<length]).write(to: URL(filePath: path))
                let file = try HostLedgerFile(path: path, synchronised: false)
                #expect(try file.entries() == [entry(1)])
                try file.append(entry(3))
                #expect(try HostLedgerFile(path: path, synchronised: false).entries() == [entry(1), entry(3)])
            }
        }
    }

    @Test(
        "A line that is none of ours is an error that names it",
        arguments: [
            "not JSON", "{}", #"{"time":"T","direction":"up","mti":"1200","stan":"1","fields":{}}"#,
            #"{"time":"T","direction":"in","mti":"1200","stan":"1","fields":{},"booking":{"request":{},"decision":{}}}"#,
        ])
    func foreignLine(line: String) throws {
        try withFile { path in
            try Data(entry(1).json.bytes + [0x0A] + Array(line.utf8) + [0x0A]).write(to: URL(filePath: path))
            let file = try HostLedgerFile(path: path, synchronised: false)
            let error = #expect(throws: LabError.self) { try file.entries() }
            #expect(error?.code == .badFile && error?.message.contains("Line 2") == true)
        }
    }

    @Test("A path that cannot be opened is named")
    func noSuchDirectory() {
        let error = #expect(throws: LabError.self) { try HostLedgerFile(path: "/nowhere/ledger", synchronised: false) }
        #expect(error?.message.contains("/nowhere/ledger") == true)
    }
}
