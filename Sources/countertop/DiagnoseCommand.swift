import ArgumentParser
import Devices
import Diagnostics
import Service
import USB

struct DiagnoseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diagnose",
        abstract: "Says what is wrong with readers, host link, clock, disk and journal, and what to do.",
        discussion: "Exit code 0: all is fine; 1: something deserves attention; 2: something does not work.")

    @Option(help: "The terminal's configuration file; without it only devices and machine are looked at.") var config: String?
    @Flag(help: "For programs.") var json = false

    func run() async throws {
        var subject = SystemSubject()
        var findings: [Finding] = []
        if let config {
            do { subject = try Configuration(contentsOf: config).diagnosticSubject } catch {
                findings.append(.fault("configuration", "\(error)", do: "Correct the file; docs/configuration.md explains every key."))
            }
        }
        var devices: [DiagnosticReport.Device] = []
        do {
            let bus = try LibUSBBus(logger: makeLogger(level: .error))
            devices = await DeviceInspection(bus).report(of: bus.devices)
            await bus.close()
        } catch {
            findings.append(.fault("usb", error.message, do: error.remedy ?? "Check that the kernel has USB: ls /sys/bus/usb."))
        }
        if devices.isEmpty, findings.isEmpty {
            findings.append(
                .warning(
                    "devices", "no card reader, PIN pad or printer is attached",
                    do: "Plug one in; countertop devices --watch shows what arrives."))
        }
        let report = DiagnosticReport(devices: devices, system: findings + (await SystemInspection(subject).report()))
        print(json ? report.json.text : report.text)
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }
}
