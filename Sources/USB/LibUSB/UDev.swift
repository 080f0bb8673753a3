import CLibUDev
import Glibc
import Logging

/// udev's view of USB devices: a monitor and a list.
///
/// `@unchecked`: libudev's objects must not be used by two threads at once. They are made in `init`, used for the first scan, and from then
/// on only by the watcher's thread, which starts after that and holds the last reference when it ends (`UDevWatcher.init`).
final class UDev: @unchecked Sendable {
    private let udev: OpaquePointer
    private let monitor: OpaquePointer
    private let logger: Logger
    /// Devices that udev had not finished with at the last scan.
    private var unfinished: Set<USBBusPath> = []
    /// Devices with descriptors that nobody could read, so that the log says it once.
    private var unreadable: Set<USBBusPath> = []

    /// To be polled for reading.
    let descriptor: Int32

    init(logger: Logger) throws(USBError) {
        guard let udev = udev_new() else { throw Self.failed("udev_new") }
        guard let monitor = udev_monitor_new_from_netlink(udev, "udev") else {
            udev_unref(udev)
            throw Self.failed("udev_monitor_new_from_netlink")
        }
        guard udev_monitor_filter_add_match_subsystem_devtype(monitor, "usb", "usb_device") >= 0,
            udev_monitor_enable_receiving(monitor) >= 0
        else {
            udev_monitor_unref(monitor)
            udev_unref(udev)
            throw Self.failed("udev_monitor_enable_receiving")
        }
        self.udev = udev
        self.monitor = monitor
        self.logger = logger
        descriptor = udev_monitor_get_fd(monitor)
    }

    deinit {
        udev_monitor_unref(monitor)
        udev_unref(udev)
    }

    private static func failed(_ function: String) -> USBError {
        USBError(.unavailable, "udev cannot be used: \(function): \(String(cString: strerror(errno))).")
    }

    // MARK: Messages

    /// Takes all messages there are. `false` when some were lost.
    func receive(into presence: USBPresence) -> Bool {
        while true {
            errno = 0
            guard let device = udev_monitor_receive_device(monitor) else { return errno != ENOBUFS }
            defer { udev_device_unref(device) }
            guard let path = path(device), let action = udev_device_get_action(device) else { continue }
            switch String(cString: action) {
            case "add":
                unfinished.remove(path)
                unreadable.remove(path)
                if let info = info(device) { presence.attached(info) }
            case "remove":
                unreadable.remove(path)
                presence.detached(path, node: node(device))
            default: break
            }
        }
    }

    // MARK: List

    /// All devices there are. One that udev has not finished with (its permissions are not set yet) is left to its message, at most
    /// until the next scan.
    func scan(known: [USBDeviceInfo]) -> [USBDeviceInfo] {
        guard let enumeration = udev_enumerate_new(udev) else { return known }
        defer { udev_enumerate_unref(enumeration) }
        udev_enumerate_add_match_subsystem(enumeration, "usb")
        udev_enumerate_add_match_property(enumeration, "DEVTYPE", "usb_device")
        guard udev_enumerate_scan_devices(enumeration) >= 0 else { return known }
        // Without the daemon nobody finishes devices (containers).
        let hasDaemon = access("/run/udev/control", F_OK) == 0
        let knownPaths = Set(known.map(\.path))
        let lastUnfinished = unfinished
        unfinished = []
        var found: [USBDeviceInfo] = []
        var entry = udev_enumerate_get_list_entry(enumeration)
        while let current = entry {
            entry = udev_list_entry_get_next(current)
            guard let device = udev_device_new_from_syspath(udev, udev_list_entry_get_name(current)) else { continue }
            defer { udev_device_unref(device) }
            guard let path = path(device) else { continue }
            let isFinished = !hasDaemon || udev_device_get_is_initialized(device) > 0
            if isFinished || knownPaths.contains(path) || lastUnfinished.contains(path) {
                if let info = info(device) { found.append(info) }
            } else {
                unfinished.insert(path)
            }
        }
        return found
    }

    // MARK: One device

    private func path(_ device: OpaquePointer) -> USBBusPath? {
        udev_device_get_sysname(device).map { USBBusPath(String(cString: $0)) }
    }

    private func node(_ device: OpaquePointer) -> String? { udev_device_get_devnode(device).map { String(cString: $0) } }

    /// `nil` for a device whose descriptors cannot be read: it is gone already, or speaks no USB that we understand.
    private func info(_ device: OpaquePointer) -> USBDeviceInfo? {
        guard let path = path(device), let directory = udev_device_get_syspath(device) else { return nil }
        // Binary: libudev's own access to attributes would stop at the first zero byte.
        guard let bytes = contents(String(cString: directory) + "/descriptors") else { return nil }
        do {
            return USBDeviceInfo(
                path: path, descriptor: try USBDeviceDescriptor(parsing: bytes), manufacturer: attribute(device, "manufacturer"),
                product: attribute(device, "product"), serialNumber: attribute(device, "serial"), node: node(device))
        } catch {
            if unreadable.insert(path).inserted {
                logger.warning("USB device left out", metadata: ["path": "\(path)", "error": "\(error)"])
            }
            return nil
        }
    }

    /// Text attributes end in a newline in sysfs.
    private func attribute(_ device: OpaquePointer, _ name: String) -> String? {
        guard let value = udev_device_get_sysattr_value(device, name) else { return nil }
        let text = String(cString: value)
        let trimmed = text.reversed().drop { $0.isWhitespace }.reversed()
        return trimmed.isEmpty ? nil : String(trimmed)
    }

    private func contents(_ file: String) -> [UInt8]? {
        let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        // A device has at most 255 configurations of 64 KiB; real ones have some hundred bytes.
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 20 {
            let count = read(descriptor, &block, block.count)
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes += block.prefix(count)
        }
        return bytes
    }
}
