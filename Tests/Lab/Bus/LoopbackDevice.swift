import Synchronization
import USB

@testable import Lab

/// A device that gives back on bulk IN 81 what it gets on bulk OUT 01, and says on interrupt IN 83 what vendor request 1 tells it.
/// Interface 1 has an endpoint 84 that never has anything.
final class LoopbackDevice: VirtualUSBDevice {
    private struct State {
        var loop: [[UInt8]] = []
        var messages: [[UInt8]] = []
        var notify: (@Sendable (UInt8) -> Void)?
        var isFull = false
        var received: [[UInt8]] = []
    }

    private let state = Mutex(State())
    /// Endpoints that the host asked in vain, as they are asked.
    let asked: AsyncStream<UInt8>
    private let asking: AsyncStream<UInt8>.Continuation

    static let descriptor = USBDeviceDescriptor(
        vendorID: 0x1209, productID: 0x0001, release: 0x0100, deviceClass: 0xFF,
        configurations: [
            USBConfigurationDescriptor(
                value: 1,
                interfaces: [
                    USBInterfaceDescriptor(
                        number: 0, interfaceClass: 0xFF,
                        endpoints: [
                            USBEndpointDescriptor(address: 0x01, transfer: .bulk, maxPacketSize: 64),
                            USBEndpointDescriptor(address: 0x81, transfer: .bulk, maxPacketSize: 64),
                            USBEndpointDescriptor(address: 0x83, transfer: .interrupt, maxPacketSize: 8, interval: 10),
                        ]),
                    USBInterfaceDescriptor(
                        number: 1, interfaceClass: 0xFF,
                        endpoints: [USBEndpointDescriptor(address: 0x84, transfer: .bulk, maxPacketSize: 64)]),
                ])
        ])

    init() { (asked, asking) = AsyncStream.makeStream() }

    let deviceDescriptor = LoopbackDevice.descriptor.deviceBytes(manufacturer: 1, product: 2, serialNumber: 3)
    let configurationDescriptor = LoopbackDevice.descriptor.configurations[0].bytes()
    let strings: [UInt8: String] = [1: "Lab", 2: "Loopback", 3: "0042"]

    /// While full, bulk OUT is answered NAK.
    func setFull(_ isFull: Bool) {
        let notify = state.withLock { state in
            state.isFull = isFull
            return state.notify
        }
        if !isFull { notify?(0x01) }
    }

    /// What came on bulk OUT since the device was plugged in.
    var received: [[UInt8]] { state.withLock { $0.received } }

    func control(_ setup: USBSetup, data: [UInt8]) -> VirtualTransferResult {
        switch (setup.requestType, setup.request) {
        case (0x40, 1):
            let notify = state.withLock { state in
                state.messages.append(data)
                return state.notify
            }
            // From within a call of the host: the port must bear it.
            notify?(0x83)
            return .accepted
        case (0xC0, 2): return .data([UInt8](repeating: 0x55, count: 100))
        case (0xC0, 3):
            asking.yield(0)
            return .pending
        default: return .stall
        }
    }

    func out(_ endpoint: UInt8, _ data: [UInt8]) -> VirtualTransferResult {
        let (isFull, notify) = state.withLock { state in
            if !state.isFull {
                state.loop.append(data)
                state.received.append(data)
            }
            return (state.isFull, state.notify)
        }
        if isFull {
            asking.yield(endpoint)
            return .pending
        }
        notify?(0x81)
        return .accepted
    }

    func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult {
        let data: [UInt8]? = state.withLock { state in
            switch endpoint {
            case 0x81: state.loop.isEmpty ? nil : state.loop.removeFirst()
            case 0x83: state.messages.isEmpty ? nil : state.messages.removeFirst()
            default: nil
            }
        }
        guard let data else {
            asking.yield(endpoint)
            return .pending
        }
        return .data(data)
    }

    func attach(notify: @escaping @Sendable (UInt8) -> Void) { state.withLock { $0.notify = notify } }

    func detach() { state.withLock { $0 = State() } }
}
