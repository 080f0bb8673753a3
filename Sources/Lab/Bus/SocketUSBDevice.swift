import Dispatch
import Synchronization
import USB

/// A device that the lab has opened for this process.
final class SocketUSBDevice: USBDevice {
    let info: USBDeviceInfo
    private let number: UInt32
    private let bus: SocketBusClient

    init(info: USBDeviceInfo, number: UInt32, bus: SocketBusClient) {
        self.info = info
        self.number = number
        self.bus = bus
    }

    var taskExecutor: (any TaskExecutor)? { bus.executor }

    func claim(interface: UInt8) async throws(USBError) { _ = try await bus.call(.claim(interface), number) }

    func release(interface: UInt8) async throws(USBError) { _ = try await bus.call(.release(interface), number) }

    func control(_ setup: USBSetup, data: [UInt8], timeout: Duration) async throws(USBError) -> [UInt8] {
        try Self.check(data.count)
        return try await bus.call(.control(setup, data, timeout: timeout), number)
    }

    func bulkOut(_ endpoint: UInt8, _ data: [UInt8], timeout: Duration) async throws(USBError) {
        try Self.check(data.count)
        _ = try await bus.call(.bulkOut(endpoint, data, timeout: timeout), number)
    }

    func bulkIn(_ endpoint: UInt8, length: Int, timeout: Duration) async throws(USBError) -> [UInt8] {
        try Self.check(length)
        return try await bus.call(.bulkIn(endpoint, length: UInt32(clamping: length), timeout: timeout), number)
    }

    func exchange(_ exchange: USBExchange) async -> USBExchange.Outcome {
        do throws(USBError) {
            try Self.check(exchange.message.count)
            try Self.check(exchange.length)
        } catch { return .notSent(error) }
        return await bus.exchange(exchange, number)
    }

    func interruptIn(_ endpoint: UInt8, length: Int, timeout: Duration?) async throws(USBError) -> [UInt8] {
        try Self.check(length)
        return try await bus.call(.interruptIn(endpoint, length: UInt32(clamping: length), timeout: timeout), number)
    }

    func clearHalt(_ endpoint: UInt8) async throws(USBError) { _ = try await bus.call(.clearHalt(endpoint), number) }

    func reset() async throws(USBError) { _ = try await bus.call(.reset, number) }

    func close() async { _ = try? await bus.call(.close, number) }

    private static func check(_ length: Int) throws(USBError) {
        guard (0...BusFrame.longestTransfer).contains(length) else {
            throw USBError(.unsupported, "A transfer of \(length) bytes; 0 to \(BusFrame.longestTransfer) are possible.")
        }
    }
}

/// Where tasks go on that prefer the bus (`USBDevice.taskExecutor`): one thread, as libusb's event thread is one. It is apart from the thread that reads
/// the socket, because that one stands for the cable.
final class SocketBusExecutor: TaskExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var hasEnded = false
    }

    private let queue = Mutex(Queue())
    /// Counts the jobs, and the end.
    private let work = DispatchSemaphore(value: 0)

    /// Until `end`. For a thread of its own.
    func run() {
        while true {
            work.wait()
            let job = queue.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
            guard let job else { return }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    func end() {
        queue.withLock { $0.hasEnded = true }
        work.signal()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isAccepted = queue.withLock { queue in
            if !queue.hasEnded { queue.jobs.append(job) }
            return !queue.hasEnded
        }
        if isAccepted { work.signal() } else { globalConcurrentExecutor.enqueue(job) }
    }
}
