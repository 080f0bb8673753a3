import Hex

/// One application the terminal supports: which cards, which limits, which action codes (EMV 4.4 Book 1, 12.2.1; Book 4, 10.1).
public struct ApplicationConfiguration: Sendable, Hashable {
    /// 5 to 16 bytes.
    public var aid: [UInt8]
    /// The application selection indicator: whether applications whose AID only begins with `aid` are accepted.
    public var partialMatch: Bool
    /// Shown when the card has no label of its own.
    public var label: String
    /// 9F09, two bytes each; the first is used when the card has no 9F08, or one that is not among them.
    public var versions: [[UInt8]]
    /// Terminal action codes.
    public var denial: TerminalVerificationResults
    public var online: TerminalVerificationResults
    public var `default`: TerminalVerificationResults
    /// 9F1B in minor units of the transaction currency: from this amount on the card goes online.
    public var floorLimit: Int64
    public var randomSelection: RandomSelection
    /// 9F1D, up to 8 bytes, or empty.
    public var riskManagementData: [UInt8]

    /// The action codes default to what the schemes have in common: deny where the service is not allowed; otherwise online, and without a host
    /// no approval, for every fault, a floor limit reached and a merchant's wish.
    public init(
        aid: [UInt8], partialMatch: Bool = true, label: String = "", versions: [[UInt8]] = [[0x00, 0x8C]],
        denial: TerminalVerificationResults = ApplicationConfiguration.commonDenial,
        online: TerminalVerificationResults = ApplicationConfiguration.commonOnline,
        default: TerminalVerificationResults = ApplicationConfiguration.commonDefault, floorLimit: Int64 = 0,
        randomSelection: RandomSelection = .none, riskManagementData: [UInt8] = []
    ) {
        self.aid = aid
        self.partialMatch = partialMatch
        self.label = label
        self.versions = versions
        self.denial = denial
        self.online = online
        self.default = `default`
        self.floorLimit = floorLimit
        self.randomSelection = randomSelection
        self.riskManagementData = riskManagementData
    }

    /// 0010000000.
    public static let commonDenial: TerminalVerificationResults = [.serviceNotAllowed]
    /// FC50BCF800.
    public static let commonOnline: TerminalVerificationResults = [
        .offlineDataAuthenticationNotPerformed, .sdaFailed, .iccDataMissing, .cardOnExceptionFile, .ddaFailed, .cdaFailed,
        .expiredApplication,
        .serviceNotAllowed, .cardholderVerificationNotSuccessful, .pinTryLimitExceeded, .pinPadNotPresentOrNotWorking, .pinNotEntered,
        .onlinePINEntered, .floorLimitExceeded, .lowerConsecutiveOfflineLimitExceeded, .upperConsecutiveOfflineLimitExceeded,
        .selectedRandomly, .merchantForcedOnline,
    ]
    /// FC50BCA000: as online, but the random choice, the lower limit and the merchant's wish do not forbid an approval.
    public static let commonDefault: TerminalVerificationResults = commonOnline.subtracting([
        .lowerConsecutiveOfflineLimitExceeded, .selectedRandomly, .merchantForcedOnline,
    ])
}

extension ApplicationConfiguration: Codable {
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case aid, partialMatch, label, versions, denial, online, `default`, floorLimit, randomSelection, riskManagementData
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(aid: try container.decodeHex(.aid, 5...16))
        partialMatch = try container.decodeIfPresent(Bool.self, forKey: .partialMatch) ?? partialMatch
        label = try container.decodeIfPresent(String.self, forKey: .label) ?? label
        if let texts = try container.decodeIfPresent([String].self, forKey: .versions) {
            versions = try texts.map { text in
                guard let bytes = [UInt8](hex: text), bytes.count == 2 else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .versions, in: container, debugDescription: "versions must be 4 hexadecimal digits each")
                }
                return bytes
            }
        }
        denial = try Self.actionCode(container, .denial) ?? denial
        online = try Self.actionCode(container, .online) ?? online
        self.default = try Self.actionCode(container, .default) ?? self.default
        floorLimit = try container.decodeIfPresent(Int64.self, forKey: .floorLimit) ?? floorLimit
        randomSelection = try container.decodeIfPresent(RandomSelection.self, forKey: .randomSelection) ?? randomSelection
        riskManagementData = try container.decodeHexIfPresent(.riskManagementData, 0...8) ?? riskManagementData
    }

    private static func actionCode(
        _ container: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys
    ) throws -> TerminalVerificationResults? {
        try container.decodeHexIfPresent(key, 5...5).flatMap { TerminalVerificationResults(bytes: $0) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(aid.hex, forKey: .aid)
        try container.encode(partialMatch, forKey: .partialMatch)
        try container.encode(label, forKey: .label)
        try container.encode(versions.map(\.hex), forKey: .versions)
        try container.encode(denial.bytes.hex, forKey: .denial)
        try container.encode(online.bytes.hex, forKey: .online)
        try container.encode(self.default.bytes.hex, forKey: .default)
        try container.encode(floorLimit, forKey: .floorLimit)
        try container.encode(randomSelection, forKey: .randomSelection)
        try container.encode(riskManagementData.hex, forKey: .riskManagementData)
    }
}
