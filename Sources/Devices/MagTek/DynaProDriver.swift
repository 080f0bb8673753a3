import USB

/// MagTek's PIN pad DynaPro Mini: PIN entry for online verification, card numbers typed by hand, and its stripe reader.
public struct MagTekPINPadDriver: DeviceDriver {
    public let name = "dynapro"

    public init() {}

    public func recognise(_ info: USBDeviceInfo) -> [DeviceDescription] {
        guard MagTekModel.of(vendorID: info.descriptor.vendorID, productID: info.descriptor.productID)?.kind == .dynaPro else { return [] }
        let finding = HIDInterface.find(in: info.descriptor) == nil ? "The PIN pad has no HID interface." : nil
        return [info.description(.pinpad, driver: name, finding), info.description(.stripe, driver: name, finding)]
    }

    public func open(_ info: USBDeviceInfo, on bus: any USBBus) async throws(DeviceError) -> any OpenDevice {
        let pad = DynaProPad(
            try await HIDDevice.open(info, on: bus), pad: info.description(.pinpad, driver: name),
            stripe: info.description(.stripe, driver: name))
        do throws(DeviceError) {
            try await pad.start()
        } catch {
            await pad.close()
            throw error
        }
        return pad
    }
}

/// An open DynaPro. It reads a card only when it is asked to, so somebody who awaits swipes has it ask.
final class DynaProPad: OpenDevice, PINPad, CardKeypad {
    let device: DeviceDescription
    private let stripe: DeviceDescription
    private let hid: HIDDevice
    private let turns = Turns()

    init(_ hid: HIDDevice, pad: DeviceDescription, stripe: DeviceDescription) {
        self.hid = hid
        device = pad
        self.stripe = stripe
    }

    var descriptions: [DeviceDescription] { [device, stripe] }
    var capabilities: [DeviceCapability] { [.pinpad(self), .keypad(self), .stripe(DynaProStripe(device: stripe, pad: self))] }

    /// Ends whatever session an earlier user of the pad left.
    func start() async throws(DeviceError) { try await command([.cancel], ignoringRefusal: true) }

    func enterOnlinePIN(_ request: PINEntryRequest) async throws(DeviceError) -> PINEntry {
        await turns.take()
        defer { turns.pass() }
        var commands: [DynaProReports.Command] = [.endSession, .sendPAN(request.pan)]
        if let amount = request.amountText { commands.append(.sendAmount(amount)) }
        commands.append(
            .requestPIN(
                seconds: request.seconds, minimum: request.minimumDigits, maximum: request.maximumDigits,
                withAmount: request.amountText != nil))
        // The pad's own time limit comes first.
        let outcome = try await carryOut(commands, .pin, limit: .seconds(min(request.seconds, 255) + 5))
        guard case .pin(let entry) = outcome else { throw DeviceError(.protocolViolation, "the PIN pad answers out of order") }
        return entry
    }

    func enterCard(seconds: Int) async throws(DeviceError) -> KeyedCard {
        await turns.take()
        defer { turns.pass() }
        let outcome = try await carryOut([.requestManualEntry(seconds: seconds)], .keyed, limit: .seconds(min(seconds, 255) + 5))
        guard case .keyed(let card) = outcome else { throw DeviceError(.protocolViolation, "the PIN pad answers out of order") }
        return card
    }

    /// Shows one of the pad's own messages; 0 seconds leave it there.
    func display(_ message: UInt8, seconds: Int) async throws(DeviceError) {
        try await command([.display(message: message, seconds: seconds)])
    }

    func command(_ commands: [DynaProReports.Command], ignoringRefusal: Bool = false) async throws(DeviceError) {
        await turns.take()
        defer { turns.pass() }
        do throws(DeviceError) {
            _ = try await carryOut(commands, .command, limit: .seconds(2))
        } catch {
            if !(ignoringRefusal && (error.code == .refused || error.code == .busy)) { throw error }
        }
    }

    /// One card; `nil` when none was swiped in time.
    func swipe(seconds: Int) async throws(DeviceError) -> StripeRead? {
        await turns.take()
        defer { turns.pass() }
        let outcome = try await carryOut(
            [.requestSwipe(seconds: seconds, chipFailed: false)], .swipe, limit: .seconds(min(seconds, 255) + 5))
        guard case .swipe(let read) = outcome else { return nil }
        return read
    }

    func state() async throws(DeviceError) -> DynaProReports.State {
        await turns.take()
        defer { turns.pass() }
        guard case .state(let state) = try await carryOut([.requestDeviceStatus], .state, limit: .seconds(5)) else {
            throw DeviceError(.protocolViolation, "the PIN pad answers out of order")
        }
        return state
    }

    /// `nil` for what the pad does not have, or does not tell.
    func information(_ information: DynaProReports.Information) async throws(DeviceError) -> String? {
        await turns.take()
        defer { turns.pass() }
        do throws(DeviceError) {
            _ = try await carryOut([.getInformation(information)], .command, limit: .seconds(2))
        } catch {
            guard error.code == .refused else { throw error }
            return nil
        }
        let length = (hid.reports.report(.feature, id: DynaProReports.information)?.byteCount ?? 63) + 1
        do {
            return DynaProReports.text(
                try await hid.getReport(.feature, id: DynaProReports.information, length: length), of: information)
        } catch {
            guard error.code == .stall else { throw DeviceError(error) }
            return nil
        }
    }

    private func carryOut(
        _ commands: [DynaProReports.Command], _ purpose: DynaProExchange.Purpose, limit: Duration
    ) async throws(DeviceError) -> DynaProExchange.Outcome {
        if Task.isCancelled { throw DeviceError(.cancelled, "the command was cancelled") }
        return try await hid.carryOut(DynaProExchange(commands, purpose, limit: limit, descriptor: hid.reports))
    }

    func run() async -> DeviceError { await hid.watch() }

    func close() async { await hid.device.close() }
}

/// The pad's stripe reader, which asks for cards for as long as somebody awaits them.
struct DynaProStripe: StripeReader {
    let device: DeviceDescription
    let pad: DynaProPad

    func swipes() -> AsyncStream<StripeRead> {
        AsyncStream { continuation in
            let task = Task {
                while !Task.isCancelled {
                    do throws(DeviceError) {
                        if let read = try await pad.swipe(seconds: 60) { continuation.yield(read) }
                    } catch {
                        guard error.code == .busy || error.code == .timeout else { break }
                        try? await Task.sleep(for: .seconds(1))
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
