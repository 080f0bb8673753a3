import Synchronization
import USB

/// ID TECH stripe readers in HID mode: SecureMag, in clear or with encrypted tracks.
public struct IDTechStripeDriver: DeviceDriver {
    public let name = "idtech"

    public init() {}

    public func recognise(_ info: USBDeviceInfo) -> [DeviceDescription] {
        guard let model = IDTechModel.of(vendorID: info.descriptor.vendorID, productID: info.descriptor.productID) else { return [] }
        switch model.kind {
        case .secureMag:
            let finding = HIDInterface.find(in: info.descriptor) == nil ? "The reader has no HID interface." : nil
            return [info.description(.stripe, driver: name, finding)]
        case .unsupported(let finding): return [info.description(.stripe, driver: name, finding)]
        case .smartPIN: return []
        }
    }

    public func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> any OpenDevice {
        IDTechStripeDevice(try await HIDDevice.open(info, on: bus), description: info.description(.stripe, driver: name))
    }
}

final class IDTechStripeDevice: OpenDevice, StripeReader {
    let device: DeviceDescription
    let hid: HIDDevice
    private let heard = Swipes()
    private let reports = Mutex(IDTechReports())

    init(_ hid: HIDDevice, description: DeviceDescription) {
        self.hid = hid
        device = description
    }

    var descriptions: [DeviceDescription] { [device] }
    var capabilities: [DeviceCapability] { [.stripe(self)] }

    func swipes() -> AsyncStream<StripeRead> { heard.stream() }

    func run() async -> DeviceError {
        await hid.run { report in
            if let read = reports.withLock({ $0.on(report) }) { heard.tell(read) }
        }
    }

    func close() async {
        heard.finish()
        await hid.device.close()
    }
}
