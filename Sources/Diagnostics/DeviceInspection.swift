import Devices
import Glibc
import Hex
import USB

/// Looks at every device of ours on a bus.
public struct DeviceInspection: Sendable {
    private let bus: any USBBus
    private let drivers: [any DeviceDriver]
    private let system: DeviceSurroundings

    /// - Parameter system: what the operating system knows of the devices; nothing for a bus of the lab.
    public init(_ bus: any USBBus, drivers: [any DeviceDriver] = DeviceRegistry.standardDrivers(), system: DeviceSurroundings = .init()) {
        self.bus = bus
        self.drivers = drivers
        self.system = system
    }

    /// Opens each of `present` in turn, unless `isLooking` says only to look.
    public func facts(of present: [USBDeviceInfo], isLooking: Bool = false) async -> [(driver: String, facts: DeviceFacts)] {
        var found: [(driver: String, facts: DeviceFacts)] = []
        for info in present {
            for driver in drivers {
                let descriptions = driver.recognise(info)
                guard !descriptions.isEmpty else { continue }
                var facts = DeviceFacts(
                    info: info, descriptions: descriptions, mayOpen: info.node.flatMap(system.mayOpen), claim: system.claim(info),
                    isAmbiguous: present.contains {
                        $0.path != info.path && $0.descriptor.vendorID == info.descriptor.vendorID
                            && $0.descriptor.productID == info.descriptor.productID && $0.serialNumber == info.serialNumber
                    })
                if !isLooking, facts.mayOpen != false, descriptions.contains(where: { $0.state == .ready }) {
                    (facts.opening, facts.card) = await open(info, driver)
                }
                found.append((driver.name, facts))
            }
        }
        return found
    }

    public func report(of present: [USBDeviceInfo], isLooking: Bool = false) async -> [DiagnosticReport.Device] {
        await facts(of: present, isLooking: isLooking).map { driver, facts in
            let descriptor = facts.info.descriptor
            var kinds: [String] = []
            for description in facts.descriptions where !kinds.contains(description.kind.rawValue) {
                kinds.append(description.kind.rawValue)
            }
            var answerToReset: String?
            if case .answered(let bytes) = facts.card { answerToReset = bytes.hex }
            var firmware: String?
            if case .success(let health?) = facts.opening { firmware = health.firmware }
            return DiagnosticReport.Device(
                kinds: kinds, model: facts.descriptions.first?.model ?? "",
                usb: DeviceFacts.usb(descriptor.vendorID, descriptor.productID),
                path: facts.info.path.description, node: facts.info.node, driver: driver, serialNumber: facts.info.serialNumber,
                firmware: firmware ?? descriptor.releaseText, answerToReset: answerToReset, findings: facts.findings)
        }
    }

    private func open(_ info: USBDeviceInfo, _ driver: any DeviceDriver) async -> (Result<DeviceHealth?, DeviceError>, DeviceFacts.Card?) {
        let device: any OpenDevice
        do throws(DeviceError) { device = try await driver.open(info, on: bus) } catch { return (.failure(error), nil) }
        let running = Task { await device.run() }
        var health: Result<DeviceHealth?, DeviceError> = .success(nil)
        if let examinable = device as? any ExaminableDevice {
            do throws(DeviceError) { health = .success(try await examinable.health()) } catch { health = .failure(error) }
        }
        var card: DeviceFacts.Card?
        for case .chip(let reader) in device.capabilities.prefix(1) { card = await self.card(in: reader) }
        running.cancel()
        _ = await running.value
        await device.close()
        return (health, card)
    }

    private func card(in reader: any ChipReader) async -> DeviceFacts.Card? {
        for await presence in reader.cardPresence() {
            guard case .present = presence else { return DeviceFacts.Card.none }
            do throws(DeviceError) {
                let bytes = try await reader.powerOn()
                await reader.powerOff()
                return .answered(bytes)
            } catch {
                return error.code == .cardRemoved ? DeviceFacts.Card.none : .mute(error.message)
            }
        }
        return nil
    }
}

/// What Linux knows of a device besides its descriptors.
public struct DeviceSurroundings: Sendable {
    private let sysfs: String
    private let proc: String

    public init(sysfs: String = "/sys/bus/usb/devices", proc: String = "/proc") {
        self.sysfs = sysfs
        self.proc = proc
    }

    /// `nil` for what is no file.
    func mayOpen(_ node: String) -> Bool? {
        guard node.hasPrefix("/dev/") else { return nil }
        return access(node, R_OK | W_OK) == 0
    }

    /// The first interface's holder decides; a device that two programs share is not among ours.
    func claim(_ info: USBDeviceInfo) -> DeviceFacts.Claim {
        for configuration in info.descriptor.configurations {
            for interface in configuration.interfaces {
                guard let driver = link("\(sysfs)/\(info.path):\(configuration.value).\(interface.number)/driver") else { continue }
                let name = driver.split(separator: "/").last.map(String.init) ?? driver
                // usbfs is the driver of interfaces that a program has claimed.
                return name == "usbfs" ? .program(info.node.flatMap(holder)) : .kernelDriver(name)
            }
        }
        return .nobody
    }

    /// Name and number of the program that has a node open.
    private func holder(_ node: String) -> String? {
        let own = getpid()
        for process in names(proc) {
            guard let number = Int32(process), number != own else { continue }
            guard names("\(proc)/\(process)/fd").contains(where: { link("\(proc)/\(process)/fd/\($0)") == node }) else { continue }
            return "\(FileText.line("\(proc)/\(process)/comm") ?? "program") \(number)"
        }
        return nil
    }

    private func names(_ directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    private func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(path, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
        }
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}

enum FileText {
    /// The first line of a small file.
    static func line(_ path: String) -> String? {
        text(path)?.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init)
    }

    static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &bytes, bytes.count)
        return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
