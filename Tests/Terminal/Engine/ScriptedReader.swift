import Devices
import SmartCard
import Synchronization
import USB

/// A slot in which a test puts cards. Its cards answer as `card` says, by default 9000 to everything.
final class ScriptedReader: SecurePINReader {
    typealias Answer = @Sendable (_ command: Int) async throws(DeviceError) -> ResponseAPDU

    fileprivate struct State {
        var insertion = 0
        var presence = CardPresence.absent
        var watchers: [AsyncStream<CardPresence>.Continuation] = []
        var commands = 0
        var typed = PINVerificationOutcome.answered(ResponseAPDU(status: .success))
    }

    let device = DeviceDescription(
        kind: .chip, model: "Scripted", serialNumber: "1", vendorID: 1, productID: 1, path: USBBusPath("1-1"), driver: "test", state: .ready
    )
    /// "on", "off" and the number of each command.
    let log = Awaitable<String>()
    fileprivate let state = Mutex(State())
    private let card: Answer

    init(card: @escaping Answer = { _ throws(DeviceError) in ResponseAPDU(status: .success) }) { self.card = card }

    func cardPresence() -> AsyncStream<CardPresence> {
        let (stream, continuation) = AsyncStream<CardPresence>.makeStream()
        state.withLock { state in
            state.watchers.append(continuation)
            continuation.yield(state.presence)
        }
        return stream
    }

    func insert() {
        state.withLock { state in
            state.insertion += 1
            state.set(.present(insertion: state.insertion))
        }
    }

    func remove() { state.withLock { $0.set(.absent) } }

    func unplug() {
        state.withLock { state in
            for watcher in state.watchers { watcher.finish() }
            state.watchers = []
        }
    }

    func powerOn() async throws(DeviceError) -> [UInt8] {
        log.append("on")
        return [0x3B, 0x00]
    }

    let securePIN = SecurePINCapability(plaintext: true, enciphered: false)

    /// What the cardholder will type.
    func types(_ outcome: PINVerificationOutcome) { state.withLock { $0.typed = outcome } }

    func verifyPIN(_ verification: PINVerification) async throws(DeviceError) -> PINVerificationOutcome {
        log.append("PIN")
        return state.withLock { $0.typed }
    }

    func powerOff() async { log.append("off") }

    func transmit(_ command: CommandAPDU) async throws(DeviceError) -> ResponseAPDU {
        let number = state.withLock { state in
            state.commands += 1
            return state.commands
        }
        log.append("\(number)")
        return try await card(number)
    }
}

extension ScriptedReader.State {
    fileprivate mutating func set(_ presence: CardPresence) {
        self.presence = presence
        for watcher in watchers { watcher.yield(presence) }
    }
}

/// One reader, or none.
final class ScriptedDevices: DeviceProvider {
    private let readers: (stream: AsyncStream<(any ChipReader)?>, continuation: AsyncStream<(any ChipReader)?>.Continuation)
    private let reader: ScriptedReader?
    private let pad: (any PINPad)?

    init(_ reader: ScriptedReader?, pad: (any PINPad)? = nil) {
        self.reader = reader
        self.pad = pad
        readers = AsyncStream.makeStream()
        readers.continuation.yield(reader)
    }

    var devices: [DeviceDescription] { reader.map { [$0.device] } ?? [] }
    func chipReaders() -> AsyncStream<(any ChipReader)?> { readers.stream }
    func pinPads() -> AsyncStream<(any PINPad)?> {
        AsyncStream { continuation in
            continuation.yield(pad)
            continuation.finish()
        }
    }
    func plug(_ reader: (any ChipReader)?) { readers.continuation.yield(reader) }

    private let stripes: (stream: AsyncStream<(any StripeReader)?>, continuation: AsyncStream<(any StripeReader)?>.Continuation) =
        AsyncStream.makeStream()
    private let taps: (stream: AsyncStream<(any ContactlessReader)?>, continuation: AsyncStream<(any ContactlessReader)?>.Continuation) =
        AsyncStream.makeStream()
    private let papers: (stream: AsyncStream<(any Printer)?>, continuation: AsyncStream<(any Printer)?>.Continuation) =
        AsyncStream.makeStream()

    func stripeReaders() -> AsyncStream<(any StripeReader)?> { stripes.stream }
    func contactlessReaders() -> AsyncStream<(any ContactlessReader)?> { taps.stream }
    func printers() -> AsyncStream<(any Printer)?> { papers.stream }

    private let keypads: (stream: AsyncStream<(any CardKeypad)?>, continuation: AsyncStream<(any CardKeypad)?>.Continuation) =
        AsyncStream.makeStream()
    func cardKeypads() -> AsyncStream<(any CardKeypad)?> { keypads.stream }
    func plug(keypad: (any CardKeypad)?) { keypads.continuation.yield(keypad) }

    func plug(stripe: (any StripeReader)?, contactless: (any ContactlessReader)?, printer: (any Printer)?) {
        stripes.continuation.yield(stripe)
        taps.continuation.yield(contactless)
        papers.continuation.yield(printer)
    }
}

final class ScriptedDisplay: CardholderDisplay {
    let shown = Awaitable<DisplayMessage>()
    private let buttons: (stream: AsyncStream<CardholderAnswer>, continuation: AsyncStream<CardholderAnswer>.Continuation)?

    private let keyboard: DisplayAbilities

    init(hasButtons: Bool = false, hasKeyboard: Bool = false) {
        buttons = hasButtons ? AsyncStream.makeStream() : nil
        keyboard = hasKeyboard ? .entry : []
    }

    func show(_ message: DisplayMessage) async { shown.append(message) }
    var abilities: DisplayAbilities { buttons == nil ? [] : keyboard.union(.buttons) }
    func answers() -> AsyncStream<CardholderAnswer>? { buttons?.stream }
    func press(_ text: String) { answer(CardholderAnswer(.pressed(text))) }
    func answer(_ answer: CardholderAnswer) { buttons?.continuation.yield(answer) }
}
