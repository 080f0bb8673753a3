import SmartCard
import USB

/// Who a device is, for people and for configuration that pins devices to roles.
public struct DeviceDescription: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable { case chip, stripe, contactless, pinpad, printer }
    public enum State: String, Sendable { case ready, absent, fault, noPermission }

    public var kind: Kind
    public var model: String
    public var serialNumber: String?
    public var vendorID: UInt16
    public var productID: UInt16
    public var path: USBBusPath
    public var driver: String
    public var state: State
    /// What is wrong and what to do, when `state` is not `.ready`.
    public var finding: String?
    /// As the device writes it, or its USB release number.
    public var firmware: String?

    public init(
        kind: Kind, model: String, serialNumber: String?, vendorID: UInt16, productID: UInt16, path: USBBusPath, driver: String,
        state: State,
        finding: String? = nil
    ) {
        self.kind = kind
        self.model = model
        self.serialNumber = serialNumber
        self.vendorID = vendorID
        self.productID = productID
        self.path = path
        self.driver = driver
        self.state = state
        self.finding = finding
    }
}

/// Whether a card is in a slot. `insertion` counts insertions since the reader was opened, so that the terminal can tell a card that already
/// served a transaction from the same or another card put in again.
public enum CardPresence: Sendable, Hashable {
    case absent
    case present(insertion: Int)
}

/// One contact slot: a device that can power a card and exchange APDUs with it.
public protocol ChipReader: Sendable {
    var device: DeviceDescription { get }
    /// The presence now, then every change; ends when the reader is gone. Each call makes an independent stream.
    func cardPresence() -> AsyncStream<CardPresence>
    /// Cold reset; the answer to reset as the card sent it.
    func powerOn() async throws(DeviceError) -> [UInt8]
    func powerOff() async
    /// One command, one response; 61xx and 6Cxx are already dealt with (EMV Level 1, 9.3.1.2).
    func transmit(_ command: CommandAPDU) async throws(DeviceError) -> ResponseAPDU
    /// Where the reader's answers arrive, if there is such a place (`nil` by default). For a dialogue of many commands: a task that prefers it
    /// does not change threads for each of them. What it does there should be short, since other devices wait for it.
    var taskExecutor: (any TaskExecutor)? { get }
}

extension ChipReader {
    public var taskExecutor: (any TaskExecutor)? { nil }
}

/// Where the terminal finds its devices. The registry is the one in production.
public protocol DeviceProvider: Sendable {
    /// Every device seen, ready or not: a snapshot, without waiting.
    var devices: [DeviceDescription] { get }
    /// The chip reader in service now (`nil` when there is none), then every change. Each call makes an independent stream.
    func chipReaders() -> AsyncStream<(any ChipReader)?>
    /// The same for the other kinds.
    func stripeReaders() -> AsyncStream<(any StripeReader)?>
    func contactlessReaders() -> AsyncStream<(any ContactlessReader)?>
    func pinPads() -> AsyncStream<(any PINPad)?>
    func printers() -> AsyncStream<(any Printer)?>
    func cardKeypads() -> AsyncStream<(any CardKeypad)?>
}

/// A provider has no devices of the kinds that it does not speak of.
extension DeviceProvider {
    public func stripeReaders() -> AsyncStream<(any StripeReader)?> { AsyncStream { $0.finish() } }
    public func contactlessReaders() -> AsyncStream<(any ContactlessReader)?> { AsyncStream { $0.finish() } }
    public func pinPads() -> AsyncStream<(any PINPad)?> { AsyncStream { $0.finish() } }
    public func printers() -> AsyncStream<(any Printer)?> { AsyncStream { $0.finish() } }
    public func cardKeypads() -> AsyncStream<(any CardKeypad)?> { AsyncStream { $0.finish() } }
}
