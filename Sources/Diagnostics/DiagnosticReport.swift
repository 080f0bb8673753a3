import Devices
import JSON

/// Everything that was found out about one terminal: for a person as text, for a program as JSON, and as values for the POS operation
/// `Diagnose`.
public struct DiagnosticReport: Sendable, Hashable, Codable {
    /// One device of ours on the bus.
    public struct Device: Sendable, Hashable, Codable {
        /// `chip`, `stripe`, …: everything that the device is.
        public var kinds: [String]
        public var model: String
        /// `VID:PID`.
        public var usb: String
        public var path: String
        public var node: String?
        public var driver: String
        public var serialNumber: String?
        public var firmware: String
        /// The answer to reset of the card that is in, hexadecimal.
        public var answerToReset: String?
        public var findings: [Finding]

        init(
            kinds: [String], model: String, usb: String, path: String, node: String?, driver: String, serialNumber: String?,
            firmware: String,
            answerToReset: String?, findings: [Finding]
        ) {
            self.kinds = kinds
            self.model = model
            self.usb = usb
            self.path = path
            self.node = node
            self.driver = driver
            self.serialNumber = serialNumber
            self.firmware = firmware
            self.answerToReset = answerToReset
            self.findings = findings
        }

        /// A device of a terminal at work, as its registry knows it: not opened, not disturbed.
        public init(_ device: DeviceDescription) {
            let who = "the \(device.kind.text) \(device.model)"
            let finding: Finding =
                switch device.state {
                case .ready: .fine("device", "\(who) works")
                case .absent: .warning("device", "\(who) is gone", do: "Plug it in again.")
                case .fault, .noPermission:
                    .fault(
                        "device", "\(who): \(device.finding ?? "does not work")",
                        do: "Unplug it and plug it in again; countertop diagnose says more.")
                }
            self.init(
                kinds: [device.kind.rawValue], model: device.model, usb: DeviceFacts.usb(device.vendorID, device.productID),
                path: device.path.description, node: nil, driver: device.driver, serialNumber: device.serialNumber,
                firmware: device.firmware ?? "", answerToReset: nil, findings: [finding])
        }
    }

    public var devices: [Device]
    public var system: [Finding]

    public init(devices: [Device], system: [Finding]) {
        self.devices = devices
        self.system = system
    }

    public var findings: [Finding] { devices.flatMap(\.findings) + system }

    public var severity: Finding.Severity { findings.map(\.severity).max() ?? .fine }

    /// 0: all is fine; 1: something deserves attention; 2: something does not work.
    public var exitCode: Int32 {
        switch severity {
        case .fine: 0
        case .warning: 1
        case .fault: 2
        }
    }

    public var json: JSONValue {
        [
            "severity": .string(severity.rawValue), "devices": .array(devices.map(\.json)),
            "system": .array(system.map(\.json)),
        ]
    }

    /// Lines for a person.
    public var text: String {
        var lines: [String] = []
        for device in devices {
            lines.append(
                "\(device.kinds.joined(separator: ", "))  \(device.model)  \(device.usb)  port \(device.path)"
                    + (device.serialNumber.map { "  serial \($0)" } ?? "") + "  release \(device.firmware)")
            lines += device.findings.flatMap(\.lines)
        }
        lines.append("system")
        lines += system.flatMap(\.lines)
        let counts = Finding.Severity.allCases.map { severity in (severity, findings.count { $0.severity == severity }) }
        lines.append(counts.map { "\($1) \($0.rawValue)" }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }
}

extension DiagnosticReport.Device {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object.append("kinds", .array(kinds.map(JSONValue.string)))
        object.append("model", model)
        object.append("usb", usb)
        object.append("path", path)
        object.append("node", node)
        object.append("driver", driver)
        object.append("serialNumber", serialNumber)
        object.append("firmware", firmware)
        object.append("answerToReset", answerToReset)
        object.append("findings", .array(findings.map(\.json)))
        return .object(object)
    }
}

extension Finding {
    fileprivate var lines: [String] {
        let word =
            switch severity {
            case .fine: "ok     "
            case .warning: "WARNING"
            case .fault: "FAULT  "
            }
        return ["  \(word)  \(message)"] + (remedy.map { ["           → \($0)"] } ?? [])
    }
}
