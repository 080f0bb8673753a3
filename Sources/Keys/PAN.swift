/// A primary account number, 8 to 19 digits. Prints as `****`.
public struct PAN: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let digits: SecretBytes

    /// ASCII digits; `nil` for anything else or another length (ISO/IEC 7812-1: up to 19).
    public init?(_ text: some StringProtocol) {
        guard (8...19).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        digits = SecretBytes(text.utf8)
    }

    public var count: Int { digits.count }

    /// The digits, for the few places that must send or encipher them.
    public func withDigits<Result>(_ body: (String) throws -> Result) rethrows -> Result {
        try digits.withBytes { try body(String(decoding: $0, as: UTF8.self)) }
    }

    /// First six digits: the issuer identification number, free to show (PCI DSS 3.4.1).
    public var firstSix: String { digits.withBytes { String(decoding: $0.prefix(6), as: UTF8.self) } }
    /// Last four digits, free to show.
    public var lastFour: String { digits.withBytes { String(decoding: $0.suffix(4), as: UTF8.self) } }

    public var description: String { "****" }
    public var debugDescription: String { "****" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
