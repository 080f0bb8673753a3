import ArgumentParser
import Devices
import Glibc
import JSON
import Service
import USB

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "Lists the card readers, or watches them come and go.")

    @Flag(help: "Go on, and print every plug and unplug.") var watch = false
    @Flag(help: "One JSON object a line.") var json = false

    func run() async throws {
        let bus: LibUSBBus
        do { bus = try LibUSBBus(logger: makeLogger(level: .error)) } catch {
            nothing("USB cannot be used on this machine: \(error.message)")
            return
        }
        let registry = DeviceRegistry(buses: [bus], logger: makeLogger(level: .error))
        let running = Task { await registry.run() }
        let changes = registry.changes()
        // Asking for events waits until the bus knows who is there.
        _ = try await bus.events()
        let expected = bus.devices.count { info in DeviceRegistry.standardDrivers().contains { !$0.recognise(info).isEmpty } }
        if expected == 0 { nothing("No card reader is attached\(bus.devices.isEmpty ? ", nor any other USB device" : "").") }
        if watch {
            let ended = Task {
                await TerminationSignals.wait()
                await registry.close()
            }
            for await change in changes { describe(change) }
            await ended.value
        } else if expected > 0 {
            var seen: Set<USBBusPath> = []
            for await change in changes {
                describe(change)
                seen.insert(change.device.path)
                if seen.count == expected { break }
            }
        }
        running.cancel()
        await running.value
        await bus.close()
    }

    private func describe(_ change: DeviceChange) {
        let device = change.device
        var object = JSONObject()
        object.append("event", change.name)
        object.append("kind", device.kind.rawValue)
        object.append("model", device.model)
        object.append("serialNumber", device.serialNumber)
        object.append("usb", device.usbIdentity)
        object.append("path", device.path.description)
        object.append("driver", device.driver)
        object.append("state", device.state.rawValue)
        object.append("finding", device.finding)
        let finding = device.finding.map { "  \($0)" } ?? ""
        report(
            .object(object),
            "\(change.name)  \(device.kind.rawValue)  \(device.model)  \(device.usbIdentity)  port \(device.path)  \(device.state.rawValue)\(finding)"
        )
    }

    private func nothing(_ finding: String) { report(["event": "none", "finding": .string(finding)], finding) }

    private func report(_ value: JSONValue, _ text: String) {
        print(json ? value.text : text)
        // Who watches through a pipe wants each line when it happens.
        fflush(nil)
    }
}

extension DeviceChange {
    fileprivate var name: String {
        switch self {
        case .arrived: "arrived"
        case .changed: "changed"
        case .left: "left"
        }
    }
}

extension DeviceDescription {
    /// VID:PID, four hexadecimal digits each.
    fileprivate var usbIdentity: String {
        func digits(_ value: UInt16) -> String {
            let text = String(value, radix: 16, uppercase: true)
            return String(repeating: "0", count: 4 - text.count) + text
        }
        return digits(vendorID) + ":" + digits(productID)
    }
}
