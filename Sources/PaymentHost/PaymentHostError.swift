/// What is wrong with the set-up of the host link. What happens on the link itself is a `HostOutcome`, never an error.
public struct PaymentHostError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No address of a host.
        case noAddress = "host.noAddress"
        /// Plain TCP to anything but this machine.
        case plainNotLoopback = "host.plainNotLoopback"
        /// A certificate, key or CA file cannot be read or does not fit.
        case certificate = "host.certificate"
        /// A pin is not 64 hexadecimal digits.
        case pin = "host.pin"
        /// The MAC key has a wrong length.
        case macKey = "host.macKey"
        /// A value of the merchant or terminal that its field cannot carry.
        case merchant = "host.merchant"
        /// The dialect file lacks something that the link needs.
        case dialect = "host.dialect"
    }

    public let code: Code
    /// What is wrong; safe to log.
    public let message: String
    public let remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(code.rawValue): \(message)" + (remedy.map { " \($0)" } ?? "") }
}
