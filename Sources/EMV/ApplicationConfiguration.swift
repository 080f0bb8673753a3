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
    /// AIDs, or their beginnings, that the card is not used by when it offers this application for the same account: the merchant's choice of the
    /// debit network.
    public var preferredOver: [[UInt8]]

    /// The action codes default to what the schemes have in common: deny where the service is not allowed; otherwise online, and without a host
    /// no approval, for every fault, a floor limit reached and a merchant's wish.
    public init(
        aid: [UInt8], partialMatch: Bool = true, label: String = "", versions: [[UInt8]] = [[0x00, 0x8C]],
        denial: TerminalVerificationResults = ApplicationConfiguration.commonDenial,
        online: TerminalVerificationResults = ApplicationConfiguration.commonOnline,
        default: TerminalVerificationResults = ApplicationConfiguration.commonDefault, floorLimit: Int64 = 0,
        randomSelection: RandomSelection = .none, riskManagementData: [UInt8] = [], preferredOver: [[UInt8]] = []
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
        self.preferredOver = preferredOver
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
