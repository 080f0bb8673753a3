import Synchronization
import USB

/// A virtual device opened by a driver in the same process.
final class MemoryUSBDevice: USBDevice {
    let info: USBDeviceInfo
    private let port: VirtualPort
    private let owner: VirtualPort.Owner
    private let isClosed = Atomic(false)

    init(info: USBDeviceInfo, port: VirtualPort) {
        self.info = info
        self.port = port
        owner = port.newNumber()
    }

    func claim(interface: UInt8) async throws(USBError) {
        try checkOpen()
        try port.claim(interface, by: owner)
    }

    func release(interface: UInt8) async throws(USBError) {
        try checkOpen()
        try port.release(interface, by: owner)
    }

    func control(_ setup: USBSetup, data: [UInt8], timeout: Duration) async throws(USBError) -> [UInt8] {
        try await transfer(.control(setup, data: data), timeout)
    }

    func bulkOut(_ endpoint: UInt8, _ data: [UInt8], timeout: Duration) async throws(USBError) {
        _ = try await transfer(.out(endpoint & 0x7F, data), timeout)
    }

    func bulkIn(_ endpoint: UInt8, length: Int, timeout: Duration) async throws(USBError) -> [UInt8] {
        try await transfer(.in(endpoint | 0x80, length: length), timeout)
    }

    func interruptIn(_ endpoint: UInt8, length: Int, timeout: Duration?) async throws(USBError) -> [UInt8] {
        try await transfer(.in(endpoint | 0x80, length: length), timeout)
    }

    func clearHalt(_ endpoint: UInt8) async throws(USBError) {
        // CLEAR_FEATURE(ENDPOINT_HALT) to the endpoint (USB 2.0, 9.4.1).
        let setup = USBSetup(requestType: 0x02, request: 1, value: 0, index: UInt16(endpoint), length: 0)
        _ = try await transfer(.control(setup, data: []), nil)
    }

    func reset() async throws(USBError) {
        try checkOpen()
        port.reset()
    }

    func close() async {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        port.end(owner: owner, .deviceClosed)
    }

    private func checkOpen() throws(USBError) {
        if isClosed.load(ordering: .acquiring) { throw .deviceClosed }
    }

    private func transfer(_ request: VirtualPort.Request, _ timeout: Duration?) async throws(USBError) -> [UInt8] {
        try checkOpen()
        return try await port.transfer(request, owner: owner, timeout: timeout)
    }
}
