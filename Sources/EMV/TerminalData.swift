import Hex

/// What the kernel is told about the terminal (EMV 4.4 Book 4, 10 and Annex A). Coded values are hexadecimal text when written down. A missing
/// key takes its default. Currency (5F2A, 5F36) comes with each amount.
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
    /// The list for INTERNAL AUTHENTICATE when the card has no 9F49: the unpredictable number.
    public var defaultDDOL: [UInt8] = [0x9F, 0x37, 0x04]
    /// The list for the TC hash when the card has no 97; empty for none.
    public var defaultTDOL: [UInt8] = []
    /// Whether the cardholder is asked when several applications fit; if not, the card's first priority is taken (EMV 4.4 Book 1, 12.4).
    public var cardholderSelection = true
    /// Whether a PIN may be left out at an attended terminal (EMV 4.4 Book 4, 6.3.4.3).
    public var pinBypass = false

    public init() {}
}

extension TerminalData: Codable {
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case type, capabilities, additionalCapabilities, countryCode, interfaceDeviceSerialNumber, merchantCategoryCode
        case terminalIdentification, merchantIdentifier, merchantNameAndLocation, acquirerIdentifier, defaultDDOL, defaultTDOL
        case cardholderSelection, pinBypass
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let bytes = try container.decodeHexIfPresent(.type, 1...1), let first = bytes.first { type = TerminalType(rawValue: first) }
        if let bytes = try container.decodeHexIfPresent(.capabilities, 3...3), let value = TerminalCapabilities(bytes: bytes) {
            capabilities = value
        }
        if let bytes = try container.decodeHexIfPresent(.additionalCapabilities, 5...5),
            let value = AdditionalTerminalCapabilities(bytes: bytes)
        {
            additionalCapabilities = value
        }
        countryCode = try container.decodeIfPresent(Int.self, forKey: .countryCode) ?? countryCode
        interfaceDeviceSerialNumber =
            try container.decodeIfPresent(String.self, forKey: .interfaceDeviceSerialNumber) ?? interfaceDeviceSerialNumber
        merchantCategoryCode = try container.decodeIfPresent(String.self, forKey: .merchantCategoryCode) ?? merchantCategoryCode
        terminalIdentification = try container.decodeIfPresent(String.self, forKey: .terminalIdentification) ?? terminalIdentification
        merchantIdentifier = try container.decodeIfPresent(String.self, forKey: .merchantIdentifier) ?? merchantIdentifier
        merchantNameAndLocation = try container.decodeIfPresent(String.self, forKey: .merchantNameAndLocation) ?? merchantNameAndLocation
        acquirerIdentifier = try container.decodeIfPresent(String.self, forKey: .acquirerIdentifier) ?? acquirerIdentifier
        defaultDDOL = try container.decodeHexIfPresent(.defaultDDOL, 0...252) ?? defaultDDOL
        defaultTDOL = try container.decodeHexIfPresent(.defaultTDOL, 0...252) ?? defaultTDOL
        cardholderSelection = try container.decodeIfPresent(Bool.self, forKey: .cardholderSelection) ?? cardholderSelection
        pinBypass = try container.decodeIfPresent(Bool.self, forKey: .pinBypass) ?? pinBypass
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode([type.rawValue].hex, forKey: .type)
        try container.encode(capabilities.bytes.hex, forKey: .capabilities)
        try container.encode(additionalCapabilities.bytes.hex, forKey: .additionalCapabilities)
        try container.encode(countryCode, forKey: .countryCode)
        try container.encode(interfaceDeviceSerialNumber, forKey: .interfaceDeviceSerialNumber)
        try container.encode(merchantCategoryCode, forKey: .merchantCategoryCode)
        try container.encode(terminalIdentification, forKey: .terminalIdentification)
        try container.encode(merchantIdentifier, forKey: .merchantIdentifier)
        try container.encode(merchantNameAndLocation, forKey: .merchantNameAndLocation)
        try container.encode(acquirerIdentifier, forKey: .acquirerIdentifier)
        try container.encode(defaultDDOL.hex, forKey: .defaultDDOL)
        try container.encode(defaultTDOL.hex, forKey: .defaultTDOL)
        try container.encode(cardholderSelection, forKey: .cardholderSelection)
        try container.encode(pinBypass, forKey: .pinBypass)
    }
}
