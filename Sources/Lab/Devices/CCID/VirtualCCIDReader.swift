import Synchronization
import USB

/// A chip reader that exists only as descriptors, endpoints and messages: CCID at every exchange level, with a PIN pad
/// where its profile has one.
public final class VirtualCCIDReader: VirtualUSBDevice {
    public let profile: CCIDReaderProfile
    private let inside: Mutex<Inside>
    private let clock: any Clock<Duration>

    private struct Inside {
        var model: CCIDReaderModel
        var notify: (@Sendable (UInt8) -> Void)?
        var onVanish: (@Sendable () -> Void)?
        var onPINEntry: (@Sendable () -> Void)?
    }

    /// - Parameters:
    ///   - pinKeys: for online PINs of the lab's PIN pad; AES keys of a new device when there are none.
    ///   - clock: times the fault `.slow` and PIN entry.
    public init(
        _ profile: CCIDReaderProfile = CCIDReaderProfile(), pinKeys: PINPadKeys? = nil, clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.profile = profile
        self.clock = clock
        let keys = pinKeys ?? (profile.hasLabPINPad ? try? .aes(serial: Self.padSerial) : nil)
        inside = Mutex(Inside(model: CCIDReaderModel(profile, pinKeys: keys)))
    }

    /// KSN of a pad that was never used: initial key id and counter.
    private static let padSerial: [UInt8] = [
        0x4C, 0x41, 0x42, 0x00, 0x00, 0x00, 0x00, 0x01, 0, 0, 0, 0,
    ]

    // MARK: What people do with it

    /// Puts a card in; one that is there is pulled first. Must not be called by a card that is being asked.
    public func insert(_ card: any VirtualCard, slot: Int = 0) { change { $0.insert(card, slot) } }

    public func remove(slot: Int = 0) { change { $0.remove(slot) } }

    public func card(slot: Int = 0) -> (any VirtualCard)? {
        inside.withLock { $0.model.slots.indices.contains(slot) ? $0.model.slots[slot].card : nil }
    }

    /// A key of the PIN pad; lost when no PIN is asked for.
    /// F and D, as in TA1, at which card and reader speak in a slot; `nil` without power or when they are at different ones.
    public func rates(slot: Int = 0) -> UInt8? {
        inside.withLock { inside in
            guard inside.model.slots.indices.contains(slot) else { return nil }
            let slot = inside.model.slots[slot]
            return slot.isPowered && slot.parameters[0] == slot.rates.active ? slot.rates.active : nil
        }
    }

    public func press(_ key: PINPadKey) { change { $0.press(key) } }

    public func type(_ digits: [UInt8]) { for digit in digits { press(.digit(digit)) } }

    /// Whether somebody is to type a PIN, and how many digits are there.
    public var pinEntry: (isOpen: Bool, digits: Int) {
        inside.withLock { ($0.model.pinCommand != nil, $0.model.pinCommand?.entry.count ?? 0) }
    }

    /// The next commands go wrong, in this order; with `messageType` only commands of that type (bMessageType) count.
    public func inject(_ fault: CCIDReaderFault, on messageType: UInt8? = nil, times: Int = 1) {
        inside.withLock { inside in
            for _ in 0..<max(0, times) { inside.model.faults.append((fault, messageType)) }
        }
    }

    public func clearFaults() { inside.withLock { $0.model.faults = [] } }

    /// Commands that are held and not carried out yet.
    public var heldCount: Int { inside.withLock { $0.model.held.count } }

    public func releaseHeld() { change { model -> [CCIDReaderModel.Effect] in model.releaseHeld() } }

    /// Any bytes as a message of the interrupt endpoint.
    public func sendNotice(_ bytes: [UInt8]) { change { $0.notices.append(bytes) } }

    /// What happens when the fault `.vanish` strikes, for example pulling the plug.
    public func onVanish(_ handler: @escaping @Sendable () -> Void) { inside.withLock { $0.onVanish = handler } }

    /// What happens when the reader begins to wait for a PIN.
    public func onPINEntry(_ handler: @escaping @Sendable () -> Void) { inside.withLock { $0.onPINEntry = handler } }

    // MARK: VirtualUSBDevice

    public var deviceDescriptor: [UInt8] { profile.deviceDescriptor }
    public var configurationDescriptor: [UInt8] { profile.configurationDescriptor }
    public var strings: [UInt8: String] { [1: profile.manufacturer, 2: profile.product, 3: profile.serialNumber] }

    public func attach(notify: @escaping @Sendable (UInt8) -> Void) {
        inside.withLock { inside in
            inside.notify = notify
            // Cards were put in without power; nobody was told of that.
            inside.model.notices = []
            if profile.announcesAtPowerUp { inside.model.notify(inside.model.slots.indices.filter { inside.model.slots[$0].card != nil }) }
        }
    }

    public func detach() {
        inside.withLock { inside in
            inside.notify = nil
            inside.model.powerLost()
        }
    }

    public func control(_ setup: USBSetup, data: [UInt8]) -> VirtualTransferResult {
        switch (setup.requestType, setup.request) {
        case (0x21, 0x01):
            change { $0.abortRequest(sequence: UInt8(setup.value >> 8), slot: Int(setup.value & 0xFF)) }
            return .accepted
        // Neither a list of clocks nor of data rates (bNumClockSupported and bNumDataRatesSupported are 0).
        default: return .stall
        }
    }

    public func out(_ endpoint: UInt8, _ data: [UInt8]) -> VirtualTransferResult {
        guard endpoint == CCIDReaderProfile.bulkOut else { return .stall }
        var result = VirtualTransferResult.stall
        change { model in
            let (answer, effects) = model.out(data)
            result = answer
            return effects
        }
        return result
    }

    public func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult {
        inside.withLock { inside in
            switch endpoint {
            case CCIDReaderProfile.bulkIn: inside.model.take(length)
            case CCIDReaderProfile.interruptIn: inside.model.takeNotice()
            default: .stall
            }
        }
    }

    // MARK: -

    private func change(_ body: (inout CCIDReaderModel) -> Void) {
        change { model -> [CCIDReaderModel.Effect] in
            body(&model)
            return []
        }
    }

    /// The port may ask for data while it is told that there is some, so it is told outside the lock.
    private func change(_ body: (inout CCIDReaderModel) -> [CCIDReaderModel.Effect]) {
        let (effects, notify, onVanish, ready) = inside.withLock { inside in
            let effects = body(&inside.model)
            var ready: [UInt8] = []
            if !inside.model.answers.isEmpty || inside.model.stallsIn > 0 { ready.append(CCIDReaderProfile.bulkIn) }
            if !inside.model.notices.isEmpty { ready.append(CCIDReaderProfile.interruptIn) }
            return (effects, inside.notify, inside.onVanish, ready)
        }
        for endpoint in ready { notify?(endpoint) }
        for effect in effects {
            switch effect {
            // Later: the port that passes the command on must have let go before its plug can be pulled.
            case .vanished: if let onVanish { Task { onVanish() } }
            case .release(let number, let delay):
                let clock = clock
                Task { [weak self] in
                    try? await clock.sleep(for: delay)
                    self?.change { model -> [CCIDReaderModel.Effect] in model.releaseHeld(number) }
                }
            case .pinTimeout(let number, let limit):
                if let asked = inside.withLock({ $0.onPINEntry }) { Task { asked() } }
                let clock = clock
                Task { [weak self] in
                    try? await clock.sleep(for: limit)
                    self?.change { $0.pinTimeIsUp(number) }
                }
            }
        }
    }
}
