import Synchronization
import USB

/// A bus in memory: virtual devices are plugged into it and drivers find them there, in the same process.
public final class MemoryBus: USBBus {
    private struct State {
        var ports: [USBBusPath: VirtualPort] = [:]
        var plugged: UInt64 = 0
        var isClosed = false
    }

    private let clock: any Clock<Duration>
    private let presence = USBPresence()
    private let state = Mutex(State())

    /// - Parameter clock: measures the transfers' time limits and the `.slow` fault's delays.
    public init(clock: any Clock<Duration> = ContinuousClock()) {
        self.clock = clock
    }

    // MARK: The lab's side

    /// Plugs a device in. Throws `.malformedDescriptor`, or `.busy` when something is plugged in there.
    @discardableResult
    public func plug(_ device: any VirtualUSBDevice, at path: USBBusPath) throws(USBError) -> USBDeviceInfo {
        let clock = clock
        return try state.withLock { state throws(USBError) in
            if state.isClosed { throw .busClosed }
            guard state.ports[path] == nil else { throw USBError(.busy, "A device is plugged in at \(path).") }
            let port = try VirtualPort(device, clock: clock)
            state.ports[path] = port
            state.plugged += 1
            let bytes = device.deviceDescriptor
            // iManufacturer, iProduct and iSerialNumber (USB 2.0, table 9-8); the descriptor was parsed, so they are there.
            let info = USBDeviceInfo(
                path: path, descriptor: port.descriptor, manufacturer: device.strings[bytes[14]], product: device.strings[bytes[15]],
                serialNumber: device.strings[bytes[16]], node: "memory/\(state.plugged)")
            // Under the lock, so that events come in the order of plugging.
            presence.attached(info)
            return info
        }
    }

    /// Pulls the plug: transfers under way end with `.noDevice`. Nothing happens when nothing is plugged in.
    public func unplug(_ path: USBBusPath) {
        state.withLock { state in
            guard let port = state.ports.removeValue(forKey: path) else { return }
            port.unplug()
            presence.detached(path)
        }
    }

    /// Makes something go wrong with the device at `path`. Throws `.noDevice`.
    public func inject(_ fault: VirtualFault, at path: USBBusPath) throws(USBError) {
        try port(path).inject(fault)
    }

    public var devices: [USBDeviceInfo] { presence.devices }

    // MARK: The drivers' side

    public func events() async throws(USBError) -> AsyncStream<USBBusEvent> {
        guard let stream = presence.events() else { throw .busClosed }
        return stream
    }

    public func open(_ path: USBBusPath) async throws(USBError) -> any USBDevice {
        let port = try port(path)
        guard let info = presence.info(path) else { throw .unplugged }
        return MemoryUSBDevice(info: info, port: port)
    }

    public func close() async {
        let ports = state.withLock { state in
            state.isClosed = true
            defer { state.ports = [:] }
            return state.ports.values
        }
        for port in ports { port.remove(.busClosed) }
        presence.finish()
    }

    /// The port at `path`, for those who serve its device elsewhere. Throws `.noDevice`.
    public func port(_ path: USBBusPath) throws(USBError) -> VirtualPort {
        try state.withLock { state throws(USBError) in
            if state.isClosed { throw .busClosed }
            guard let port = state.ports[path] else { throw USBError(.noDevice, "Nothing is plugged in at \(path).") }
            return port
        }
    }
}

extension USBError {
    static let busClosed = USBError(.closed, "The bus was closed.")
    static let deviceClosed = USBError(.closed, "The device was closed.")
}
