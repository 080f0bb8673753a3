import Synchronization
import USB

/// One plug-in of one virtual device: serialises access to the model, answers standard requests, keeps what waits, and ends it when the
/// time is up, the asker gives up or the plug is pulled. Every bus that serves models (in memory, over the socket, USB/IP) does it through
/// a port.
public final class VirtualPort: Sendable {
    public typealias TransferID = UInt64
    /// One who has the device open.
    public typealias Owner = UInt64
    /// Called once, from any thread.
    public typealias Completion = @Sendable (Result<[UInt8], USBError>) -> Void

    public enum Request: Sendable, Hashable {
        case control(USBSetup, data: [UInt8])
        /// `endpoint` is the address, bit 7 clear. The model is offered the data again after `.pending`.
        case out(_ endpoint: UInt8, [UInt8])
        /// `endpoint` with bit 7 set.
        case `in`(_ endpoint: UInt8, length: Int)

        var endpoint: UInt8 {
            switch self {
            case .control: 0
            case .out(let endpoint, _), .in(let endpoint, _): endpoint
            }
        }
    }

    /// What the device's descriptors say; parsed once.
    public let descriptor: USBDeviceDescriptor
    private let clock: any Clock<Duration>
    private let machine: Mutex<VirtualPortMachine>
    private let doorbell = Mutex(Doorbell())
    private let timers = Mutex<[TransferID: Task<Void, Never>]>([:])
    private let numbers = Atomic<UInt64>(1)
    private let removal = Mutex(Removal())

    private struct Removal {
        var isOver = false
        var handlers: [@Sendable () -> Void] = []
    }

    /// A model may say "ready" while it is being called, when `machine` is locked: such calls are noted and served by whoever leaves last.
    private struct Doorbell {
        var ready: Set<UInt8> = []
        var inside = 0
    }

    /// Plugs the device in. Throws `.malformedDescriptor` when no host could understand its descriptors.
    public init(_ device: any VirtualUSBDevice, clock: any Clock<Duration> = ContinuousClock()) throws(USBError) {
        descriptor = try USBDeviceDescriptor(parsing: device.deviceDescriptor + device.configurationDescriptor)
        self.clock = clock
        machine = Mutex(VirtualPortMachine(device, descriptor: descriptor))
        device.attach { [weak self] endpoint in self?.ring(endpoint) }
    }

    /// A number for an owner or a transfer that no other has.
    public func newNumber() -> UInt64 { numbers.wrappingAdd(1, ordering: .relaxed).oldValue }

    // MARK: Transfers

    /// Starts a transfer; `completion` may be called before this returns.
    public func submit(
        _ id: TransferID, _ request: Request, owner: Owner?, timeout: Duration? = nil, completion: @escaping Completion
    ) {
        let transfer = VirtualPortMachine.Transfer(id: id, request: request, owner: owner, timeout: timeout, completion: completion)
        run { machine in machine.submit(transfer) }
    }

    /// Ends a transfer with `error`; nothing happens when it has ended.
    public func cancel(_ id: TransferID, _ error: USBError) {
        run { machine in machine.cancel(id, error) }
    }

    /// A transfer as a call: time limit from the port's clock, `.cancelled` when the task is cancelled.
    public func transfer(_ request: Request, owner: Owner?, timeout: Duration?) async throws(USBError) -> [UInt8] {
        let id = newNumber()
        let cancelled = USBError(.cancelled, "The transfer was cancelled.")
        let result: Result<[UInt8], USBError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit(id, request, owner: owner, timeout: timeout) { continuation.resume(returning: $0) }
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled { cancel(id, cancelled) }
            }
        } onCancel: {
            cancel(id, cancelled)
        }
        return try result.get()
    }

    // MARK: Claims and the port

    public func claim(_ interface: UInt8, by owner: Owner) throws(USBError) {
        try machine.withLock { machine throws(USBError) in try machine.claim(interface, by: owner) }
    }

    public func release(_ interface: UInt8, by owner: Owner) throws(USBError) {
        try machine.withLock { machine throws(USBError) in try machine.release(interface, by: owner) }
    }

    /// Gives up an owner's claims and ends its transfers with `error`.
    public func end(owner: Owner, _ error: USBError) {
        run { machine in machine.end(owner: owner, error) }
    }

    public func inject(_ fault: VirtualFault) {
        run { machine in machine.arm(fault) }
    }

    /// Bus reset. Transfers under way end with `.cancelled`, claims stay.
    public func reset() {
        run { machine in machine.reset { [weak self] endpoint in self?.ring(endpoint) } }
    }

    /// Pulls the plug: the model is told, transfers under way and all later ones end with `.noDevice`.
    public func unplug() { remove(.unplugged) }

    /// The same with another reason, when it is not the plug that is pulled.
    func remove(_ error: USBError) {
        run { machine in machine.remove(error) }
        let handlers = removal.withLock { removal in
            removal.isOver = true
            defer { removal.handlers = [] }
            return removal.handlers
        }
        for handler in handlers { handler() }
    }

    /// Calls `handler` once when the device is gone, at once where it is already.
    func whenRemoved(_ handler: @escaping @Sendable () -> Void) {
        let isOver = removal.withLock { removal in
            if !removal.isOver { removal.handlers.append(handler) }
            return removal.isOver
        }
        if isOver { handler() }
    }

    // MARK: -

    private func ring(_ endpoint: UInt8) {
        doorbell.withLock { _ = $0.ready.insert(endpoint) }
        answerDoorbell()
    }

    private func run(_ body: (inout VirtualPortMachine) -> [VirtualPortMachine.Effect]) {
        doorbell.withLock { $0.inside += 1 }
        let effects = machine.withLock { body(&$0) }
        doorbell.withLock { $0.inside -= 1 }
        effects.forEach(carryOut)
        answerDoorbell()
    }

    private func answerDoorbell() {
        while true {
            let ready: Set<UInt8> = doorbell.withLock { bell in
                guard bell.inside == 0, !bell.ready.isEmpty else { return [] }
                defer { bell.ready = [] }
                bell.inside += 1
                return bell.ready
            }
            if ready.isEmpty { return }
            let effects = machine.withLock { machine in ready.sorted().flatMap { machine.ready($0) } }
            doorbell.withLock { $0.inside -= 1 }
            effects.forEach(carryOut)
        }
    }

    private func carryOut(_ effect: VirtualPortMachine.Effect) {
        switch effect {
        case .complete(let completion, let result): completion(result)
        case .startTimer(let id, let limit):
            let clock = clock
            timers.withLock { timers in
                timers[id] = Task { [weak self] in
                    guard (try? await clock.sleep(for: limit)) != nil, let self else { return }
                    self.timers.withLock { _ = $0.removeValue(forKey: id) }
                    self.cancel(id, USBError(.timeout, "The device did not answer in \(limit)."))
                }
            }
        case .stopTimer(let id):
            timers.withLock { $0.removeValue(forKey: id) }?.cancel()
        case .delay(let id, let delay):
            let clock = clock
            Task { [weak self] in
                try? await clock.sleep(for: delay)
                self?.run { machine in machine.begin(id) }
            }
        }
    }
}
