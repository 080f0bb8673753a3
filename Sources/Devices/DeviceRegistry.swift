import Listening
import Logging
import Synchronization
import USB

/// Watches buses, has drivers open what they know, and says at any time which devices there are and which of each kind is in
/// service.
///
/// A device that cannot be opened is listed with what is wrong, and tried again every now and then and when it is plugged in again.
public final class DeviceRegistry: DeviceProvider {
    private struct State {
        var listing: DeviceListing
        /// The listing's devices, put in order when they change and not when somebody asks.
        var devices: [DeviceDescription]
        var serving: [DeviceListing.Key: Serving] = [:]
        var nextNumber: UInt64 = 0
        var findings: [String] = []
        var isClosed = false
        var watchers = Listeners<DeviceChange>()
    }

    /// Who serves a place. The number tells a task whether the place is still its own.
    private struct Serving {
        var number: UInt64
        var task: Task<Void, Never>
        /// `false` once the device was unplugged: what the task still says is not heard.
        var isHeard = true
    }

    private let buses: [any USBBus]
    private let drivers: [any DeviceDriver]
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state: Mutex<State>
    private let inService = DevicesInService()
    private let end = Followed(false)

    /// The drivers of this version, in the order of asking.
    /// - Parameter negotiatesRates: see `CCIDDriver`.
    public static func standardDrivers(negotiatesRates: Bool = false) -> [any DeviceDriver] {
        [
            CCIDDriver(negotiatesRates: negotiatesRates), MagTekStripeDriver(), MagTekPINPadDriver(), IDTechStripeDriver(),
            SmartPINDriver(), ViVODriver(),
            ESCPOSDriver(),
        ]
    }

    /// - Parameter clock: times the pauses before a device that failed is tried again.
    public init(
        buses: [any USBBus], roles: DeviceRoles = DeviceRoles(), drivers: [any DeviceDriver] = DeviceRegistry.standardDrivers(),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger = Logger(label: "devices")
    ) {
        self.buses = buses
        self.clock = clock
        self.drivers = drivers
        self.logger = logger
        let listing = DeviceListing(roles: roles)
        state = Mutex(State(listing: listing, devices: listing.devices))
    }

    // MARK: What there is

    public var devices: [DeviceDescription] { state.withLock { $0.devices } }

    /// What is wrong with a bus itself, for example that the system has no USB.
    public var findings: [String] { state.withLock { $0.findings } }

    public func chipReaders() -> AsyncStream<(any ChipReader)?> { inService.chip.stream() }
    public func stripeReaders() -> AsyncStream<(any StripeReader)?> { inService.stripe.stream() }
    public func contactlessReaders() -> AsyncStream<(any ContactlessReader)?> { inService.contactless.stream() }
    public func pinPads() -> AsyncStream<(any PINPad)?> { inService.pinpad.stream() }
    public func printers() -> AsyncStream<(any Printer)?> { inService.printer.stream() }
    public func cardKeypads() -> AsyncStream<(any CardKeypad)?> { inService.keypad.stream() }

    /// Every device listed now as `.arrived`, then every change. Each call makes an independent stream; it ends with `close()`.
    public func changes() -> AsyncStream<DeviceChange> {
        state.withLock { state in
            state.watchers.add(first: state.listing.devices.filter { $0.state != .absent }.map { .arrived($0) })
        }
    }

    /// For tests: places that a driver serves or is about to.
    var servedCount: Int { state.withLock { $0.serving.count } }

    // MARK: Life

    /// Watches the buses until the task is cancelled or `close()` is called; then all devices are closed.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for (number, bus) in buses.enumerated() { group.addTask { await self.watch(bus, number) } }
            // A bus that ends or could not be watched does not end the registry.
            for await isOver in end.stream() where isOver { break }
            group.cancelAll()
        }
        await close()
    }

    /// Closes all devices and ends the streams. The buses stay open: they belong to who made them.
    public func close() async {
        let tasks = state.withLock { state in
            state.isClosed = true
            tell(&state, .closed)
            state.watchers.finish()
            return state.serving.values.map(\.task)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        inService.finish()
        end.finish(true)
    }

    // MARK: Watching

    private func watch(_ bus: any USBBus, _ number: Int) async {
        do {
            for await event in try await bus.events() {
                switch event {
                case .attached(let info): attached(info, bus, number)
                case .detached(let path): detached(path, number)
                }
            }
        } catch {
            logger.error("bus cannot be watched", metadata: ["error": "\(error)"])
            state.withLock { $0.findings.append("\(error.message)" + (error.remedy.map { " \($0)" } ?? "")) }
        }
    }

    private func attached(_ info: USBDeviceInfo, _ bus: any USBBus, _ number: Int) {
        for driver in drivers where !driver.recognise(info).isEmpty {
            let key = DeviceListing.Key(bus: number, path: info.path, driver: driver.name)
            state.withLock { state in
                guard !state.isClosed else { return }
                state.nextNumber += 1
                let number = state.nextNumber
                let previous = state.serving[key]?.task
                previous?.cancel()
                let task = Task {
                    // The one before must have let go of the device.
                    await previous?.value
                    await self.serve(key, number, info, driver, bus)
                    self.state.withLock { state in
                        if state.serving[key]?.number == number { state.serving[key] = nil }
                    }
                }
                state.serving[key] = Serving(number: number, task: task)
            }
        }
    }

    private func detached(_ path: USBBusPath, _ number: Int) {
        state.withLock { state in
            for (key, serving) in state.serving where key.bus == number && key.path == path {
                serving.task.cancel()
                state.serving[key]?.isHeard = false
            }
            for key in drivers.map({ DeviceListing.Key(bus: number, path: path, driver: $0.name) }) { tell(&state, .unplugged(key)) }
        }
    }

    private func serve(_ key: DeviceListing.Key, _ number: UInt64, _ info: USBDeviceInfo, _ driver: any DeviceDriver, _ bus: any USBBus)
        async
    {
        let recognised = driver.recognise(info)
        guard recognised.contains(where: { $0.state == .ready }) else { return list(key, number, info, recognised) }
        guard !Task.isCancelled else { return }
        var pause = Self.firstPause
        while !Task.isCancelled {
            let device: any OpenDevice
            do {
                device = try await driver.open(info, on: bus)
            } catch {
                list(key, number, info, recognised.map { $0.failed(error) })
                guard error.code != .unsupported else { return }
                try? await clock.sleep(for: pause)
                pause = min(pause * 2, Self.longestPause)
                continue
            }
            if await serve(key, number, info, device) { return }
            pause = Self.firstPause
            try? await clock.sleep(for: pause)
        }
    }

    /// How long a device that could not be opened, or failed, is left alone before it is tried again while it stays plugged in: whoever held it may
    /// have let go, and its permissions may have come.
    private static let firstPause = Duration.seconds(2)
    private static let longestPause = Duration.seconds(60)

    /// Until the device ends. Answers whether it is gone.
    private func serve(_ key: DeviceListing.Key, _ number: UInt64, _ info: USBDeviceInfo, _ device: any OpenDevice) async -> Bool {
        list(key, number, info, device.descriptions, device.capabilities)
        let reason = await device.run()
        // First nobody may choose the device any more, then it is closed.
        if reason.code == .deviceGone {
            withdraw(key, number)
        } else {
            list(key, number, info, device.descriptions.map { $0.failed(reason) })
        }
        await device.close()
        return reason.code == .deviceGone
    }

    private func list(
        _ key: DeviceListing.Key, _ number: UInt64, _ info: USBDeviceInfo, _ devices: [DeviceDescription],
        _ capabilities: [DeviceCapability] = []
    ) {
        let devices = devices.map { device in
            var device = device
            device.firmware = device.firmware ?? info.descriptor.releaseText
            return device
        }
        state.withLock { state in
            guard !state.isClosed, let serving = state.serving[key], serving.number == number, serving.isHeard else { return }
            tell(&state, .listed(key, devices, capabilities))
        }
    }

    private func withdraw(_ key: DeviceListing.Key, _ number: UInt64) {
        state.withLock { state in
            guard state.serving[key]?.number == number else { return }
            tell(&state, .unplugged(key))
        }
    }

    /// Under the lock, so that everybody hears the changes in one order.
    private func tell(_ state: inout State, _ event: DeviceListing.Event) {
        let actions = state.listing.on(event)
        state.devices = state.listing.devices
        for action in actions {
            switch action {
            case .tell(let change):
                log(change)
                state.watchers.tell(change)
            case .inService(let purpose, let capability): inService.put(capability, for: purpose)
            }
        }
    }

    private func log(_ change: DeviceChange) {
        let device = change.device
        logger.info(
            "device",
            metadata: [
                "model": "\(device.model)", "path": "\(device.path)", "state": "\(device.state.rawValue)",
                "finding": "\(device.finding ?? "")",
            ])
    }
}

extension DeviceDescription {
    func failed(_ error: DeviceError) -> DeviceDescription {
        var device = self
        guard device.state == .ready else { return device }
        device.state = error.code == .noPermission ? .noPermission : .fault
        device.finding = error.message + (error.remedy.map { " \($0)" } ?? "")
        return device
    }
}
