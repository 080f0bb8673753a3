import USB

/// ID TECH's PIN pad SmartPIN K100.
public struct SmartPINDriver: DeviceDriver {
    public let name = "smartpin"

    public init() {}

    public func recognise(_ info: USBDeviceInfo) -> [DeviceDescription] {
        guard IDTechModel.of(vendorID: info.descriptor.vendorID, productID: info.descriptor.productID)?.kind == .smartPIN else { return [] }
        let finding = HIDInterface.find(in: info.descriptor) == nil ? "The PIN pad has no HID interface." : nil
        return [info.description(.pinpad, driver: name, finding)]
    }

    public func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> any OpenDevice {
        HIDPINPad(try await HIDDevice.open(info, on: bus), description: info.description(.pinpad, driver: name)) { request in
            SmartPINExchange(request.pan, limit: .seconds(max(1, min(request.seconds, 180))))
        }
    }
}

/// A PIN pad that does nothing but ask for PINs, one at a time.
final class HIDPINPad<Exchange: HIDExchange>: OpenDevice, PINPad where Exchange.Outcome == PINEntry {
    let device: DeviceDescription
    let hid: HIDDevice
    private let exchange: @Sendable (PINEntryRequest) -> Exchange
    let turns = Turns()

    init(_ hid: HIDDevice, description: DeviceDescription, exchange: @escaping @Sendable (PINEntryRequest) -> Exchange) {
        self.hid = hid
        self.exchange = exchange
        device = description
    }

    var descriptions: [DeviceDescription] { [device] }
    var capabilities: [DeviceCapability] { [.pinpad(self)] }

    func enterOnlinePIN(_ request: PINEntryRequest) async throws(DeviceError) -> PINEntry {
        await turns.take()
        defer { turns.pass() }
        if Task.isCancelled { throw DeviceError(.cancelled, "PIN entry was cancelled") }
        let entry = try await hid.carryOut(exchange(request))
        if case .bypassed = entry, !request.bypassAllowed { return .cancelled }
        return entry
    }

    /// GET_STATUS of the interface now and then: a pad says nothing by itself.
    func run() async -> DeviceError { await hid.watch() }

    func close() async { await hid.device.close() }
}

extension HIDDevice {
    /// Until the device is gone or the task is cancelled, for devices that say nothing by themselves. Asks for the interface's status, which every device
    /// answers (USB 2.0, 9.4.5).
    func watch() async -> DeviceError {
        while (try? await Task.sleep(for: .seconds(5))) != nil {
            let setup = USBSetup(requestType: 0x81, request: 0, value: 0, index: UInt16(interface.number), length: 2)
            do throws(USBError) {
                _ = try await device.control(setup, data: [], timeout: Self.controlLimit)
            } catch {
                switch error.code {
                case .noDevice, .closed, .notFound: return DeviceError(error)
                default: continue
                }
            }
        }
        return DeviceError(.cancelled, "the device is no longer followed")
    }
}
