import CLibUSB
import Glibc
import Hex
import Synchronization

/// One asynchronous transfer of libusb with its memory.
///
/// `@unchecked`: `transfer` and `buffer` are written before `submit` and then belong to libusb until the callback, which reads the outcome;
/// the only other access is `libusb_cancel_transfer`, under the lock and only while under way. They are freed in `deinit`, which cannot
/// come before the callback: `submit` retains the object and only the callback releases it.
final class LibUSBTransfer: @unchecked Sendable {
    /// Called once, on the event thread, or on the caller's when submitting fails.
    typealias Completion = @Sendable (Result<[UInt8], USBError>) -> Void

    private enum Phase {
        case prepared
        case underway(Completion)
        case ended
    }

    private struct State {
        var phase = Phase.prepared
        /// Why it was cancelled, when it was.
        var reason: USBError?
    }

    private let transfer: UnsafeMutablePointer<libusb_transfer>
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private let action: String
    private let isIn: Bool
    /// `nil` for none. Who submits the transfer sees to it; libusb gets none.
    let limit: Duration?
    private let state = Mutex(State())

    /// The longest transfer we ask for; message lengths on the field's devices are far below.
    static let longest = 1 << 20
    /// Bytes of the SETUP packet before the data of a control transfer.
    private static let setupLength = 8

    /// - Parameter limit: `nil` for none.
    init(control setup: USBSetup, data: [UInt8], on device: LibUSBPointer, limit: Duration?) throws(USBError) {
        guard setup.isIn || data.count == Int(setup.length) else {
            throw USBError(.unsupported, "A control request of \(setup.length) bytes was given \(data.count) bytes of data.")
        }
        (transfer, buffer) = try Self.allocate(Self.setupLength + Int(setup.length))
        self.limit = limit
        action = "Control request \(setup.request)"
        isIn = setup.isIn
        guard let base = buffer.baseAddress else { return }
        libusb_fill_control_setup(base, setup.requestType, setup.request, setup.value, setup.index, setup.length)
        if !setup.isIn { for (index, byte) in data.enumerated() { buffer[Self.setupLength + index] = byte } }
        libusb_fill_control_transfer(
            transfer, device.value, base, Self.callback, Unmanaged.passUnretained(self).toOpaque(), 0)
    }

    /// - Parameters:
    ///   - endpoint: its address; bit 7 decides the direction.
    ///   - data: what is sent, for OUT.
    ///   - length: how much is received at most, for IN.
    init(
        _ kind: USBEndpointDescriptor.Transfer, endpoint: UInt8, data: [UInt8] = [], length: Int = 0, on device: LibUSBPointer,
        limit: Duration?
    ) throws(USBError) {
        self.limit = limit
        isIn = endpoint & 0x80 != 0
        (transfer, buffer) = try Self.allocate(isIn ? length : data.count)
        action = "Transfer on endpoint 0x\([endpoint].hex)"
        _ = buffer.update(fromContentsOf: isIn ? [] : data)
        let fill = kind == .interrupt ? libusb_fill_interrupt_transfer : libusb_fill_bulk_transfer
        fill(
            transfer, device.value, endpoint, buffer.baseAddress, Int32(clamping: isIn ? length : data.count), Self.callback,
            Unmanaged.passUnretained(self).toOpaque(), 0)
    }

    /// Hands the transfer to libusb. Call once.
    func submit(_ completion: @escaping Completion) {
        let failure: USBError? = state.withLock { state in
            if let reason = state.reason {
                state.phase = .ended
                return reason
            }
            state.phase = .underway(completion)
            let reference = Unmanaged.passRetained(self)
            let status = libusb_submit_transfer(transfer)
            if status == LIBUSB_SUCCESS.rawValue { return nil }
            reference.release()
            state.phase = .ended
            return USBError(libUSB: status, action)
        }
        if let failure { completion(.failure(failure)) }
    }

    /// Asks libusb to end the transfer with `reason`. It ends with its own outcome when that comes first.
    func cancel(_ reason: USBError) {
        state.withLock { state in
            if state.reason == nil { state.reason = reason }
            if case .underway = state.phase { libusb_cancel_transfer(transfer) }
        }
    }

    /// Its time is up.
    func expire() { cancel(USBError(libUSB: LIBUSB_ERROR_TIMEOUT.rawValue, action)) }

    private static let callback: libusb_transfer_cb_fn = { transfer in
        guard let object = transfer?.pointee.user_data else { return }
        // Takes over the reference of `submit`.
        Unmanaged<LibUSBTransfer>.fromOpaque(object).takeRetainedValue().ended()
    }

    private func ended() {
        let (phase, reason) = state.withLock { state in
            defer { state.phase = .ended }
            return (state.phase, state.reason)
        }
        guard case .underway(let completion) = phase else { return }
        completion(outcome(reason))
    }

    private func outcome(_ reason: USBError?) -> Result<[UInt8], USBError> {
        let isControl = transfer.pointee.type == UInt8(LIBUSB_TRANSFER_TYPE_CONTROL.rawValue)
        let isInterrupt = transfer.pointee.type == UInt8(LIBUSB_TRANSFER_TYPE_INTERRUPT.rawValue)
        let start = isControl ? Self.setupLength : 0
        let count = min(max(Int(transfer.pointee.actual_length), 0), buffer.count - start)
        let received = isIn ? Array(buffer[start..<(start + count)]) : []
        if let error = USBError(transferStatus: transfer.pointee.status, action) {
            let failure = error.code == .cancelled ? reason ?? error : error
            // A whole message that came in the moment the time was up is not lost.
            if isInterrupt, failure.code == .timeout, !received.isEmpty { return .success(received) }
            return .failure(failure)
        }
        guard isIn || count == buffer.count - start else {
            return .failure(USBError(.io, "\(action) ended after \(count) of \(buffer.count - start) bytes."))
        }
        return .success(received)
    }

    private static func allocate(
        _ length: Int
    ) throws(USBError) -> (UnsafeMutablePointer<libusb_transfer>, UnsafeMutableBufferPointer<UInt8>) {
        guard (0...longest).contains(length) else {
            throw USBError(.unsupported, "A transfer of \(length) bytes; 0 to \(longest) are possible.")
        }
        guard let transfer = libusb_alloc_transfer(0) else { throw USBError(libUSB: LIBUSB_ERROR_NO_MEM.rawValue, "A transfer") }
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: length)
        buffer.initialize(repeating: 0)
        return (transfer, buffer)
    }

    deinit {
        // What went over the wire may have been card data.
        if let base = buffer.baseAddress { explicit_bzero(base, buffer.count) }
        buffer.deallocate()
        libusb_free_transfer(transfer)
    }
}
