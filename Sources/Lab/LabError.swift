/// What can go wrong in the lab itself.
public struct LabError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case spawnFailed = "lab.spawnFailed"
        case terminalNotReady = "lab.terminalNotReady"
        case unknownCard = "lab.unknownCard"
        case unknownDevice = "lab.unknownDevice"
        case badRequest = "lab.badRequest"
        case notFound = "lab.notFound"
        case connectionClosed = "lab.connectionClosed"
        case badFile = "lab.badFile"
        /// The host simulator cannot open its port, or its TLS material cannot be used.
        case hostListen = "lab.hostListen"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
