/// Where USB devices come and go. Three buses implement it: `LibUSBBus` in production and, in the lab, one in memory and one over a socket.
/// Drivers know nothing else of USB.
public protocol USBBus: Sendable {
    /// The devices present, as `.attached`, then every change, in order. Each call makes an independent stream that ends with `close()`.
    /// A device that is unplugged and plugged again shows as `.detached` and `.attached`; a duplicate add is not repeated.
    func events() async throws(USBError) -> AsyncStream<USBBusEvent>

    /// Opens the device now at `path`.
    func open(_ path: USBBusPath) async throws(USBError) -> any USBDevice

    /// Ends all streams and lets go of the system's resources. Open devices answer `.closed` from then on.
    func close() async
}

public enum USBBusEvent: Sendable {
    case attached(USBDeviceInfo)
    case detached(USBBusPath)
}

/// Identity of a place on the bus: bus number and the ports down to the device as udev's sysname writes it, `3-1.2`.
/// It stays the same when a device is plugged into the same port again; the device address does not.
public struct USBBusPath: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// What is known of a device without opening it.
public struct USBDeviceInfo: Sendable {
    public let path: USBBusPath
    /// Parsed device and configuration descriptors.
    public let descriptor: USBDeviceDescriptor
    public let manufacturer: String?
    public let product: String?
    public let serialNumber: String?
    /// `/dev/bus/usb/003/007` where the system has one; for messages to people.
    public let node: String?

    public init(
        path: USBBusPath, descriptor: USBDeviceDescriptor, manufacturer: String? = nil, product: String? = nil, serialNumber: String? = nil,
        node: String? = nil
    ) {
        self.path = path
        self.descriptor = descriptor
        self.manufacturer = manufacturer
        self.product = product
        self.serialNumber = serialNumber
        self.node = node
    }
}

/// An open device. All calls may run at the same time from several tasks; cancelling the task ends the transfer with `.cancelled`.
public protocol USBDevice: Sendable {
    var info: USBDeviceInfo { get }

    /// Where the device's transfers end, for bus implementations that have such a place (`nil` by default). A task that prefers it
    /// (`withTaskExecutorPreference`) goes on there after each transfer instead of changing threads. It must not block: the other devices
    /// of the bus wait for it.
    var taskExecutor: (any TaskExecutor)? { get }

    /// Claims an interface, detaching a kernel driver that holds it (it gets it back on `release`).
    func claim(interface: UInt8) async throws(USBError)
    func release(interface: UInt8) async throws(USBError)

    /// Control transfer on endpoint 0. For an IN request the answer (at most `setup.length` bytes), for OUT an empty array.
    func control(_ setup: USBSetup, data: [UInt8], timeout: Duration) async throws(USBError) -> [UInt8]

    /// Sends all of `data` or throws; `endpoint` is the address without direction bit set (0x01…0x0F).
    func bulkOut(_ endpoint: UInt8, _ data: [UInt8], timeout: Duration) async throws(USBError)

    /// One transfer of up to `length` bytes, ended by a short packet; `endpoint` with bit 7 set.
    func bulkIn(_ endpoint: UInt8, length: Int, timeout: Duration) async throws(USBError) -> [UInt8]

    /// One bulk message out and one in, as `bulkOut` and then `bulkIn` would (their combination is the default).
    func exchange(_ exchange: USBExchange) async -> USBExchange.Outcome

    /// Waits for one interrupt message; without a time limit when `timeout` is `nil`.
    func interruptIn(_ endpoint: UInt8, length: Int, timeout: Duration?) async throws(USBError) -> [UInt8]

    func clearHalt(_ endpoint: UInt8) async throws(USBError)
    func reset() async throws(USBError)
    /// Releases everything; transfers under way end with `.closed`. Closing twice is fine.
    func close() async
}

extension USBDevice {
    public var taskExecutor: (any TaskExecutor)? { nil }
}

/// The eight bytes of a SETUP packet (USB 2.0, 9.3); multi-byte values in host order here.
public struct USBSetup: Hashable, Sendable {
    public var requestType: UInt8
    public var request: UInt8
    public var value: UInt16
    public var index: UInt16
    public var length: UInt16

    public init(requestType: UInt8, request: UInt8, value: UInt16, index: UInt16, length: UInt16) {
        self.requestType = requestType
        self.request = request
        self.value = value
        self.index = index
        self.length = length
    }

    public var isIn: Bool { requestType & 0x80 != 0 }
}
