/// Bytes that are not what ISO/IEC 7816 says they should be. Holds no data of the card, so it is safe to log.
public struct SmartCardError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        // Commands and responses
        case commandTruncated = "smartcard.command.truncated"
        case commandLength = "smartcard.command.length"
        case responseTruncated = "smartcard.response.truncated"
        case responseTooLong = "smartcard.response.tooLong"
        case chainTooLong = "smartcard.response.chainTooLong"
        // Transmission
        /// T=0: a procedure byte or a length that does not fit the command.
        case characterProtocol = "smartcard.t0"
        /// T=1: the card session ended by the rules for errors.
        case blockProtocol = "smartcard.t1"
        // BER-TLV and data object lists
        case tlvTruncated = "smartcard.tlv.truncated"
        case tlvTag = "smartcard.tlv.tag"
        case tlvIndefiniteLength = "smartcard.tlv.indefiniteLength"
        case tlvLengthTooLong = "smartcard.tlv.lengthTooLong"
        case tlvNesting = "smartcard.tlv.nesting"
        case dolTruncated = "smartcard.dol.truncated"
        case dolLength = "smartcard.dol.length"
        // Answer to reset
        case atrConvention = "smartcard.atr.convention"
        case atrTruncated = "smartcard.atr.truncated"
        case atrTooLong = "smartcard.atr.tooLong"
        case atrTrailingBytes = "smartcard.atr.trailingBytes"
        case atrChecksum = "smartcard.atr.checksum"
        /// Well formed, but outside what EMV lets a terminal accept.
        case atrNotEMV = "smartcard.atr.notEMV"
    }

    public let code: Code
    /// What was wrong and where; never a value of the card.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
