import Devices
import USB

/// What was found out about one device, as values; `findings` judges them.
public struct DeviceFacts: Sendable {
    /// Who has an interface.
    public enum Claim: Sendable, Hashable {
        case nobody
        /// A kernel driver by this name, which gives way when we claim.
        case kernelDriver(String)
        /// A program, where its name and number could be seen.
        case program(String?)
    }

    public enum Card: Sendable, Hashable {
        case none
        case answered([UInt8])
        case mute(String)
    }

    public var info: USBDeviceInfo
    public var descriptions: [DeviceDescription]
    /// Whether this user may open the node; `nil` where there is none.
    public var mayOpen: Bool?
    public var claim: Claim
    /// What opening it through its driver ended with.
    public var opening: Result<DeviceHealth?, DeviceError>?
    public var card: Card?
    /// Whether another device of the same model has no other serial number.
    public var isAmbiguous: Bool

    public init(
        info: USBDeviceInfo, descriptions: [DeviceDescription], mayOpen: Bool?, claim: Claim,
        opening: Result<DeviceHealth?, DeviceError>? = nil, card: Card? = nil, isAmbiguous: Bool = false
    ) {
        self.info = info
        self.descriptions = descriptions
        self.mayOpen = mayOpen
        self.claim = claim
        self.opening = opening
        self.card = card
        self.isAmbiguous = isAmbiguous
    }
}

extension DeviceFacts {
    /// A DUKPT key with fewer transactions left than this is worth a warning: some days of a busy terminal.
    static let fewTransactions = 10_000

    var findings: [Finding] {
        [permission, claimed, descriptors, opened].compactMap { $0 } + health + [cardFound, identity].compactMap { $0 }
    }

    private var permission: Finding? {
        guard let node = info.node, let mayOpen else { return nil }
        guard !mayOpen else { return .fine("permission", "\(node) may be opened") }
        return .fault(
            "permission", "\(node) may not be opened by this user",
            do:
                "Install udev/60-countertop.rules in /etc/udev/rules.d, run udevadm control --reload, add the user to the group countertop, "
                + "and plug the device in again.")
    }

    private var claimed: Finding? {
        switch claim {
        case .nobody: return .fine("claim", "no other program holds it")
        case .kernelDriver(let name): return .fine("claim", "the kernel driver \(name) has it and gives way")
        case .program(let program?) where program.hasPrefix("countertop "):
            return .fine("claim", "the running terminal has it (\(program))")
        case .program(let program):
            return .fault(
                "claim", "another program holds it: \(program ?? "which cannot be seen by this user")",
                do: "Stop that program; for the PC/SC daemon: systemctl disable --now pcscd.socket pcscd.service.")
        }
    }

    private var descriptors: Finding {
        if let broken = descriptions.first(where: { $0.state == .fault }) {
            return .fault(
                "descriptors", broken.finding ?? "the driver does not understand its descriptors",
                do: "Use a reader from Hardware/devices, or send its descriptors (lsusb -v) to the project.")
        }
        guard let configuration = info.descriptor.configurations.first, !configuration.interfaces.isEmpty else {
            return .fault("descriptors", "it has no interface", do: "Plug it in again; if that does not help, the device is broken.")
        }
        return .fine("descriptors", "\(configuration.interfaces.count) interface(s), sane")
    }

    private var opened: Finding? {
        guard case .failure(let error) = opening else {
            return opening == nil ? nil : .fine("selfTest", "it opens and answers")
        }
        // The running terminal has it: what it knows, the operation Diagnose tells.
        if error.code == .busy, case .program(let program?) = claim, program.hasPrefix("countertop ") {
            return .fine("selfTest", "in service; the running terminal tests it")
        }
        return .fault("selfTest", error.message, do: error.remedy ?? "Plug the device in again; if that does not help, replace it.")
    }

    private var health: [Finding] {
        guard case .success(let health?) = opening else { return [] }
        var findings: [Finding] = []
        switch health.selfTest {
        case .failed(let reason): findings.append(.fault("deviceTest", reason, do: "Take the device out of service and have it examined."))
        case .passed: findings.append(.fine("deviceTest", "its own test passed"))
        case nil: break
        }
        for key in health.keys {
            guard key.isLoaded else {
                findings.append(
                    .fault("key", "no key for \(key.use)", do: "Have a key injected by your acquirer's key injection facility."))
                continue
            }
            let left = key.transactionsLeft.map { ", \($0) transactions left" } ?? ""
            let message = "key for \(key.use) loaded\(left)"
            if let count = key.transactionsLeft, count < Self.fewTransactions {
                findings.append(
                    count == 0
                        ? .fault("key", message, do: "Replace the device: its key is used up.")
                        : .warning("key", message, do: "Order a replacement or a new key: a DUKPT key cannot be renewed in place."))
            } else {
                findings.append(.fine("key", message))
            }
        }
        return findings
    }

    private var cardFound: Finding? {
        switch card {
        case nil: nil
        case .some(.none): .fine("card", "no card in the slot")
        case .answered(let bytes): .fine("card", "a card answers: ATR \(bytes.map(Self.hex).joined(separator: " "))")
        case .mute(let reason):
            .warning(
                "card", "a card is in and does not answer: \(reason)",
                do: "Try another card; if that is mute too, clean or replace the reader.")
        }
    }

    private var identity: Finding? {
        guard isAmbiguous else { return nil }
        return .warning(
            "identity", "another device of the same model cannot be told apart by serial number",
            do: "Pin the devices to their ports in the configuration: devices.KIND.path: \"\(info.path)\".")
    }

    /// `VID:PID`.
    static func usb(_ vendorID: UInt16, _ productID: UInt16) -> String {
        [vendorID, productID].map { hex(UInt8($0 >> 8)) + hex(UInt8($0 & 0xFF)) }.joined(separator: ":")
    }

    static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16, uppercase: true)
        return text.count == 1 ? "0" + text : text
    }
}
