/// Why data that an integrator supplies to the kernel could not be used. Cards' faults are outcomes, never errors.
public struct EMVError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A field of a certification authority's key or of a revocation has a length or value that EMV does not have.
        case authorityKeyMalformed = "emv.authorityKeyMalformed"
        /// The checksum does not belong to the key.
        case authorityKeyChecksum = "emv.authorityKeyChecksum"
        /// Two keys have the same RID and index.
        case authorityKeyTwice = "emv.authorityKeyTwice"
        /// A table file has a row that cannot be used.
        case tableMalformed = "emv.tableMalformed"
    }

    public let code: Code
    /// What happened; safe to log.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
