/// What a point of sale is judged by. The raw value is the point's name in reports.
public enum CertificationPoint: String, Sendable, CaseIterable {
    case waitsForFinal, ignoresStatus, approvalNeedsBoth
    case result5, result13, result23, result60, unknownResult, unknownFields
    case reconnects, asksLastTransaction, comparesIdentifiers
    case heartbeat, refreshesConnection, sendsVendorID, oneOperationAtATime

    /// The rule, as the POS protocol has it.
    public var rule: String {
        switch self {
        case .waitsForFinal: "Waits for the final message, however long the terminal is silent before it (section 2)."
        case .ignoresStatus: "Decides nothing by a Status, whatever its text says (sections 2 and 3)."
        case .approvalNeedsBoth: "Takes a sale for approved only by result 0 and approval \"approved\" together (section 3)."
        case .result5: "After 5, busy, waits before it asks again (section 3)."
        case .result13: "After 13 to its Cancel goes on waiting for the final message (section 5)."
        case .result23: "Takes 23, no answer from the host, for not approved, and sells anew under another id (sections 3 and 5)."
        case .result60: "Does not take 60, in progress, for an end, also without a context (section 2)."
        case .unknownResult: "Takes a result it does not know for not approved (section 3)."
        case .unknownFields: "Ignores fields, contexts and notifications it does not know (section 2)."
        case .reconnects: "Connects again after a cut (section 5)."
        case .asksLastTransaction: "Asks LastTransaction or GetTransaction after a cut, before it sells again (section 5)."
        case .comparesIdentifiers:
            "Compares uniqueTransactionId or reference and does not take another sale's answer for its own (section 5)."
        case .heartbeat: "Sends GetInformation as a heartbeat (section 1)."
        case .refreshesConnection: "Opens a new connection when the old one has reached its lifetime (section 1)."
        case .sendsVendorID: "Sends its HWVENDORID by SetParameter (section 6)."
        case .oneOperationAtATime: "Never sends a second operation while one runs (section 2)."
        }
    }

    /// What to do so that the point can be seen at all.
    var unseen: String {
        switch self {
        case .result13: "The POS never cancelled: press Cancel in the sale that takes its time after \"Asking the host\"."
        case .ignoresStatus, .approvalNeedsBoth, .result23, .unknownResult, .comparesIdentifiers:
            "Nobody reported what the POS made of that sale: POST /certify/outcome, or the sale was never reached."
        default: "The sale that shows it was never reached: let the POS go on selling."
        }
    }
}

public enum CertificationVerdict: Sendable, Hashable {
    case passed
    /// What happened instead.
    case failed(String)
    case notSeen
}

/// What the POS told its cashier, as its tester reports it.
public enum ReportedOutcome: String, Sendable, CaseIterable { case approved, declined, unknown }
