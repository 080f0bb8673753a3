/// What the host simulator can object to. The message is safe to log and to answer with.
public struct HostSimulatorError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The body of a control call; the message names the field and what is allowed.
        case badControl = "host.badControl"
        /// The ledger file cannot be opened, read or written.
        case ledgerFile = "host.ledgerFile"
        /// A line of the ledger file is not one of ours.
        case ledgerLine = "host.ledgerLine"
        case notRunning = "host.notRunning"
        /// The port cannot be opened, or the TLS material cannot be used.
        case listen = "host.listen"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
