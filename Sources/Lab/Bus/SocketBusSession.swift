import Synchronization
import USB

/// The lab's end of one terminal's connection: what it has open and what is under way.
final class SocketBusSession: Sendable {
    private struct State {
        var devices: [UInt32: any USBDevice] = [:]
        var nextDevice: UInt32 = 1
        var underway: [UInt32: Task<Void, Never>] = [:]
        var events: Task<Void, Never>?
        /// Closes what was open; there once the connection has ended.
        var leaving: Task<Void, Never>?
    }

    private let bus: any USBBus
    private let connection: BusConnection
    private let state = Mutex(State())

    init(_ bus: any USBBus, _ connection: BusConnection) {
        self.bus = bus
        self.connection = connection
    }

    /// - Parameter onEnd: called when the connection is gone and everything closed; with what was malformed, if that was why.
    func start(
        onSide: @escaping @Sendable ([UInt8]) -> Void, onEnd: @escaping @Sendable (SocketBusSession, String?) -> Void
    ) throws(USBError) {
        let events = Task { [bus, connection] in
            guard let events = try? await bus.events() else { return connection.close() }
            for await event in events {
                switch event {
                case .attached(let info): connection.send(.attached(info))
                case .detached(let path): connection.send(.detached(path))
                }
            }
        }
        state.withLock { $0.events = events }
        // The connection's thread keeps the session alive until it ends.
        do throws(USBError) {
            try listen(onSide, onEnd)
        } catch {
            events.cancel()
            throw error
        }
    }

    private func listen(
        _ onSide: @escaping @Sendable ([UInt8]) -> Void, _ onEnd: @escaping @Sendable (SocketBusSession, String?) -> Void
    ) throws(USBError) {
        try connection.start(
            "lab-bus-peer",
            onFrame: { [self] frame in
                switch frame {
                case .open(let tag, let path): run(tag) { [self] () throws(USBError) in try await open(tag, path) }
                case .call(let tag, let device, .exchange(let exchange)):
                    run(tag) { [self] () throws(USBError) in try await perform(exchange, device, tag) }
                case .call(let tag, let device, let call):
                    run(tag) { [self] () throws(USBError) in .done(tag: tag, try await perform(call, device)) }
                case .cancel(let tag): state.withLock { $0.underway[tag] }?.cancel()
                case .side(let message): onSide(message)
                case .attached, .detached, .opened, .done, .failed, .notSent:
                    // Only the lab says these.
                    connection.close()
                }
            },
            onEnd: { [self] reason in
                leave { onEnd(self, reason) }
            })
    }

    func sendSide(_ message: [UInt8]) { connection.send(.side(message)) }

    func close() async {
        connection.close()
        await connection.ended()
        await state.withLock { $0.leaving }?.value
    }

    /// One task a request. A tag that is still under way is used twice only by a broken peer.
    private func run(_ tag: UInt32, _ body: @escaping @Sendable () async throws(USBError) -> BusFrame) {
        let isAccepted = state.withLock { state in
            guard state.underway[tag] == nil, state.leaving == nil else { return false }
            state.underway[tag] = Task {
                let answer: BusFrame
                do throws(USBError) {
                    answer = try await body()
                } catch {
                    answer = .failed(tag: tag, error)
                }
                self.state.withLock { $0.underway[tag] = nil }
                self.connection.send(answer)
            }
            return true
        }
        if !isAccepted { connection.close() }
    }

    private func open(_ tag: UInt32, _ path: USBBusPath) async throws(USBError) -> BusFrame {
        let device = try await bus.open(path)
        let number: UInt32? = state.withLock { state in
            guard state.leaving == nil else { return nil }
            defer { state.nextDevice &+= 1 }
            state.devices[state.nextDevice] = device
            return state.nextDevice
        }
        guard let number else {
            await device.close()
            throw .deviceClosed
        }
        return .opened(tag: tag, device: number, device.info)
    }

    private func perform(_ exchange: USBExchange, _ number: UInt32, _ tag: UInt32) async throws(USBError) -> BusFrame {
        guard let device = state.withLock({ $0.devices[number] }) else { return .notSent(tag: tag, .deviceClosed) }
        switch await device.exchange(exchange) {
        case .answered(let bytes): return .done(tag: tag, bytes)
        case .notSent(let error): return .notSent(tag: tag, error)
        case .notAnswered(let error): throw error
        }
    }

    private func perform(_ call: BusCall, _ number: UInt32) async throws(USBError) -> [UInt8] {
        if call == .close {
            await state.withLock { $0.devices.removeValue(forKey: number) }?.close()
            return []
        }
        guard let device = state.withLock({ $0.devices[number] }) else { throw .deviceClosed }
        switch call {
        case .claim(let interface): try await device.claim(interface: interface)
        case .release(let interface): try await device.release(interface: interface)
        case .control(let setup, let data, let timeout):
            return try await device.control(setup, data: data, timeout: timeout ?? .seconds(Int32.max))
        case .bulkOut(let endpoint, let data, let timeout):
            try await device.bulkOut(endpoint, data, timeout: timeout ?? .seconds(Int32.max))
        case .bulkIn(let endpoint, let length, let timeout):
            return try await device.bulkIn(endpoint, length: Int(length), timeout: timeout ?? .seconds(Int32.max))
        case .interruptIn(let endpoint, let length, let timeout):
            return try await device.interruptIn(endpoint, length: Int(length), timeout: timeout)
        case .clearHalt(let endpoint): try await device.clearHalt(endpoint)
        case .reset: try await device.reset()
        case .close, .exchange: break
        }
        return []
    }

    /// The terminal is gone: nothing it had stays.
    private func leave(_ isDone: @escaping @Sendable () -> Void) {
        let tasks = state.withLock { state in
            let devices = Array(state.devices.values)
            state.devices = [:]
            state.leaving = Task {
                for device in devices { await device.close() }
                isDone()
            }
            defer { state.events = nil }
            return Array(state.underway.values) + (state.events.map { [$0] } ?? [])
        }
        for task in tasks { task.cancel() }
    }
}
