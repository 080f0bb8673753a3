import SmartCard

/// One row of the data dictionary.
public struct DataElement: Sendable, Hashable {
    public enum Source: String, Sendable, Hashable, CaseIterable {
        case card, terminal, issuer
    }

    /// How values are coded (EMV 4.4 Book 3, 4.3), which also says how a DOL pads and cuts them.
    public enum Format: String, Sendable, Hashable, CaseIterable {
        case alphabetic = "a"
        case alphanumeric = "an"
        case alphanumericSpecial = "ans"
        case binary = "b"
        /// Left justified, padded with F.
        case compressedNumeric = "cn"
        /// Right justified, padded with zeros.
        case numeric = "n"
        case variable = "var."
    }

    public let tag: TagNumber
    public let name: String
    public let source: Source
    public let format: Format
    /// Bytes.
    public let lengths: ClosedRange<Int>
    /// Identifies the cardholder or the account: never shown, logged or kept.
    public let isCardData: Bool

    init(_ tag: TagNumber, _ name: String, _ source: Source, _ format: Format, _ lengths: ClosedRange<Int>, cardData: Bool = false) {
        self.tag = tag
        self.name = name
        self.source = source
        self.format = format
        self.lengths = lengths
        isCardData = cardData
    }
}
