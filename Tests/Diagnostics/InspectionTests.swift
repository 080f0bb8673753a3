import Devices
import Foundation
import Lab
import PaymentHost
import Terminal
import Testing
import USB

@testable import Diagnostics

@Suite("Looking at devices and machine", .timeLimit(.minutes(1)))
struct InspectionTests {
    private final class Card: VirtualCard {
        func reset() -> [UInt8]? { [0x3B, 0x00] }
        func process(_ command: [UInt8]) -> [UInt8]? { [0x90, 0x00] }
        func powerOff() {}
    }

    @Test("each reader is opened, its card answers, and it is let go again")
    func devices() async throws {
        let bus = MemoryBus()
        let reader = VirtualCCIDReader(CCIDReaderProfile(serialNumber: "A"))
        reader.insert(Card())
        try bus.plug(reader, at: USBBusPath("1-1"))
        try bus.plug(VirtualCCIDReader(CCIDReaderProfile(serialNumber: "B")), at: USBBusPath("1-2"))
        for _ in 0..<3 {
            let devices = await DeviceInspection(bus).report(of: bus.devices)
            #expect(devices.map(\.answerToReset) == ["3B00", nil])
            #expect(devices.map(\.usb) == ["08E6:3438", "08E6:3438"])
            #expect(devices.map(\.firmware) == ["1.00", "1.00"])
            #expect(devices.flatMap(\.findings).allSatisfy { $0.severity == .fine })
        }
        await bus.close()
    }

    @Test("a reader that another program holds, and one that falls silent, are faults")
    func broken() async throws {
        let bus = MemoryBus()
        try bus.plug(VirtualCCIDReader(CCIDReaderProfile(serialNumber: "A")), at: USBBusPath("1-1"))
        let other = try await bus.open(USBBusPath("1-1"))
        try await other.claim(interface: 0)
        let devices = await DeviceInspection(bus).report(of: bus.devices)
        #expect(devices.flatMap(\.findings).filter { $0.severity == .fault }.map(\.check) == ["selfTest"])
        await bus.close()
    }

    @Test("two readers of one model without serial numbers cannot be told apart")
    func ambiguous() async throws {
        let bus = MemoryBus()
        for port in ["1-1", "1-2"] { try bus.plug(VirtualCCIDReader(CCIDReaderProfile(serialNumber: "A")), at: USBBusPath(port)) }
        let devices = await DeviceInspection(bus).report(of: bus.devices, isLooking: true)
        #expect(devices.flatMap(\.findings).filter { $0.check == "identity" }.count == 2)
        await bus.close()
    }

    @Test("rules, group and service are found where they are installed, and what is old is told apart")
    func machine() async throws {
        let root = NSTemporaryDirectory() + "countertop-diagnostics-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        func write(_ path: String, _ text: String) throws {
            let file = URL(filePath: root + path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try write("/etc/group", "root:x:0:\n")
        var facts = await SystemInspection(SystemSubject(), root: root).facts()
        #expect(facts.rules == nil && !facts.hasGroup && facts.service == .unmanaged)
        try write("/etc/group", "root:x:0:\ncountertop:x:990:\n")
        try write("/usr/lib/udev/rules.d/60-countertop.rules", "# an old version\n")
        try write("/run/systemd/system/.keep", "")
        facts = await SystemInspection(SystemSubject(), root: root).facts()
        #expect(facts.rules?.hasSuffix("/usr/lib/udev/rules.d/60-countertop.rules") == true && !facts.rulesAreCurrent && facts.hasGroup)
        #expect(facts.service == .notInstalled)
        try write("/etc/udev/rules.d/60-countertop.rules", UdevRules.text)
        try write("/usr/lib/systemd/system/countertop.service", "")
        facts = await SystemInspection(SystemSubject(), root: root).facts()
        #expect(facts.rulesAreCurrent && facts.service == .installed)
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../udev/60-countertop.rules")
        #expect(try String(contentsOf: file, encoding: .utf8) == UdevRules.text)
    }

    @Test("a journal on disk is read beside its writer; one that is damaged is told")
    func journal() async throws {
        let folder = NSTemporaryDirectory() + "countertop-diagnostics-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try SQLiteJournalStore.inspect(path: folder + "/journal.sqlite") == nil)
        let store = try SQLiteJournalStore(path: folder + "/journal.sqlite")
        #expect(try SQLiteJournalStore.inspect(path: folder + "/journal.sqlite") == JournalInspection(damage: [], unfinished: 0))
        store.close()
        for name in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: folder + "/journal.sqlite" + name) }
        try Data(repeating: 0x55, count: 8192).write(to: URL(filePath: folder + "/journal.sqlite"))
        #expect(throws: JournalError.self) { try SQLiteJournalStore.inspect(path: folder + "/journal.sqlite") }
    }

    @Test("a host that listens is reached; a port where nobody listens is not")
    func host() async throws {
        let host = try await StandaloneHost.start(
            .init(port: 0, dialect: "iso8583-1993", ledger: nil, controlPort: 0, isPlain: false, tlsFolder: nil),
            logger: .init(label: "test"))
        let ready = try JSONSerialization.jsonObject(with: Data(host.readyLine.utf8)) as? [String: Any]
        let address = try #require((ready?["host"] as? String)?.split(separator: ":"))
        let port = try #require(Int(address[1]))
        let tls = HostLinkConfiguration.Security.tls(.init(authorityFile: ready?["ca"] as? String))
        let reached = await HostProbe.connect(to: .init(host: "127.0.0.1", port: port), security: tls)
        guard case .reached = reached.outcome else { return #expect(Bool(false), "\(reached.outcome)") }
        #expect(try #require(reached.certificateEnd) > Int(Date().timeIntervalSince1970))
        let stranger = await HostProbe.connect(to: .init(host: "127.0.0.1", port: port), security: .tls(.init()))
        guard case .failed = stranger.outcome else { return #expect(Bool(false), "a certificate of an unknown authority is accepted") }
        await host.stop()
        let gone = await HostProbe.connect(to: .init(host: "127.0.0.1", port: port), security: tls)
        guard case .failed = gone.outcome else { return #expect(Bool(false), "nobody listens") }
    }
}
