import USB

/// What the exporter answers, as bytes.
enum USBIPReply {
    /// OP_REP_DEVLIST.
    static func deviceList(_ devices: [USBIPExport]) -> [UInt8] {
        operation(.deviceListReply, .ok) + be(UInt32(clamping: devices.count)) + devices.flatMap { $0.description + $0.interfaces }
    }

    /// OP_REP_IMPORT.
    static func imported(_ device: USBIPExport) -> [UInt8] { operation(.importReply, .ok) + device.description }

    static func importRefused(_ status: USBIP.Status) -> [UInt8] { operation(.importReply, status) }

    private static func operation(_ code: USBIP.Operation, _ status: USBIP.Status) -> [UInt8] {
        be(USBIP.version) + be(code.rawValue) + be(status.rawValue)
    }

    /// USBIP_RET_SUBMIT.
    /// - Parameters:
    ///   - status: 0 or a negative error number of Linux, as the kernel's URBs have it.
    ///   - length: how much was moved.
    ///   - data: what was received, for IN.
    static func submitted(_ sequence: UInt32, status: Int32, length: Int, data: [UInt8] = []) -> [UInt8] {
        header(.submitReply, sequence) + be(UInt32(bitPattern: status)) + be(UInt32(clamping: length))
            // start_frame, number_of_packets, error_count and padding
            + be(UInt32(0)) + be(UInt32.max) + be(UInt32(0)) + [UInt8](repeating: 0, count: 8) + data
    }

    /// USBIP_RET_UNLINK.
    static func unlinked(_ sequence: UInt32, status: Int32) -> [UInt8] {
        header(.unlinkReply, sequence) + be(UInt32(bitPattern: status)) + [UInt8](repeating: 0, count: 24)
    }

    /// devid, direction and ep are 0 in answers.
    private static func header(_ command: USBIP.Command, _ sequence: UInt32) -> [UInt8] {
        be(command.rawValue) + be(sequence) + [UInt8](repeating: 0, count: 12)
    }
}

/// A device as an importer is told of it.
struct USBIPExport: Sendable {
    let info: USBDeviceInfo
    /// Number of the device on the exporter's bus 1; the importer makes its device identifier of both.
    let number: UInt32

    var speed: USBIPSpeed { USBIPSpeed(info.descriptor) }

    var busID: String { String(decoding: info.path.description.utf8.prefix(USBIP.busIDLength - 1), as: UTF8.self) }

    /// struct usbip_usb_device: 312 bytes.
    var description: [UInt8] {
        let device = info.descriptor
        let configuration = device.configurations.first
        return Self.text("/countertop-lab/\(info.path)", 256) + Self.text(busID, USBIP.busIDLength) + be(UInt32(1)) + be(number)
            + be(speed.rawValue) + be(device.vendorID) + be(device.productID) + be(device.release)
            + [device.deviceClass, device.deviceSubclass, device.deviceProtocol, configuration?.value ?? 0]
            + [UInt8(clamping: device.configurations.count), UInt8(clamping: firstSettings.count)]
    }

    /// struct usbip_usb_interface for each: class, subclass, protocol, padding.
    var interfaces: [UInt8] {
        firstSettings.flatMap { [$0.interfaceClass, $0.interfaceSubclass, $0.interfaceProtocol, 0] }
    }

    private var firstSettings: [USBInterfaceDescriptor] {
        info.descriptor.configurations.first?.interfaces.filter { $0.alternateSetting == 0 } ?? []
    }

    private static func text(_ text: String, _ length: Int) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(length - 1))
        return bytes + [UInt8](repeating: 0, count: length - bytes.count)
    }
}

/// enum usb_device_speed of Linux.
enum USBIPSpeed: UInt32, Sendable {
    case full = 2
    case high = 3

    /// Bulk endpoints of 512 bytes exist only at high speed, and there only those (USB 2.0, 5.8.3).
    init(_ descriptor: USBDeviceDescriptor) {
        let endpoints = descriptor.configurations.flatMap(\.interfaces).flatMap(\.endpoints)
        self = endpoints.contains { $0.transfer == .bulk && $0.maxPacketSize >= 512 } ? .high : .full
    }
}

private func be<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
