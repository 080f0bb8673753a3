import Synchronization
import USB

/// Contactless readers of ID TECH's NEO families, with kernels of their own, over ViVOtech2 in HID reports.
public struct ViVODriver: DeviceDriver {
    public let name = "vivotech2"

    public init() {}

    /// Product numbers are not published: anything of the vendor with a HID interface of 64-byte packets that is not known as something else. Opening
    /// makes sure that it is one.
    public func recognise(_ info: USBDeviceInfo) -> [DeviceDescription] {
        guard info.descriptor.vendorID == IDTechModel.vendorID,
            IDTechModel.of(vendorID: info.descriptor.vendorID, productID: info.descriptor.productID) == nil,
            HIDInterface.find(in: info.descriptor)?.maximumPacketSize == ViVOReports.length
        else { return [] }
        return [info.description(.contactless, driver: name)]
    }

    public func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> any OpenDevice {
        let hid = try await HIDDevice.open(info, on: bus)
        let reader = ViVOReader(hid, description: info.description(.contactless, driver: name))
        do throws(DeviceError) {
            guard hid.reports.usagePage == 0xFF00 else {
                throw DeviceError(.unsupported, "The device is no reader that speaks ViVOtech2.")
            }
            try await reader.start()
        } catch {
            await reader.close()
            throw error
        }
        return reader
    }
}

/// An open NEO reader. One command at a time.
final class ViVOReader: OpenDevice, ContactlessReader {
    let device: DeviceDescription
    private let hid: HIDDevice
    private let turns = Turns()
    private let isClosed = Mutex(false)

    init(_ hid: HIDDevice, description: DeviceDescription) {
        self.hid = hid
        device = description
    }

    var descriptions: [DeviceDescription] { [device] }
    var capabilities: [DeviceCapability] { [.contactless(self)] }

    /// Ping (18-01), then poll on demand (01-01 01): no card is read that nobody asked for.
    func start() async throws(DeviceError) {
        _ = try await perform(ViVOFrame(command: 0x18, second: 0x01, data: []), limit: .seconds(2))
        _ = try await perform(ViVOFrame(command: 0x01, second: 0x01, data: [0x01]), limit: .seconds(2))
    }

    func tap(_ request: ContactlessRequest) async throws(DeviceError) -> ContactlessRead {
        // The reader's own time limit comes first.
        let frame = try await perform(
            ViVOContactless.activate(request), limit: .seconds(request.seconds + 5),
            accepting: [ViVOStatus.success, ViVOStatus.onlineRequested, ViVOStatus.failed, ViVOStatus.timeout])
        return try ViVOContactless.read(frame)
    }

    func perform(
        _ command: ViVOFrame, limit: Duration, accepting statuses: Set<UInt8> = [ViVOStatus.success]
    ) async throws(DeviceError) -> ViVOFrame {
        await turns.take()
        defer { turns.pass() }
        if isClosed.withLock({ $0 }) { throw DeviceError(.deviceGone, "the reader is gone") }
        if Task.isCancelled { throw DeviceError(.cancelled, "the command was cancelled") }
        let frame = try await hid.carryOut(ViVOExchange(command, limit: limit))
        guard statuses.contains(frame.second) else { throw ViVOStatus.error(frame.second) }
        return frame
    }

    func run() async -> DeviceError { await hid.watch() }

    func close() async {
        isClosed.withLock { $0 = true }
        await hid.device.close()
    }
}
