/// A cardholder's PIN in the clear, 4 to 12 digits (ISO 9564-1, 8.1). Prints as `****`.
///
/// A clear PIN never enters a terminal's process. It exists where a PIN pad or a host's security module is simulated, so the type and the
/// functions that take it apart or make blocks of it are visible only to those who import this module with `@_spi(ClearPIN)`.
@_spi(ClearPIN) public struct PIN: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// One byte a digit, 0 to 9.
    let digits: SecretBytes

    /// ASCII digits; `nil` for anything else or another length.
    public init?(_ text: some StringProtocol) { self.init(digits: text.utf8.map { $0 &- 0x30 }) }

    init?(digits: some Collection<UInt8>) {
        guard (4...12).contains(digits.count), digits.allSatisfy({ $0 < 10 }) else { return nil }
        self.digits = SecretBytes(digits)
    }

    public var count: Int { digits.count }

    /// The digits, 0 to 9 each; what `body` copies out it must keep as carefully.
    public func withDigits<Result>(_ body: ([UInt8]) throws -> Result) rethrows -> Result {
        try digits.withBytes { bytes in
            var copy = Array(bytes)
            defer { copy.withUnsafeMutableBytes { wipe($0) } }
            return try body(copy)
        }
    }

    public var description: String { "****" }
    public var debugDescription: String { "****" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
