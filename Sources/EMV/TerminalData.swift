/// What the kernel is told about the terminal (EMV 4.4 Book 4, 10 and Annex A). Currency
/// (5F2A, 5F36) comes with each amount.
public struct TerminalData: Sendable, Hashable {
    /// 9F35.
    public var type = TerminalType.attendedMerchant
    /// 9F33. Without a PIN pad: chip and stripe and keyed entry, signature and no CVM, no offline data authentication.
    public var capabilities: TerminalCapabilities = [.manualKeyEntry, .magneticStripe, .chip, .signature, .noCVM]
    /// 9F40.
    public var additionalCapabilities: AdditionalTerminalCapabilities = [
        .goods, .services, .cashback, .numericKeys, .commandKeys, .functionKeys, .printAttendant, .printCardholder, .displayAttendant,
        .displayCardholder, .codeTable1,
    ]
    /// 9F1A, ISO 3166-1 numeric.
    public var countryCode = 840
    /// 9F1E, eight characters.
    public var interfaceDeviceSerialNumber = "00000000"
    /// 9F15, the merchant category code.
    public var merchantCategoryCode = "5999"
    /// 9F1C, eight characters.
    public var terminalIdentification = "00000001"
    /// 9F16, fifteen characters.
    public var merchantIdentifier = "000000000000001"
    /// 9F4E.
    public var merchantNameAndLocation = ""
    /// 9F01, up to eleven digits.
    public var acquirerIdentifier = "0"
    /// The list for INTERNAL AUTHENTICATE when the card has no 9F49.
    public var defaultDDOL: [UInt8] = DataObjectTable.standard.defaultDDOL
    /// The list for the TC hash when the card has no 97; empty for none.
    public var defaultTDOL: [UInt8] = DataObjectTable.standard.defaultTDOL
    /// Whether the cardholder is asked when several applications fit; if not, the card's first priority is taken (EMV 4.4 Book 1, 12.4).
    public var cardholderSelection = true
    /// Whether a PIN may be left out at an attended terminal (EMV 4.4 Book 4, 6.3.4.3).
    public var pinBypass = false

    public init() {}
}
