/// What a status word says (ISO/IEC 7816-4, 5.6; EMV 4.4 Book 3, 6.3.5).
extension StatusWord {
    public enum Meaning: Sendable, Hashable {
        /// 9000.
        case success
        /// 61xx: so many bytes wait for GET RESPONSE, 256 when the card says 00.
        case moreData(Int)
        /// 6Cxx: the command again with this Ne.
        case wrongLength(Int)
        /// 62xx, 63xx: processed, with a remark.
        case warning
        /// 64xx to 66xx: not processed.
        case executionError
        /// 6700 to 6FFF except 6Cxx: the command was refused.
        case checkingError
        /// 9xxx except 9000: the application's own.
        case applicationSpecific
        /// Neither 6xxx nor 9xxx, or 60xx, which is a procedure byte and no status.
        case invalid
    }

    public var meaning: Meaning {
        let count = sw2 == 0 ? 256 : Int(sw2)
        switch sw1 {
        case 0x90 where sw2 == 0: return .success
        case 0x61: return .moreData(count)
        case 0x6C: return .wrongLength(count)
        case 0x62, 0x63: return .warning
        case 0x64...0x66: return .executionError
        case 0x67...0x6F: return .checkingError
        case 0x90...0x9F: return .applicationSpecific
        default: return .invalid
        }
    }

    /// 6283: the selected application is invalidated ("blocked" in EMV).
    public static let selectedFileInvalidated = StatusWord(0x6283)
    /// 6300: authentication failed.
    public static let authenticationFailed = StatusWord(0x6300)
    /// 6700.
    public static let wrongLength = StatusWord(0x6700)
    /// 6983: no PIN tries left.
    public static let authenticationMethodBlocked = StatusWord(0x6983)
    /// 6984.
    public static let referencedDataInvalidated = StatusWord(0x6984)
    /// 6985.
    public static let conditionsNotSatisfied = StatusWord(0x6985)
    /// 6A81: to SELECT "card blocked or command not supported" (EMV 4.4 Book 1, 12.3.2).
    public static let functionNotSupported = StatusWord(0x6A81)
    /// 6A82.
    public static let fileNotFound = StatusWord(0x6A82)
    /// 6A83.
    public static let recordNotFound = StatusWord(0x6A83)
    /// 6A86.
    public static let incorrectParameters = StatusWord(0x6A86)
    /// 6A88.
    public static let referencedDataNotFound = StatusWord(0x6A88)
    /// 6D00.
    public static let instructionNotSupported = StatusWord(0x6D00)
    /// 6E00.
    public static let classNotSupported = StatusWord(0x6E00)
    /// 6F00.
    public static let noPreciseDiagnosis = StatusWord(0x6F00)
}
