/// What a driver can report. A card's own answers are never errors; these are readers, cables and cards that fall silent.
public struct DeviceError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The device left the bus.
        case deviceGone = "device.gone"
        /// No card in the slot, or it was pulled during the command.
        case cardRemoved = "device.cardRemoved"
        /// A card is there and does not answer (no ATR, no response in time, protocol error on the card's side).
        case cardMute = "device.cardMute"
        /// The device did not answer in time.
        case timeout = "device.timeout"
        /// The device broke its protocol.
        case protocolViolation = "device.protocolViolation"
        /// The device refused the command.
        case refused = "device.refused"
        case busy = "device.busy"
        case noPermission = "device.noPermission"
        case unsupported = "device.unsupported"
        case cancelled = "device.cancelled"
    }

    public let code: Code
    /// What happened; safe to log.
    public let message: String
    public let remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(code.rawValue): \(message)" + (remedy.map { " \($0)" } ?? "") }
}
