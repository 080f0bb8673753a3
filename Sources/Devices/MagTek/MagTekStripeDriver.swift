import USB

/// MagTek stripe readers in HID mode: SureSwipe with clear tracks, MagneSafe V5 with encrypted ones.
public struct MagTekStripeDriver: DeviceDriver {
    public let name = "magtek"

    public init() {}

    public func recognise(_ info: USBDeviceInfo) -> [DeviceDescription] {
        guard let model = MagTekModel.of(vendorID: info.descriptor.vendorID, productID: info.descriptor.productID) else { return [] }
        switch model.kind {
        case .sureSwipe, .magneSafe:
            return [
                info.description(
                    .stripe, driver: name, HIDInterface.find(in: info.descriptor) == nil ? "The reader has no HID interface." : nil)
            ]
        case .unsupported(let finding): return [info.description(.stripe, driver: name, finding)]
        case .dynaPro: return []
        }
    }

    public func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> any OpenDevice {
        guard let model = MagTekModel.of(vendorID: info.descriptor.vendorID, productID: info.descriptor.productID) else {
            throw DeviceError(.unsupported, "The reader is not known.")
        }
        let hid = try await HIDDevice.open(info, on: bus)
        let device = MagTekStripeDevice(hid, description: info.description(.stripe, driver: name), isMagneSafe: model.kind == .magneSafe)
        do { try await device.start() } catch {
            await device.close()
            throw error
        }
        return device
    }
}

extension USBDeviceInfo {
    /// What a driver says of a device that is one thing.
    func description(_ kind: DeviceDescription.Kind, driver: String, _ finding: String? = nil) -> DeviceDescription {
        DeviceDescription(
            kind: kind, model: model, serialNumber: serialNumber, vendorID: descriptor.vendorID, productID: descriptor.productID,
            path: path,
            driver: driver, state: finding == nil ? .ready : .fault, finding: finding)
    }
}

/// An open stripe reader.
final class MagTekStripeDevice: OpenDevice, StripeReader {
    let device: DeviceDescription
    private let hid: HIDDevice
    let isMagneSafe: Bool
    private let layout: MagTekReportLayout
    private let heard = Swipes()

    init(_ hid: HIDDevice, description: DeviceDescription, isMagneSafe: Bool) {
        self.hid = hid
        self.isMagneSafe = isMagneSafe
        device = description
        layout = MagTekReportLayout(
            hid.reports.report(.input), fallback: isMagneSafe ? MagTekReportLayout.magneSafe : MagTekReportLayout.sureSwipe)
    }

    var descriptions: [DeviceDescription] { [device] }
    var capabilities: [DeviceCapability] { [.stripe(self)] }

    /// Asks for the firmware's name: a reader that does not answer is broken.
    func start() async throws(DeviceError) { _ = try await command(.getProperty(.softwareID)) }

    func swipes() -> AsyncStream<StripeRead> { heard.stream() }

    func run() async -> DeviceError {
        await hid.run { report in
            if let read = layout.read(report, isMagneSafe: isMagneSafe) { heard.tell(read) }
        }
    }

    func close() async {
        heard.finish()
        await hid.device.close()
    }

    /// One command; the device answers when it has carried it out.
    func command(_ command: MagTekCommand) async throws(DeviceError) -> [UInt8] {
        let length = hid.reports.report(.feature)?.byteCount ?? (isMagneSafe ? 60 : 24)
        let answer: [UInt8]
        do throws(USBError) {
            try await hid.setReport(.feature, id: 0, command.report(length: length))
            answer = try await hid.getReport(.feature, id: 0, length: length)
        } catch { throw DeviceError(error) }
        return try MagTekCommand.parse(answer)
    }
}
