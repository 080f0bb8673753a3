/// Why a terminal could not be put together or had to stop.
public struct ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case dataDirectory = "service.dataDirectory"
        case file = "service.file"
        case table = "service.table"
        case keys = "service.keys"
        case tls = "service.tls"
        case host = "service.host"
        case listen = "service.listen"
        case journal = "service.journal"
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
