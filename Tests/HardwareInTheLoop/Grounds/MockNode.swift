import CUMockdev
import Glibc
import Lab
import Synchronization
import USB

/// One device node of the testbed: what usbfs does with it (Linux, drivers/usb/core/devio.c), as far as libusb asks.
///
/// The node is a terminal, since that can do what usbfs does for poll(): writable only while a transfer can be reaped, an error and a hang-up
/// once the device is gone.
///
/// `@unchecked`: libumockdev's objects are used on its one thread, in `handle` and what that calls; everything else is under `state`. `interfaces`
/// is written before the node is shared.
final class MockNode: @unchecked Sendable {
    /// `@unchecked`: the pointers are libumockdev's, used on its thread only.
    private struct Transfer: @unchecked Sendable {
        let id: VirtualPort.TransferID
        let client: ClientID
        /// The URB in the client's memory, and its address there.
        let block: UnsafeMutablePointer<UMockdevIoctlData>
        let address: UInt
        let buffer: UnsafeMutablePointer<UMockdevIoctlData>?
        let isIn: Bool
        /// Bytes of the buffer before the data: the SETUP packet.
        let offset: Int
        let length: Int
        var status: Int32 = 0
        var count = 0
        var data: [UInt8] = []
    }

    private typealias Client = UnsafeMutablePointer<UMockdevIoctlClient>
    /// Which open file asked: each has its own transfers and claims. The client's address.
    private typealias ClientID = UInt
    private typealias Argument = UnsafeMutablePointer<UMockdevIoctlData>

    private struct State {
        var pending: [VirtualPort.TransferID: Transfer] = [:]
        var done: [Transfer] = []
        var claims: [UInt32: ClientID] = [:]
        var isGone = false
        /// The port is empty already; the node still hangs about until the testbed hears of it.
        var isEmpty = false
        var master: Int32
        var slave: Int32
    }

    /// Where it is plugged in.
    let place: String
    let path: String
    let file: String
    let handler: UnsafeMutablePointer<UMockdevIoctlBase>
    var interfaces: [String] = []
    private let port: VirtualPort
    private let state: Mutex<State>

    init(_ port: VirtualPort, place: String, path: String, file: String, root: String) {
        self.port = port
        self.place = place
        self.path = path
        self.file = file
        var (master, slave): (Int32, Int32) = (-1, -1)
        guard openpty(&master, &slave, nil, nil, nil) == 0, let name = ttyname(slave), let handler = umockdev_ioctl_base_new() else {
            fatalError("no terminal or handler")
        }
        for descriptor in [master, slave] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        unlink(root + file)
        symlink(name, root + file)
        var settings = termios()
        tcgetattr(slave, &settings)
        cfmakeraw(&settings)
        tcsetattr(slave, TCSANOW, &settings)
        tcflow(slave, TCOOFF)
        self.handler = handler
        state = Mutex(State(master: master, slave: slave))
        let context = Unmanaged.passRetained(self).toOpaque()
        let handle: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> gboolean = {
            _, client, context in
            guard let client, let context else { return 0 }
            Unmanaged<MockNode>.fromOpaque(context).takeUnretainedValue().handle(client.assumingMemoryBound(to: UMockdevIoctlClient.self))
            return 1
        }
        let vanished: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void = {
            _, client, context in
            guard let client, let context else { return }
            Unmanaged<MockNode>.fromOpaque(context).takeUnretainedValue().vanished(client.assumingMemoryBound(to: UMockdevIoctlClient.self))
        }
        g_signal_connect_data(handler, "handle-ioctl", unsafeBitCast(handle, to: GCallback.self), context, nil, GConnectFlags(0))
        g_signal_connect_data(handler, "client-vanished", unsafeBitCast(vanished, to: GCallback.self), context, nil, GConnectFlags(0))
    }

    /// The device is unplugged: everything ends, and poll() says so.
    func hangUp() {
        state.withLock { state in
            state.isGone = true
            for var transfer in state.pending.values {
                transfer.status = -ESHUTDOWN
                state.done.append(transfer)
            }
            state.pending = [:]
            Glibc.close(state.master)
            Glibc.close(state.slave)
        }
    }

    private func vanished(_ client: Client) {
        let client = UInt(bitPattern: client)
        let ids = state.withLock { state in
            state.done.removeAll { $0.client == client }
            state.claims = state.claims.filter { $0.value != client }
            let ids = state.pending.values.filter { $0.client == client }.map(\.id)
            for id in ids { state.pending[id] = nil }
            return ids
        }
        for id in ids { port.cancel(id, USBError(.closed, "The program closed the device.")) }
    }

    // MARK: Requests

    private enum Outcome {
        case done
        case failed(Int32)
    }

    private func handle(_ client: Client) {
        let request = Request(UInt32(truncatingIfNeeded: umockdev_ioctl_client_get_request(client)))
        // The client's own: not ours to release.
        guard let argument = umockdev_ioctl_client_get_arg(client) else { return umockdev_ioctl_client_complete(client, -1, EINVAL) }
        switch answer(request, argument, UInt(bitPattern: client)) {
        case .done: umockdev_ioctl_client_complete(client, 0, 0)
        case .failed(let number): umockdev_ioctl_client_complete(client, -1, number)
        }
    }

    private func answer(_ request: Request?, _ argument: Argument, _ client: ClientID) -> Outcome {
        guard let request else { return .failed(ENOTTY) }
        let isOver = state.withLock { $0.isGone || $0.isEmpty }
        if isOver, request != .reap, request != .reapNow, request != .discard { return .failed(ENODEV) }
        switch request {
        case .reap, .reapNow: return reap(argument, client)
        case .discard: return discard(argument.pointee.client_addr, Self.pointer(argument), client)
        case .reset:
            port.reset()
            return .done
        default: break
        }
        guard let body = umockdev_ioctl_data_resolve(argument, 0, request.size, nil) else { return .failed(EFAULT) }
        defer { g_object_unref(body) }
        let number = Self.number(body, 0)
        switch request {
        case .capabilities:
            // ZERO_PACKET, NO_PACKET_SIZE_LIM, REAP_AFTER_DISCONNECT
            Self.update(body, 0, Self.bytes(UInt32(0x01 | 0x04 | 0x10)))
            return .done
        case .claim, .disconnectAndClaim: return claim(number, client)
        case .release:
            return state.withLock { state in
                guard state.claims[number] == client else { return .failed(EINVAL) }
                state.claims[number] = nil
                return .done
            }
        // No kernel driver holds anything.
        case .driver, .driverCall: return .failed(ENODATA)
        case .connection, .setInterface, .setConfiguration, .resetEndpoint: return .done
        case .clearHalt:
            port.submit(
                port.newNumber(),
                .control(USBSetup(requestType: 2, request: 1, value: 0, index: UInt16(truncatingIfNeeded: number), length: 0), data: []),
                owner: nil
            ) { _ in }
            return .done
        case .submit: return submit(body, client)
        default: return .failed(ENOTTY)
        }
    }

    private func claim(_ interface: UInt32, _ client: ClientID) -> Outcome {
        guard port.descriptor.configurations.flatMap(\.interfaces).contains(where: { UInt32($0.number) == interface }) else {
            return .failed(ENOENT)
        }
        return state.withLock { state in
            guard (state.claims[interface] ?? client) == client else { return .failed(EBUSY) }
            state.claims[interface] = client
            return .done
        }
    }

    private func owner(of endpoint: UInt8) -> UInt32? {
        port.descriptor.configurations.flatMap(\.interfaces).first { $0.endpoints.contains { $0.address == endpoint } }
            .map { UInt32($0.number) }
    }

    // MARK: Transfers

    /// struct usbdevfs_urb: type 0, endpoint 1, status 4, buffer 16, buffer_length 24, actual_length 28.
    private func submit(_ block: Argument, _ client: ClientID) -> Outcome {
        guard let data = block.pointee.data, block.pointee.data_len >= 56 else { return .failed(EFAULT) }
        let (type, endpoint) = (data[0], data[1])
        let length = Int(Int32(bitPattern: Self.number(block, 24)))
        guard length >= 0 else { return .failed(EINVAL) }
        let buffer = length > 0 ? umockdev_ioctl_data_resolve(block, 16, gsize(length), nil) : nil
        let content = buffer.map { Array(UnsafeBufferPointer(start: $0.pointee.data, count: length)) } ?? []
        let request: VirtualPort.Request
        let isControl = type == 2
        if isControl {
            guard content.count >= 8 else { return .failed(EINVAL) }
            func two(_ index: Int) -> UInt16 { UInt16(content[index]) | UInt16(content[index + 1]) << 8 }
            let setup = USBSetup(requestType: content[0], request: content[1], value: two(2), index: two(4), length: two(6))
            request = .control(setup, data: setup.isIn ? [] : Array(content.dropFirst(8)))
        } else {
            // usbfs claims by itself what nobody has (devio.c, checkintf).
            guard let owner = owner(of: endpoint) else { return .failed(ENOENT) }
            guard case .done = claim(owner, client) else { return .failed(EBUSY) }
            request = endpoint & 0x80 != 0 ? .in(endpoint, length: length) : .out(endpoint, content)
        }
        g_object_ref(block)
        let transfer = Transfer(
            id: port.newNumber(), client: client, block: block, address: UInt(block.pointee.client_addr), buffer: buffer,
            isIn: isControl ? content[0] & 0x80 != 0 : endpoint & 0x80 != 0, offset: isControl ? 8 : 0, length: length)
        state.withLock { $0.pending[transfer.id] = transfer }
        let id = transfer.id
        port.submit(id, request, owner: nil) { [weak self] in self?.completed(id, $0) }
        return .done
    }

    private func completed(_ id: VirtualPort.TransferID, _ result: Result<[UInt8], USBError>) {
        state.withLock { state in
            guard var transfer = state.pending.removeValue(forKey: id) else { return }
            switch result {
            case .success(let data):
                transfer.data = transfer.isIn ? data : []
                transfer.count = transfer.isIn ? data.count : transfer.length - transfer.offset
            case .failure(let error):
                if error.code == .noDevice { state.isEmpty = true }
                transfer.status =
                    switch error.code {
                    case .stall: -EPIPE
                    case .overflow: -EOVERFLOW
                    case .cancelled: -ENOENT
                    case .noDevice, .closed: -ESHUTDOWN
                    default: -EPROTO
                    }
            }
            state.done.append(transfer)
            if !state.isGone { tcflow(state.slave, TCOON) }
        }
    }

    private func discard(_ own: UInt, _ address: UInt, _ client: ClientID) -> Outcome {
        let id = state.withLock { state in
            state.pending.values.first { $0.client == client && ($0.address == address || $0.address == own) }?.id
        }
        guard let id else { return .failed(EINVAL) }
        port.cancel(id, USBError(.cancelled, "The program gave the transfer up."))
        return .done
    }

    private func reap(_ argument: Argument, _ client: ClientID) -> Outcome {
        let (transfer, isGone) = state.withLock { state -> (Transfer?, Bool) in
            let index = state.done.firstIndex { $0.client == client }
            let transfer = index.map { state.done.remove(at: $0) }
            if state.done.isEmpty, !state.isGone { tcflow(state.slave, TCOOFF) }
            return (transfer, state.isGone)
        }
        guard let transfer else { return .failed(isGone ? ENODEV : EAGAIN) }
        Self.update(transfer.block, 4, Self.bytes(UInt32(bitPattern: transfer.status)))
        Self.update(transfer.block, 28, Self.bytes(UInt32(clamping: transfer.count)))
        if let buffer = transfer.buffer {
            if !transfer.data.isEmpty { Self.update(buffer, transfer.offset, Array(transfer.data.prefix(transfer.length))) }
            g_object_unref(buffer)
        }
        guard let pointer = umockdev_ioctl_data_resolve(argument, 0, 8, nil) else { return .failed(EFAULT) }
        umockdev_ioctl_data_set_ptr(pointer, 0, transfer.block)
        g_object_unref(pointer)
        g_object_unref(transfer.block)
        return .done
    }

    // MARK: The client's memory

    private static func update(_ data: Argument, _ offset: Int, _ bytes: [UInt8]) {
        var bytes = bytes
        umockdev_ioctl_data_update(data, gsize(offset), &bytes, Int32(bytes.count))
    }

    private static func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

    private static func number(_ data: Argument, _ offset: Int) -> UInt32 {
        guard let bytes = data.pointee.data, Int(data.pointee.data_len) >= offset + 4 else { return 0 }
        return (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }

    /// The argument's own eight bytes.
    private static func pointer(_ data: Argument) -> UInt { UInt(number(data, 0)) | UInt(number(data, 4)) << 32 }
}

/// The requests of usbfs that libusb makes (Linux, include/uapi/linux/usbdevice_fs.h).
private enum Request: UInt32 {
    case resetEndpoint = 3
    case setInterface = 4
    case setConfiguration = 5
    case driver = 8
    case submit = 10
    case discard = 11
    case reap = 12
    case reapNow = 13
    case claim = 15
    case release = 16
    case connection = 17
    case driverCall = 18
    case reset = 20
    case clearHalt = 21
    case capabilities = 26
    case disconnectAndClaim = 27

    /// Of an ioctl number: bits 0–7 the request, 8–15 the type, which is U.
    init?(_ number: UInt32) {
        guard number >> 8 & 0xFF == 0x55 else { return nil }
        self.init(rawValue: number & 0xFF)
    }

    /// Bytes of the argument.
    var size: gsize {
        switch self {
        case .setInterface, .connection: 8
        case .driver: 260
        case .submit: 56
        case .driverCall: 16
        case .disconnectAndClaim: 264
        default: 4
        }
    }
}
