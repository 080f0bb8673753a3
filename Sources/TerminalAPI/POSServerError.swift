/// Why the POS API cannot be served. Messages are safe to log.
public struct POSServerError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Certificate, key or client authorities are missing, unreadable or do not fit together.
        case tls = "api.tls"
        /// An address and port could not be opened.
        case listen = "api.listen"
    }

    public let code: Code
    public let message: String
    public let remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(code.rawValue): \(message)" + (remedy.map { " \($0)" } ?? "") }
}
