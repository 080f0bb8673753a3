/// Action codes (field 39 of ISO 8583:1993) that the host gives of its own accord; the amount rules bring theirs along. The dialect translates them.
enum HostActionCode {
    static let approved = "000"
    static let partiallyApproved = "002"
    static let doNotHonour = "100"
    static let pinTriesExceeded = "106"
    static let invalidCardNumber = "111"
    static let insufficientFunds = "116"
    static let incorrectPIN = "117"
    static let noCardRecord = "118"
    static let notPermittedToCardholder = "119"
    /// "Suspected counterfeit card": the cryptogram is not the card's.
    static let suspectedCounterfeit = "129"
    static let reversalAccepted = "400"
    static let balanced = "500"
    static let notBalanced = "501"
    static let networkAccepted = "800"
    static let invalidTransaction = "902"
    static let formatError = "904"
    static let noSuchOriginal = "914"
    /// "MAC incorrect".
    static let macIncorrect = "916"
}

/// Message reason codes (field 25).
enum HostReasonCode {
    /// VOID, or a partial approval that is not wanted.
    static let cancelled = "4000"
}
