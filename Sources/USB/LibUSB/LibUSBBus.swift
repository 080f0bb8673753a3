import Logging
import Synchronization

/// The machine's USB: libusb moves the data, udev says who is there. On a machine without USB nobody is.
///
/// Two threads belong to libusb (events, blocking calls) and one to udev; `close()` ends them.
public final class LibUSBBus: USBBus {
    private struct State {
        var isClosed = false
        var devices: [ObjectIdentifier: LibUSBDevice] = [:]
    }

    private let presence = USBPresence()
    private let context: LibUSBContext
    private let watcher: UDevWatcher
    private let state = Mutex(State())

    /// Looks around once before it returns (some milliseconds). `close()` must follow, else the threads stay. Throws `.unavailable`.
    /// - Parameter rescan: how often all devices are listed anew, to catch what udev's messages missed.
    public init(rescan: Duration = .seconds(30), logger: Logger = Logger(label: "usb")) throws(USBError) {
        watcher = try UDevWatcher(presence: presence, rescan: rescan, logger: logger)
        context = try LibUSBContext()
    }

    /// The devices present now.
    public var devices: [USBDeviceInfo] { presence.devices }

    public func events() async throws(USBError) -> AsyncStream<USBBusEvent> {
        guard let stream = presence.events() else { throw Self.closed }
        return stream
    }

    public func open(_ path: USBBusPath) async throws(USBError) -> any USBDevice {
        guard let info = presence.info(path) else {
            if state.withLock({ $0.isClosed }) { throw Self.closed }
            throw USBError(.noDevice, "There is no USB device at \(path).")
        }
        // Opening and registering is one command, and so is closing the register: no device is forgotten between them.
        return try await context.commands.run { [self] () throws(USBError) -> LibUSBDevice in
            if state.withLock({ $0.isClosed }) { throw Self.closed }
            let device = LibUSBDevice(info: info, handle: try context.openBlocking(path), context: context) { [weak self] device in
                self?.state.withLock { _ = $0.devices.removeValue(forKey: ObjectIdentifier(device)) }
            }
            state.withLock { $0.devices[ObjectIdentifier(device)] = device }
            return device
        }
    }

    public func close() async {
        let devices = try? await context.commands.run { [self] () throws(USBError) -> [LibUSBDevice] in
            try state.withLock { state throws(USBError) in
                if state.isClosed { throw Self.closed }
                state.isClosed = true
                return Array(state.devices.values)
            }
        }
        guard let devices else { return }
        await watcher.stop()
        for device in devices { await device.close() }
        await context.end()
        presence.finish()
    }

    private static let closed = USBError(.closed, "The bus was closed.")
}
