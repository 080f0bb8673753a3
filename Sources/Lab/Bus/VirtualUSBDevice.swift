import USB

/// A USB device as a model at the level of descriptors and endpoints, written once and served by every bus: in memory, over the lab's
/// socket, and over USB/IP to a real kernel. It is called from one place at a time (the port it is plugged into serialises).
public protocol VirtualUSBDevice: AnyObject, Sendable {
    /// Device descriptor (18 bytes) as the device would send it.
    var deviceDescriptor: [UInt8] { get }
    /// Configuration descriptor with everything behind it (wTotalLength bytes).
    var configurationDescriptor: [UInt8] { get }
    /// String descriptors' text by index, 1…
    var strings: [UInt8: String] { get }

    /// A control request that is not one of the standard ones (those the port answers). After `.pending` it is asked again when `notify`
    /// was called for endpoint 0.
    func control(_ setup: USBSetup, data: [UInt8]) -> VirtualTransferResult
    /// Data the host sent to an OUT endpoint. After `.pending` the same data is offered again when `notify` was called for the endpoint.
    func out(_ endpoint: UInt8, _ data: [UInt8]) -> VirtualTransferResult
    /// The next data of an IN endpoint: `.pending` (NAK) when there is none yet.
    func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult
    /// Called by the port: `notify` is to be called, from any thread, whenever an IN endpoint that answered `.pending` may have data.
    func attach(notify: @escaping @Sendable (_ endpoint: UInt8) -> Void)
    /// Power is gone: forget all state that a real device would forget.
    func detach()
}

public enum VirtualTransferResult: Sendable, Equatable {
    /// For IN the bytes; for OUT accepted.
    case data([UInt8])
    case stall
    case pending
}

extension VirtualTransferResult {
    public static let accepted = VirtualTransferResult.data([])
}
