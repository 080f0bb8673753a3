/// A configuration that cannot be used. The message names file, line, key and what is allowed; programs exit with 78 (EX_CONFIG).
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case unreadable = "configuration.unreadable"
        case notYAML = "configuration.notYAML"
        case unknownKey = "configuration.unknownKey"
        case badValue = "configuration.badValue"
        case missingKey = "configuration.missingKey"
        case badFile = "configuration.badFile"
    }

    /// sysexits.h: something was found in an unconfigured or misconfigured state.
    public static let exitCode: Int32 = 78

    public let code: Code
    public let file: String
    public let line: Int?
    public let message: String

    public init(_ code: Code, file: String, line: Int? = nil, _ message: String) {
        self.code = code
        self.file = file
        self.line = line
        self.message = message
    }

    public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(message)" }
}
