import Devices
import Hex
import JSON
import PaymentHost
import Terminal
import Testing
import USB

@testable import Diagnostics

private let good = SystemFacts(
    rules: "/etc/udev/rules.d/60-countertop.rules", rulesAreCurrent: true, hasGroup: true, service: .running,
    hosts: [("127.0.0.1:8583", .reached(milliseconds: 12))], certificates: [.init(whose: "POS server", secondsLeft: 300 * 86_400)],
    isClockSynchronised: true, now: 1_800_000_000, disk: .init(path: "/var/lib/countertop", freeBytes: 10 << 30, isWritable: true),
    journal: .read(JournalInspection(damage: [], unfinished: 0)))

private func changed(_ change: (inout SystemFacts) -> Void) -> SystemFacts {
    var facts = good
    change(&facts)
    return facts
}

@Suite("Findings about the system")
struct SystemFindingsTests {
    @Test("a machine with nothing wrong has nothing but fine findings, and exit code 0")
    func fine() {
        let report = DiagnosticReport(devices: [], system: good.findings)
        #expect(report.system.count == 9)
        #expect(report.findings.allSatisfy { $0.severity == .fine && $0.remedy == nil })
        #expect(report.exitCode == 0)
        #expect(report.text.hasSuffix("9 fine, 0 warning, 0 fault"))
    }

    static let wrong: [(check: String, severity: Finding.Severity, facts: SystemFacts)] = [
        ("rules", .fault, changed { $0.rules = nil }),
        ("rules", .warning, changed { $0.rulesAreCurrent = false }),
        ("group", .fault, changed { $0.hasGroup = false }),
        ("service", .warning, changed { $0.service = .installed }),
        ("service", .warning, changed { $0.service = .notInstalled }),
        ("host", .fault, changed { $0.hosts = [("h:1", .failed("no connection"))] }),
        ("certificate", .fault, changed { $0.certificates = [.init(whose: "host", secondsLeft: -1)] }),
        ("certificate", .warning, changed { $0.certificates = [.init(whose: "host", secondsLeft: 30 * 86_400 - 1)] }),
        ("certificate", .fault, changed { $0.certificates = [.init(whose: "host", secondsLeft: nil)] }),
        ("clock", .fault, changed { $0.now = 86_400 }),
        ("clock", .warning, changed { $0.isClockSynchronised = false }),
        ("disk", .warning, changed { $0.disk?.freeBytes = 100 << 20 }),
        ("disk", .fault, changed { $0.disk?.freeBytes = 1 << 20 }),
        ("disk", .fault, changed { $0.disk?.isWritable = false }),
        ("journal", .fault, changed { $0.journal = .failed("SQLite 26") }),
        ("journal", .fault, changed { $0.journal = .read(JournalInspection(damage: ["row 1 missing"], unfinished: 0)) }),
        ("reversals", .warning, changed { $0.journal = .read(JournalInspection(damage: [], unfinished: 2)) }),
    ]

    @Test("what is wrong is one finding of its severity that says what to do, and decides the exit code", arguments: wrong.indices)
    func isFound(_ index: Int) throws {
        let (check, severity, facts) = Self.wrong[index]
        let findings = facts.findings.filter { $0.severity != .fine }
        #expect(findings.map(\.check) == [check])
        let finding = try #require(findings.first)
        #expect(finding.severity == severity)
        #expect(finding.remedy?.isEmpty == false)
        let report = DiagnosticReport(devices: [], system: facts.findings)
        #expect(report.exitCode == (severity == .warning ? 1 : 2))
        #expect(report.text.contains("→ \(finding.remedy ?? "")"))
        let listed = report.json["system"]?.array?.first { $0["severity"]?.string == severity.rawValue }
        #expect(listed?["remedy"]?.string == finding.remedy)
    }
}

@Suite("Findings about a device")
struct DeviceFindingsTests {
    private static let info = USBDeviceInfo(
        path: USBBusPath("1-2"),
        descriptor: USBDeviceDescriptor(
            vendorID: 0x08E6, productID: 0x3438, release: 0x0105,
            configurations: [
                USBConfigurationDescriptor(value: 1, interfaces: [USBInterfaceDescriptor(number: 0, interfaceClass: 0x0B, endpoints: [])])
            ]), node: "/dev/bus/usb/001/002")

    private static func description(_ state: DeviceDescription.State = .ready, finding: String? = nil) -> DeviceDescription {
        DeviceDescription(
            kind: .chip, model: "Reader", serialNumber: "1", vendorID: 0x08E6, productID: 0x3438, path: info.path, driver: "ccid",
            state: state, finding: finding)
    }

    private static let good = DeviceFacts(
        info: info, descriptions: [description()], mayOpen: true, claim: .nobody, opening: .success(nil), card: .answered([0x3B, 0x00]))

    private static func changed(_ change: (inout DeviceFacts) -> Void) -> DeviceFacts {
        var facts = good
        change(&facts)
        return facts
    }

    private static func key(left: Int?, isLoaded: Bool = true) -> DeviceFacts {
        changed { $0.opening = .success(DeviceHealth(keys: [.init(use: "PIN", isLoaded: isLoaded, transactionsLeft: left)])) }
    }

    @Test("a device with nothing wrong has nothing but fine findings; its card's ATR is told")
    func fine() {
        #expect(Self.good.findings.allSatisfy { $0.severity == .fine })
        #expect(Self.good.findings.contains { $0.message.contains("3B 00") })
        // The running terminal has it.
        let held = Self.changed {
            $0.claim = .program("countertop 812")
            $0.opening = .failure(DeviceError(.busy, "busy"))
        }
        #expect(held.findings.allSatisfy { $0.severity == .fine })
        #expect(Self.changed { $0.claim = .kernelDriver("usbhid") }.findings.allSatisfy { $0.severity == .fine })
    }

    static let wrong: [(check: String, severity: Finding.Severity, facts: DeviceFacts)] = [
        ("permission", .fault, changed { ($0.mayOpen, $0.opening, $0.card) = (false, nil, nil) }),
        ("claim", .fault, changed { $0.claim = .program("pcscd 77") }),
        ("claim", .fault, changed { $0.claim = .program(nil) }),
        ("descriptors", .fault, changed { $0.descriptions = [description(.fault, finding: "no bulk endpoints")] }),
        ("descriptors", .fault, changed { $0.info = USBDeviceInfo(path: USBBusPath("1-2"), descriptor: empty) }),
        (
            "selfTest", .fault,
            changed { ($0.opening, $0.card) = (.failure(DeviceError(.timeout, "the reader did not answer in time")), nil) }
        ),
        ("deviceTest", .fault, changed { $0.opening = .success(DeviceHealth(selfTest: .failed("tamper"))) }),
        ("key", .fault, key(left: nil, isLoaded: false)),
        ("key", .warning, key(left: 9_999)),
        ("key", .fault, key(left: 0)),
        ("card", .warning, changed { $0.card = .mute("no answer to reset") }),
        ("identity", .warning, changed { $0.isAmbiguous = true }),
    ]

    private static let empty = USBDeviceDescriptor(vendorID: 1, productID: 1, release: 1, configurations: [])

    @Test("what is wrong is one finding that says what to do", arguments: wrong.indices)
    func isFound(_ index: Int) {
        let (check, severity, facts) = Self.wrong[index]
        let findings = facts.findings.filter { $0.severity != .fine }
        #expect(findings.map(\.check) == [check])
        #expect(findings.first?.severity == severity)
        #expect(findings.first?.remedy?.isEmpty == false)
    }
}
