import Foundation
import Grounds
import Hex
import Lab
import Logging
import SmartCard
import Testing
import USB

@testable import Devices

/// pcscd with libccid drives the reader that our driver has just let go of: what both say of the card is the virtual reader's proof. On a kernel
/// Hardware/lab/cases.sh does the same with more to measure.
@Suite("The peer", .serialized, .timeLimit(.minutes(2)))
struct PeerTests {
    /// Where Hardware/lab/build.sh unpacked the peer.
    private static let laboratory = ProcessInfo.processInfo.environment["COUNTERTOP_PEER"]

    private struct Peer: Decodable {
        var atr: String
        var answers: [String]
    }

    @Test(
        "chip reader: pcscd and libccid get the same answer to reset and the same answers as our driver",
        .enabled(if: Ground.current == .umockdev && laboratory != nil, "the peer under umockdev: Tests/HardwareInTheLoop/umockdev.sh"))
    func sameAnswers() async throws {
        let commands = [
            "00A404000E315041592E5359532E444446303100",  // SELECT PSE
            "00B2010C00",  // READ RECORD of what is selected, or its refusal
            "80CA9F1700",  // GET DATA, PIN try counter
            "0084000008",  // GET CHALLENGE: another answer each time
        ]
        let memory = MemoryBus()
        let virtual = VirtualCCIDReader()
        virtual.insert(try CardIssuer().issue(try CardProfiles.named("visa-credit")))
        try memory.plug(virtual, at: USBBusPath("1-1"))
        let bus = try Ground.current.bus(for: memory)
        let registry = DeviceRegistry(buses: [bus], logger: Logger(label: "peer"))
        let running = Task { await registry.run() }
        var ours = Peer(atr: "", answers: [])
        for await case .some(let reader) in registry.chipReaders() {
            for await case .present in reader.cardPresence() { break }
            ours.atr = try await reader.powerOn().hex
            for command in commands {
                let bytes = try #require([UInt8](hex: command))
                ours.answers.append(try await reader.transmit(try CommandAPDU.parse(bytes)).serialized().hex)
            }
            await reader.powerOff()
            break
        }
        running.cancel()
        await running.value
        #expect(ours.answers.count == commands.count && !ours.atr.isEmpty)

        let theirs = try JSONDecoder().decode(Peer.self, from: try Self.peer(commands))
        #expect(theirs.atr == ours.atr)
        #expect(theirs.answers.dropLast() == ours.answers.dropLast())
        // A challenge is random: its length and its status word are the same.
        #expect(theirs.answers.map(\.count) == ours.answers.map(\.count))
        #expect(theirs.answers.last?.suffix(4) == ours.answers.last?.suffix(4))
        #expect(ours.answers.first?.hasSuffix("9000") == true, "the card has no payment environment, so nothing was shown")
        await bus.close()
    }

    /// What the peer prints. Blocks, and nothing of this process needs this thread meanwhile: the testbed answers on its own.
    private static func peer(_ commands: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "Tests/HardwareInTheLoop/peer.sh")
        process.arguments = [laboratory ?? ""] + commands
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return data
    }
}
