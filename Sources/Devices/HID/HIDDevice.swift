import USB

/// An open HID interface: its report descriptor, feature and output reports over endpoint 0, input reports from the interrupt endpoint.
struct HIDDevice: Sendable {
    let device: any USBDevice
    let interface: HIDInterface
    let reports: HIDReportDescriptor

    /// The manuals let a device NAK the status stage for as long as a command takes.
    static let controlLimit: Duration = .seconds(5)

    static func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> HIDDevice {
        guard let interface = HIDInterface.find(in: info.descriptor) else {
            throw DeviceError(.unsupported, "The device has no HID interface.")
        }
        let device: any USBDevice
        do { device = try await bus.open(info.path) } catch { throw DeviceError(error) }
        do throws(USBError) {
            try await device.claim(interface: interface.number)
            // GET_DESCRIPTOR(report) to the interface (HID 1.11, 7.1.1).
            let setup = USBSetup(
                requestType: 0x81, request: 6, value: 0x2200, index: UInt16(interface.number), length: interface.reportDescriptorLength)
            let bytes = try await device.control(setup, data: [], timeout: controlLimit)
            return HIDDevice(device: device, interface: interface, reports: try Self.parse(bytes))
        } catch {
            await device.close()
            throw DeviceError(error)
        }
    }

    private static func parse(_ bytes: [UInt8]) throws(USBError) -> HIDReportDescriptor {
        do { return try HIDReportDescriptor(parsing: bytes) } catch { throw USBError(.malformedDescriptor, error.message) }
    }

    /// SET_REPORT (HID 1.11, 7.2.2). `data` begins with the report id where the device numbers its reports.
    func setReport(_ kind: HIDReportDescriptor.ReportKind, id: UInt8, _ data: [UInt8]) async throws(USBError) {
        let setup = USBSetup(
            requestType: 0x21, request: 9, value: UInt16(kind.rawValue) << 8 | UInt16(id), index: UInt16(interface.number),
            length: UInt16(clamping: data.count))
        _ = try await device.control(setup, data: data, timeout: Self.controlLimit)
    }

    /// GET_REPORT (HID 1.11, 7.2.1).
    func getReport(_ kind: HIDReportDescriptor.ReportKind, id: UInt8, length: Int) async throws(USBError) -> [UInt8] {
        let setup = USBSetup(
            requestType: 0xA1, request: 1, value: UInt16(kind.rawValue) << 8 | UInt16(id), index: UInt16(interface.number),
            length: UInt16(clamping: length))
        return try await device.control(setup, data: [], timeout: Self.controlLimit)
    }

    /// The next input report. It comes in packets; a short one ends it, and one that is full to the last byte ends at the longest report's length.
    func input() async throws(USBError) -> [UInt8] {
        let length = max(reports.longest(.input), 1)
        return try await device.interruptIn(interface.interruptIn, length: length, timeout: nil)
    }

    /// Passes every input report on until the device is gone, is broken, or the task is cancelled; says why it ended.
    func run(_ received: ([UInt8]) async -> Void) async -> DeviceError {
        var failures = 0
        while failures < 10 {
            do throws(USBError) {
                await received(try await input())
                failures = 0
            } catch {
                switch error.code {
                case .noDevice, .closed, .notFound: return DeviceError(error)
                case .cancelled where Task.isCancelled: return DeviceError(error)
                case .stall: try? await device.clearHalt(interface.interruptIn)
                default: break
                }
                failures += 1
            }
        }
        return DeviceError(.protocolViolation, "The device fails at every read.", remedy: "Unplug it and plug it in again.")
    }
}
