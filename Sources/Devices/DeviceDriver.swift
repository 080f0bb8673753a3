import Hex
import USB

/// A driver: knows its devices by their descriptors and opens them. The registry has a table of drivers.
public protocol DeviceDriver: Sendable {
    var name: String { get }

    /// What the driver sees in a device without opening it: empty when it is not its device, `.fault` with a finding for what it knows but
    /// cannot serve.
    func recognise(_ info: USBDeviceInfo) -> [DeviceDescription]

    /// Opens the device and makes sure that it answers.
    func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> any OpenDevice
}

/// A device that a driver has opened.
public protocol OpenDevice: Sendable {
    /// One entry for each thing that the device is.
    var descriptions: [DeviceDescription] { get }
    /// What can be done with it now; in the same order.
    var capabilities: [DeviceCapability] { get }

    /// Serves the device; returns why it ended when the device is gone or the task is cancelled.
    func run() async -> DeviceError
    func close() async
}

extension USBDeviceInfo {
    /// What people call the device: its product text, else its numbers.
    var model: String {
        if let product, !product.isEmpty { return product }
        return "\(manufacturer ?? "USB device") \(descriptor.vendorID.hexText):\(descriptor.productID.hexText)"
    }
}

extension UInt16 {
    var hexText: String { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)].hex }
}
