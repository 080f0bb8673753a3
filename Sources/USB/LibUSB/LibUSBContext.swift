import CLibUSB
import Glibc
import Synchronization

/// A libusb context, the thread that handles its events (the callbacks of all transfers run there), and one for its blocking calls.
final class LibUSBContext: Sendable {
    private let context: LibUSBPointer
    private let isEnding: Flag
    private let events: DedicatedThread
    /// Opening, claiming, resetting and closing, which wait for the kernel or the device.
    let commands: CommandThread

    private final class Flag: Sendable {
        let value = Atomic(false)
    }

    init() throws(USBError) {
        commands = try CommandThread("usb-commands")
        var pointer: OpaquePointer?
        let status = libusb_init(&pointer)
        guard status == LIBUSB_SUCCESS.rawValue, let pointer else {
            let error = USBError(libUSB: status, "Starting libusb")
            throw USBError(.unavailable, error.message, remedy: error.remedy)
        }
        let context = LibUSBPointer(value: pointer)
        let isEnding = Flag()
        do throws(USBError) {
            events = try DedicatedThread("usb-events") {
                while !isEnding.value.load(ordering: .acquiring) {
                    let status = libusb_handle_events_completed(context.value, nil)
                    // An error that lasts must not burn the processor.
                    if status != LIBUSB_SUCCESS.rawValue, status != LIBUSB_ERROR_INTERRUPTED.rawValue { poll(nil, 0, 100) }
                }
            }
        } catch {
            libusb_exit(pointer)
            throw error
        }
        self.context = context
        self.isEnding = isEnding
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
        isEnding.value.store(true, ordering: .releasing)
        libusb_interrupt_event_handler(context.value)
        await events.ended()
        let context = context
        _ = try? await commands.run { () throws(USBError) in libusb_exit(context.value) }
        await commands.end()
    }
}
