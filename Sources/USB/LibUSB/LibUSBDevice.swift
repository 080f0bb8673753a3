import CLibUSB
import Hex
import Synchronization

/// A device opened through libusb.
final class LibUSBDevice: USBDevice {
    private struct State {
        var isClosed = false
        /// Those that libusb has, by number.
        var underway: [UInt64: LibUSBTransfer] = [:]
        var next: UInt64 = 0
        /// Calls of `close` that wait for `underway` to become empty.
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    let info: USBDeviceInfo
    private let handle: LibUSBPointer
    private let context: LibUSBContext
    private let state = Mutex(State())
    private let onClose: @Sendable (LibUSBDevice) -> Void
    private let isFreed = Atomic(false)
    /// What the descriptors name. Linux and libusb say of anything else only that it did not work.
    private let interfaces: Set<UInt8>
    private let endpoints: Set<UInt8>

    /// - Parameter onClose: called once, when the handle is freed.
    init(info: USBDeviceInfo, handle: LibUSBPointer, context: LibUSBContext, onClose: @escaping @Sendable (LibUSBDevice) -> Void) {
        self.info = info
        self.handle = handle
        self.context = context
        self.onClose = onClose
        let interfaces = info.descriptor.configurations.flatMap(\.interfaces)
        self.interfaces = Set(interfaces.map(\.number))
        endpoints = Set(interfaces.flatMap(\.endpoints).map(\.address))
    }

    var taskExecutor: (any TaskExecutor)? { context.events }

    // MARK: Commands

    func claim(interface: UInt8) async throws(USBError) {
        // A closed device says so, whatever is asked of it.
        guard interfaces.contains(interface) || state.withLock({ $0.isClosed }) else {
            throw USBError(.notFound, "The device has no interface \(interface).")
        }
        try await command("Claiming interface \(interface) of \(info.path)") { libusb_claim_interface($0, Int32(interface)) }
    }

    func release(interface: UInt8) async throws(USBError) {
        try await command("Releasing interface \(interface) of \(info.path)") { libusb_release_interface($0, Int32(interface)) }
    }

    func clearHalt(_ endpoint: UInt8) async throws(USBError) {
        try await command("Clearing the halt of endpoint 0x\([endpoint].hex)") { libusb_clear_halt($0, endpoint) }
    }

    func reset() async throws(USBError) {
        try await command("Resetting \(info.path)") { handle in
            let status = libusb_reset_device(handle)
            // NOT_FOUND: the device came back as another one, so this handle is dead (libusb_reset_device).
            return status == LIBUSB_ERROR_NOT_FOUND.rawValue ? LIBUSB_ERROR_NO_DEVICE.rawValue : status
        }
    }

    private func command(_ action: String, _ body: @escaping @Sendable (OpaquePointer) -> Int32) async throws(USBError) {
        try await context.commands.run { [self] () throws(USBError) in
            // Freeing the handle runs on this thread too, after `isClosed` is set: open here means not freed until this returns.
            if state.withLock({ $0.isClosed }) { throw Self.closed }
            let status = body(handle.value)
            guard status == LIBUSB_SUCCESS.rawValue else { throw USBError(libUSB: status, action) }
        }
    }

    // MARK: Transfers

    func control(_ setup: USBSetup, data: [UInt8], timeout: Duration) async throws(USBError) -> [UInt8] {
        try await perform(try LibUSBTransfer(control: setup, data: data, on: handle, limit: timeout))
    }

    func bulkOut(_ endpoint: UInt8, _ data: [UInt8], timeout: Duration) async throws(USBError) {
        try checkEndpoint(endpoint & 0x7F)
        _ = try await perform(try LibUSBTransfer(.bulk, endpoint: endpoint & 0x7F, data: data, on: handle, limit: timeout))
    }

    func bulkIn(_ endpoint: UInt8, length: Int, timeout: Duration) async throws(USBError) -> [UInt8] {
        try checkEndpoint(endpoint | 0x80)
        return try await perform(try LibUSBTransfer(.bulk, endpoint: endpoint | 0x80, length: length, on: handle, limit: timeout))
    }

    func exchange(_ exchange: USBExchange) async -> USBExchange.Outcome {
        let (out, into) = (exchange.outEndpoint & 0x7F, exchange.inEndpoint | 0x80)
        let message: LibUSBTransfer
        do throws(USBError) {
            try checkEndpoint(out)
            message = try LibUSBTransfer(.bulk, endpoint: out, data: exchange.message, on: handle, limit: exchange.writeLimit)
        } catch { return .notSent(error) }
        let answer: LibUSBTransfer
        do throws(USBError) {
            try checkEndpoint(into)
            answer = try LibUSBTransfer(.bulk, endpoint: into, length: exchange.length, on: handle, limit: exchange.readLimit)
        } catch { return .notSent(error) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let halves = Halves(continuation)
                start(message, limit: message.limit) { [self] sent in
                    halves.sent(sent, elseCancelling: answer) { context.events.watch(answer, answer.limit) }
                }
                // At once, not when the message is out: until the device answers it says that it has nothing yet (NAK), and often both
                // ends are here when the event thread wakes up.
                start(answer, limit: nil) { [self] received in context.events.unwatch(halves.received(received)) }
            }
        } onCancel: {
            let reason = USBError(.cancelled, "The transfer was cancelled.")
            // The answer first: a message that ends meanwhile finds it cancelled already.
            answer.cancel(reason)
            message.cancel(reason)
        }
    }

    func interruptIn(_ endpoint: UInt8, length: Int, timeout: Duration?) async throws(USBError) -> [UInt8] {
        try checkEndpoint(endpoint | 0x80)
        return try await perform(try LibUSBTransfer(.interrupt, endpoint: endpoint | 0x80, length: length, on: handle, limit: timeout))
    }

    private func checkEndpoint(_ endpoint: UInt8) throws(USBError) {
        guard endpoints.contains(endpoint) || state.withLock({ $0.isClosed }) else {
            throw USBError(.notFound, "The device has no endpoint 0x\([endpoint].hex).")
        }
    }

    private func perform(_ transfer: LibUSBTransfer) async throws(USBError) -> [UInt8] {
        let result: Result<[UInt8], USBError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                start(transfer, limit: transfer.limit) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            // Before `submit` this is remembered, after the end it does nothing.
            transfer.cancel(USBError(.cancelled, "The transfer was cancelled."))
        }
        return try result.get()
    }

    private func start(_ transfer: LibUSBTransfer, limit: Duration?, _ completion: @escaping LibUSBTransfer.Completion) {
        let number: UInt64? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.next += 1
            state.underway[state.next] = transfer
            return state.next
        }
        guard let number else { return completion(.failure(Self.closed)) }
        let watched = context.events.watch(transfer, limit)
        // From here to the completion the handle is not freed: `close` waits until `underway` is empty.
        transfer.submit { [self] result in
            context.events.unwatch(watched)
            ended(number)
            completion(result)
        }
    }

    private func ended(_ number: UInt64) {
        let closing = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.underway[number] = nil
            guard state.underway.isEmpty else { return [] }
            defer { state.closing = [] }
            return state.closing
        }
        for waiter in closing { waiter.resume() }
    }

    // MARK: Closing

    /// No transfer starts any more; those under way are cancelled and waited for, and only then is the handle freed, on the thread on which
    /// all other commands run.
    func close() async {
        let underway = state.withLock { state in
            state.isClosed = true
            return Array(state.underway.values)
        }
        for transfer in underway { transfer.cancel(Self.closed) }
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.underway.isEmpty { state.closing.append(continuation) }
                return state.underway.isEmpty
            }
            if isIdle { continuation.resume() }
        }
        _ = try? await context.commands.run { [self] () throws(USBError) in
            guard !isFreed.exchange(true, ordering: .relaxed) else { return }
            // Closing gives up claims, but only releasing brings the kernel's driver back (libusb_set_auto_detach_kernel_driver).
            for interface in interfaces {
                libusb_release_interface(handle.value, Int32(interface))
            }
            libusb_close(handle.value)
            onClose(self)
        }
    }

    private static let closed = USBError(.closed, "The device was closed.")
}
