import JSON
import USB

/// The devices on the counter, by the names of the control interface.
public enum StoreDeviceName: String, CaseIterable, Sendable {
    case chip, stripe, contactless, printer
    /// For card numbers typed by hand. It lies under the counter until somebody plugs it in.
    case pinpad

    public var path: USBBusPath {
        switch self {
        case .chip: USBBusPath("lab-1")
        case .stripe: USBBusPath("lab-2")
        case .contactless: USBBusPath("lab-3")
        case .printer: USBBusPath("lab-4")
        case .pinpad: USBBusPath("lab-9")
        }
    }

    /// Plugged in from the beginning.
    public static let onCounter: [Self] = [.chip, .stripe, .contactless, .printer]

    public static let list = allCases.map(\.rawValue).joined(separator: ", ")
}

/// One of each; a card in the chip reader outlives its cable.
public struct StoreDevices: Sendable {
    public let chip = VirtualCCIDReader(.pinPad())
    let stripe = VirtualStripeReader(.sureSwipe)
    let contactless = VirtualContactlessReader()
    let printer = VirtualPrinter()
    let pinpad = VirtualDynaPro(
        serialNumber: "LABPAD0002", encipher: BenchDeviceName.keys([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x12, 0x00, 0x00, 0x00]))

    public init() {}

    public func model(_ name: StoreDeviceName) -> any VirtualUSBDevice {
        switch name {
        case .chip: chip
        case .stripe: stripe
        case .contactless: contactless
        case .printer: printer
        case .pinpad: pinpad
        }
    }
}

extension Store {
    func plug(_ name: StoreDeviceName) throws {
        guard !plugged.contains(name) else { throw LabError(.badRequest, "The \(name.rawValue) device is plugged in already.") }
        try bus.plug(devices.model(name), at: name.path)
        plugged.insert(name)
    }

    func unplug(_ name: StoreDeviceName) throws(LabError) {
        try require(name)
        bus.unplug(name.path)
        plugged.remove(name)
    }

    /// From now on the pad encrypts what is typed, as one with a key for tracks does.
    func loadTrackKey() throws {
        devices.pinpad.loadTrackKey(try MagneSafeTracks.device(serial: [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x13, 0x00, 0x00, 0x00]))
    }

    func require(_ name: StoreDeviceName) throws(LabError) {
        guard plugged.contains(name) else { throw LabError(.badRequest, "The \(name.rawValue) device is unplugged.") }
    }

    func disturb(_ name: StoreDeviceName, _ fault: VirtualFault) throws {
        try require(name)
        try bus.inject(fault, at: name.path)
    }

    var devicesState: JSONValue {
        .array(
            StoreDeviceName.allCases.map { name in
                [
                    "name": .string(name.rawValue), "kind": .string(name.rawValue), "plugged": .bool(plugged.contains(name)),
                    "card": name == .chip ? insertedCard.map(JSONValue.string) ?? .null : .null,
                ]
            })
    }

    /// What the printer printed, oldest first.
    var printedReceipts: JSONValue { ["receipts": .array(devices.printer.receipts.map(JSONValue.string))] }
}
