import CLibUSB

/// A libusb context, the thread that handles its events, and one for its blocking calls.
final class LibUSBContext: Sendable {
    private let context: LibUSBPointer
    let events: LibUSBEventLoop
    private let thread: DedicatedThread
    /// Opening, claiming, resetting and closing, which wait for the kernel or the device.
    let commands: CommandThread

    init() throws(USBError) {
        commands = try CommandThread("usb-commands")
        var pointer: OpaquePointer?
        let status = libusb_init(&pointer)
        guard status == LIBUSB_SUCCESS.rawValue, let pointer else {
            let error = USBError(libUSB: status, "Starting libusb")
            throw USBError(.unavailable, error.message, remedy: error.remedy)
        }
        let context = LibUSBPointer(value: pointer)
        let events = LibUSBEventLoop(context)
        do throws(USBError) {
            thread = try DedicatedThread("usb-events") { events.run() }
        } catch {
            libusb_exit(pointer)
            throw error
        }
        self.context = context
        self.events = events
    }

    /// Opens the device at `path`, found by its bus and port numbers. Blocks: for the command thread.
    func openBlocking(_ path: USBBusPath) throws(USBError) -> LibUSBPointer {
        var list: UnsafeMutablePointer<OpaquePointer?>?
        let count = libusb_get_device_list(context.value, &list)
        guard count >= 0, let list else { throw USBError(libUSB: Int32(clamping: count), "Listing USB devices") }
        defer { libusb_free_device_list(list, 1) }
        for device in UnsafeBufferPointer(start: list, count: count) {
            guard let device, Self.path(of: device) == path else { continue }
            var handle: OpaquePointer?
            let status = libusb_open(device, &handle)
            guard status == LIBUSB_SUCCESS.rawValue, let handle else { throw USBError(libUSB: status, "Opening \(path)") }
            // The kernel's driver gives way on claim and comes back on release; where that is not possible, claiming says so.
            libusb_set_auto_detach_kernel_driver(handle, 1)
            return LibUSBPointer(value: handle)
        }
        throw USBError(libUSB: LIBUSB_ERROR_NO_DEVICE.rawValue, "Opening \(path)")
    }

    /// As udev's sysname writes it: bus, then ports; a root hub is `usb` and the bus.
    private static func path(of device: OpaquePointer) -> USBBusPath {
        let bus = libusb_get_bus_number(device)
        // USB 3.0 allows seven tiers.
        var ports = [UInt8](repeating: 0, count: 7)
        let count = libusb_get_port_numbers(device, &ports, Int32(ports.count))
        guard count > 0 else { return USBBusPath("usb\(bus)") }
        return USBBusPath("\(bus)-" + ports.prefix(Int(count)).map(String.init).joined(separator: "."))
    }

    /// Ends both threads and frees the context. All devices are closed by then: nobody else has the pointer any more.
    func end() async {
        events.end()
        await thread.ended()
        let context = context
        _ = try? await commands.run { () throws(USBError) in libusb_exit(context.value) }
        await commands.end()
    }
}
