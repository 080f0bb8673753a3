/// What the codec can object to. `field` is a path such as `35`, `48.05`, `bitmap`; neither it nor `reason` ever holds a field's value.
public struct ISO8583Error: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Bytes that are no message of the dialect.
        case malformed = "iso8583.malformed"
        /// A value that its field cannot carry.
        case unencodable = "iso8583.unencodable"
        /// A field that the message type requires is not there.
        case missing = "iso8583.missing"
        /// A field of an answer differs from the request's.
        case wrongEcho = "iso8583.wrongEcho"
        /// The dialect file is wrong, or there is none of that name.
        case dialect = "iso8583.dialect"
    }

    public let code: Code
    public let field: String
    public let reason: String

    public init(_ code: Code, _ field: String, _ reason: String) {
        self.code = code
        self.field = field
        self.reason = reason
    }

    static func malformed(_ field: Int, _ reason: String) -> ISO8583Error { .init(.malformed, String(field), reason) }
    static func unencodable(_ field: Int, _ reason: String) -> ISO8583Error { .init(.unencodable, String(field), reason) }

    public var description: String { "\(code.rawValue): field \(field): \(reason)" }
}
