/// Field 3: what is done (two digits), from which account, to which account (ISO 8583:1993, annex A.5; gift codes are private use).
public enum ProcessingCode: String, Sendable, Hashable, CaseIterable {
    case goods = "00"
    case cashback = "09"
    case refund = "20"
    case balance = "31"
    /// Verification of a card without an amount; private use.
    case verify = "38"
    case giftRedemption = "60"
    case giftIssuance = "61"
    case giftActivation = "62"
    case giftBalance = "63"
    case giftDeactivation = "64"
    case giftReactivation = "65"

    public enum Account: String, Sendable, Hashable, CaseIterable {
        case `default` = "00"
        case debit = "20"
        case credit = "30"
    }

    /// All six digits.
    public func text(from: Account = .default, to: Account = .default) -> String { rawValue + from.rawValue + to.rawValue }
}

/// Field 24 of the 1993 edition, in whose terms requests are made (host-protocol, "Exchanges").
public enum FunctionCode {
    public static let authorization = "100"
    public static let estimatedAuthorization = "101"
    /// An increment; the amount is what is added.
    public static let supplementaryAuthorization = "106"
    /// BALANCE_INQUIRY, VERIFY: asks and moves nothing.
    public static let inquiry = "108"
    /// 1200; a 1220 of store and forward or FORCE.
    public static let financial = "200"
    public static let completion = "201"
    /// Completion for another amount than the hold's.
    public static let completionOfOtherAmount = "202"
    /// Private use.
    public static let tipAdjust = "690"
    /// Private use.
    public static let batchUpload = "691"
}

/// 48.11: which of the private advices this is, for dialects without function codes.
public enum AdviceMarker {
    public static let tipAdjust = "TIP"
    public static let batchUpload = "UPLOAD"
}
