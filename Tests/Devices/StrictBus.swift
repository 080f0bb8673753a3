import Synchronization
import Testing
import USB

/// A bus that is as unforgiving as a system: a cancelled task gets no transfer done, a device is opened by one at a time, and letting
/// go of it takes a while.
final class StrictBus: USBBus {
    let bus: any USBBus
    private let open = Mutex<[USBBusPath: Int]>([:])

    init(_ bus: any USBBus) { self.bus = bus }

    var openCount: Int { open.withLock { $0.values.reduce(0, +) } }

    func events() async throws(USBError) -> AsyncStream<USBBusEvent> { try await bus.events() }

    func open(_ path: USBBusPath) async throws(USBError) -> any USBDevice {
        let device = try await bus.open(path)
        let count = open.withLock { open in
            open[path, default: 0] += 1
            return open[path, default: 0]
        }
        #expect(count == 1, "the device was opened while it was still open")
        return StrictDevice(device: device) { self.open.withLock { $0[path, default: 0] -= 1 } }
    }

    func close() async { await bus.close() }
}

private final class StrictDevice: USBDevice {
    private let device: any USBDevice
    private let closed: @Sendable () -> Void
    private let isClosed = Atomic(false)

    init(device: any USBDevice, closed: @escaping @Sendable () -> Void) {
        self.device = device
        self.closed = closed
    }

    var info: USBDeviceInfo { device.info }
    var taskExecutor: (any TaskExecutor)? { device.taskExecutor }
    private func check() throws(USBError) {
        if Task.isCancelled { throw USBError(.cancelled, "The task is cancelled.") }
    }

    func claim(interface: UInt8) async throws(USBError) { try await device.claim(interface: interface) }
    func release(interface: UInt8) async throws(USBError) { try await device.release(interface: interface) }
    func control(_ setup: USBSetup, data: [UInt8], timeout: Duration) async throws(USBError) -> [UInt8] {
        try check()
        return try await device.control(setup, data: data, timeout: timeout)
    }
    func bulkOut(_ endpoint: UInt8, _ data: [UInt8], timeout: Duration) async throws(USBError) {
        try check()
        try await device.bulkOut(endpoint, data, timeout: timeout)
    }
    func bulkIn(_ endpoint: UInt8, length: Int, timeout: Duration) async throws(USBError) -> [UInt8] {
        try check()
        return try await device.bulkIn(endpoint, length: length, timeout: timeout)
    }
    func interruptIn(_ endpoint: UInt8, length: Int, timeout: Duration?) async throws(USBError) -> [UInt8] {
        try check()
        return try await device.interruptIn(endpoint, length: length, timeout: timeout)
    }
    func exchange(_ exchange: USBExchange) async -> USBExchange.Outcome {
        do throws(USBError) { try check() } catch { return .notSent(error) }
        return await device.exchange(exchange)
    }
    func clearHalt(_ endpoint: UInt8) async throws(USBError) {
        try check()
        try await device.clearHalt(endpoint)
    }
    func reset() async throws(USBError) { try await device.reset() }
    func close() async {
        await device.close()
        for _ in 0..<50 { await Task.yield() }
        if !isClosed.exchange(true, ordering: .acquiringAndReleasing) { closed() }
    }
}
