import Hex
import USB

/// The rules of a port with one device in it: who may talk to which endpoint, what waits, what is halted. No clock, no threads.
struct VirtualPortMachine: Sendable {
    struct Transfer: Sendable {
        let id: VirtualPort.TransferID
        let request: VirtualPort.Request
        /// Who asked; `nil` is the kernel behind USB/IP, which keeps its own books of claims.
        let owner: VirtualPort.Owner?
        /// How long it may take, `nil` for ever.
        let timeout: Duration?
        let completion: VirtualPort.Completion
    }

    enum Effect: Sendable {
        case complete(VirtualPort.Completion, Result<[UInt8], USBError>)
        /// `expired` is due after this time unless the timer is stopped.
        case startTimer(VirtualPort.TransferID, Duration)
        case stopTimer(VirtualPort.TransferID)
        /// `begin` is due after this time.
        case delay(VirtualPort.TransferID, Duration)
    }

    let device: any VirtualUSBDevice
    let descriptor: USBDeviceDescriptor
    /// bConfigurationValue in force, 0 when unconfigured.
    var configuration: UInt8
    var alternateSettings: [UInt8: UInt8] = [:]
    var halted: Set<UInt8> = []
    private(set) var faults = ArmedFaults()
    private var claims: [UInt8: VirtualPort.Owner] = [:]
    /// Transfers under way, in the order they were asked for.
    private var waiting: [Transfer] = []
    /// Those of `waiting` that a `.slow` fault still holds back.
    private var delayed: Set<VirtualPort.TransferID> = []
    /// Owners that have closed; late calls of theirs find nothing.
    private var closed: [VirtualPort.Owner: USBError] = [:]
    /// Why there is no device any more.
    private var gone: USBError?

    init(_ device: any VirtualUSBDevice, descriptor: USBDeviceDescriptor) {
        self.device = device
        self.descriptor = descriptor
        configuration = descriptor.configurations.first?.value ?? 0
    }

    // MARK: Transfers

    mutating func submit(_ transfer: Transfer) -> [Effect] {
        if let refusal = refusal(of: transfer) { return [.complete(transfer.completion, .failure(refusal))] }
        var effects: [Effect] = []
        waiting.append(transfer)
        if faults.delay > .zero {
            delayed.insert(transfer.id)
            effects.append(.delay(transfer.id, faults.delay))
        } else {
            effects = serve(transfer.request.endpoint)
        }
        if let timeout = transfer.timeout, waiting.contains(where: { $0.id == transfer.id }) {
            effects.append(.startTimer(transfer.id, timeout))
        }
        return effects
    }

    mutating func begin(_ id: VirtualPort.TransferID) -> [Effect] {
        guard delayed.remove(id) != nil, let transfer = waiting.first(where: { $0.id == id }) else { return [] }
        return serve(transfer.request.endpoint)
    }

    mutating func cancel(_ id: VirtualPort.TransferID, _ error: USBError) -> [Effect] {
        end(error) { $0.id == id }
    }

    /// The device may have something for an endpoint that had nothing.
    mutating func ready(_ endpoint: UInt8) -> [Effect] { gone == nil ? serve(endpoint) : [] }

    // MARK: Claims

    mutating func claim(_ interface: UInt8, by owner: VirtualPort.Owner) throws(USBError) {
        if let refusal = gone ?? closed[owner] { throw refusal }
        guard interfaces.contains(where: { $0.number == interface }) else {
            throw USBError(.notFound, "The device has no interface \(interface).")
        }
        guard (claims[interface] ?? owner) == owner else {
            throw USBError(.busy, "Interface \(interface) is held by another program.", remedy: "Stop the program that holds it.")
        }
        claims[interface] = owner
    }

    mutating func release(_ interface: UInt8, by owner: VirtualPort.Owner) throws(USBError) {
        if let refusal = gone ?? closed[owner] { throw refusal }
        guard claims[interface] == owner else { throw USBError(.notFound, "Interface \(interface) is not claimed.") }
        claims[interface] = nil
    }

    /// Everything of one who closes.
    mutating func end(owner: VirtualPort.Owner, _ error: USBError) -> [Effect] {
        closed[owner] = error
        claims = claims.filter { $0.value != owner }
        return end(error) { $0.owner == owner }
    }

    // MARK: The port

    mutating func arm(_ fault: VirtualFault) -> [Effect] {
        if gone != nil { return [] }
        faults.arm(fault, on: descriptor)
        var effects: [Effect] = []
        for endpoint in Set(waiting.map(\.request.endpoint)) { effects += serve(endpoint) }
        return effects
    }

    /// Bus reset: the device starts anew, claims stay (the kernel rebinds them).
    mutating func reset(notify: @escaping @Sendable (UInt8) -> Void) -> [Effect] {
        if gone != nil { return [] }
        let effects = end(USBError(.cancelled, "The device was reset.")) { _ in true }
        halted = []
        alternateSettings = [:]
        configuration = descriptor.configurations.first?.value ?? 0
        device.detach()
        device.attach(notify: notify)
        return effects
    }

    /// The device goes; `error` is what everybody hears from now on.
    mutating func remove(_ error: USBError) -> [Effect] {
        if gone != nil { return [] }
        gone = error
        device.detach()
        return end(error) { _ in true }
    }

    // MARK: -

    var interfaces: [USBInterfaceDescriptor] {
        descriptor.configurations.first { $0.value == configuration }?.interfaces ?? []
    }

    private mutating func end(_ error: USBError, where isMeant: (Transfer) -> Bool) -> [Effect] {
        let ended = waiting.filter(isMeant)
        waiting.removeAll(where: isMeant)
        return ended.flatMap { finish($0, .failure(error)) }
    }

    private mutating func finish(_ transfer: Transfer, _ result: Result<[UInt8], USBError>) -> [Effect] {
        delayed.remove(transfer.id)
        return [.stopTimer(transfer.id), .complete(transfer.completion, result)]
    }

    private func refusal(of transfer: Transfer) -> USBError? {
        if let refusal = gone ?? transfer.owner.flatMap({ closed[$0] }) { return refusal }
        let endpoint = transfer.request.endpoint
        guard endpoint != 0 else { return nil }
        guard let interface = interfaces.first(where: { $0.endpoints.contains { $0.address == endpoint } }) else {
            return USBError(.notFound, "The device has no endpoint 0x\([endpoint].hex).")
        }
        if let owner = transfer.owner, claims[interface.number] != owner {
            return USBError(.notFound, "Interface \(interface.number) of endpoint 0x\([endpoint].hex) is not claimed.")
        }
        return nil
    }

    /// Transfers of one endpoint are served in their order; the first that has to wait stops those behind it.
    private mutating func serve(_ endpoint: UInt8) -> [Effect] {
        var effects: [Effect] = []
        while let index = waiting.firstIndex(where: { $0.request.endpoint == endpoint }), !delayed.contains(waiting[index].id) {
            let transfer = waiting[index]
            guard let result = attempt(transfer.request) else { break }
            waiting.remove(at: index)
            effects += finish(transfer, result)
        }
        return effects
    }

    /// `nil` when the device is not ready (NAK).
    private mutating func attempt(_ request: VirtualPort.Request) -> Result<[UInt8], USBError>? {
        let endpoint = request.endpoint
        if endpoint != 0, faults.takeStall(endpoint) { halted.insert(endpoint) }
        if halted.contains(endpoint) { return .failure(.stalled(endpoint)) }
        let answer: VirtualTransferResult
        switch request {
        case .control(let setup, let data): answer = standardRequest(setup) ?? device.control(setup, data: data)
        case .out(_, let data): answer = device.out(endpoint, faults.disturb(data, on: endpoint))
        case .in(_, let length): answer = device.take(endpoint, length: length)
        }
        switch (answer, request) {
        case (.pending, _): return nil
        case (.stall, _):
            // A stall of endpoint 0 ends with the next SETUP; any other lasts (USB 2.0, 8.5.3.4 and 5.7.5).
            if endpoint != 0 { halted.insert(endpoint) }
            return .failure(.stalled(endpoint))
        case (.data(let data), .control(let setup, _)):
            return .success(setup.isIn ? Array(data.prefix(Int(setup.length))) : [])
        case (.data, .out): return .success([])
        case (.data(let data), .in(_, let length)):
            guard data.count <= length else {
                return .failure(USBError(.overflow, "The device sent \(data.count) bytes where \(length) were asked for."))
            }
            return .success(faults.disturb(data, on: endpoint))
        }
    }
}

extension USBError {
    static let unplugged = USBError(.noDevice, "The device was unplugged.", remedy: "Plug it in again.")

    static func stalled(_ endpoint: UInt8) -> USBError { USBError(.stall, "Endpoint 0x\([endpoint].hex) answered STALL.") }
}
