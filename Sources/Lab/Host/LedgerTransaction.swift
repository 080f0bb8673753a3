/// One exchange in the books. `net` and `hold` are what is left of it now, after all that replaced, incremented or reversed it.
public struct LedgerTransaction: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable {
        case approved, declined, reversed, voided
        /// A reversal named it and it has not come (914).
        case unknownOriginal
    }

    /// How it stands to the exchange it belongs to.
    public enum Role: String, Sendable, Hashable {
        /// On its own.
        case original
        /// An increment of a hold.
        case increment
        /// An advice in place of its original's posting or hold.
        case replacement
        /// Moves nothing.
        case inquiry
    }

    public var key: HostExchangeKey
    public var retrievalReference: String
    public var batch: String
    /// Masked.
    public var account: String
    /// See `LedgerRequest.cardToken`.
    var cardToken: String
    /// A name of `pos-protocol` section 4 (`SALE`, `REFUND`, …).
    public var type: String
    public var state: State
    public internal(set) var net: Int64 = 0
    public internal(set) var hold: Int64 = 0

    /// What it posts, or holds, while nothing else touches it; refunds negative.
    var amount: Int64
    var role: Role
    /// Index of the exchange that it replaces or increments, its own if none.
    var root: Int
    /// A partial approval that the terminal had not asked for: its cancellation is a reversal, not a VOID.
    var isUnwantedPartial: Bool
    /// A tip for a posting whose batch has balanced: that batch keeps what it has, the next has the difference.
    var isLate = false
}

extension LedgerTransaction {
    /// What stands in `type`, by kind of message, function code and the first two digits of the processing code; the first row that fits counts.
    /// `nil` fits everything.
    static let types: [(kind: LedgerRequest.Kind, function: String?, processing: String?, type: String)] = [
        (.authorization, "106", nil, "INCREMENTAL_AUTHORIZATION"),
        (.authorization, "108", "31", "BALANCE_INQUIRY"),
        (.authorization, "108", "38", "VERIFY"),
        (.authorization, "108", "63", "GC_BALANCE_INQUIRY"),
        (.authorization, nil, nil, "AUTHORIZATION"),
        (.advice, "201", nil, "COMPLETION"),
        (.advice, "202", nil, "COMPLETION"),
        (.advice, "200", "60", "GC_FORCE_REDEMPTION"),
        (.advice, "200", "61", "GC_FORCE_ISSUANCE"),
        (.advice, "200", "62", "GC_FORCE_ACTIVATION"),
        (.financial, nil, "20", "REFUND"),
        (.advice, nil, "20", "REFUND"),
        (.financial, nil, "60", "GC_REDEMPTION"),
        (.financial, nil, "61", "GC_ISSUANCE"),
        (.financial, nil, "62", "GC_ACTIVATION"),
        (.financial, nil, "63", "GC_BALANCE_INQUIRY"),
        (.financial, nil, "64", "GC_DEACTIVATION"),
        (.financial, nil, "65", "GC_REACTIVATION"),
        (.financial, nil, nil, "SALE"),
        (.advice, nil, nil, "SALE"),
    ]

    static func type(kind: LedgerRequest.Kind, function: String, processing: String) -> String {
        types.first {
            $0.kind == kind && ($0.function ?? function) == function && ($0.processing.map { processing.hasPrefix($0) } ?? true)
        }?.type ?? ""
    }

    /// What the first two digits of the processing code do to the card: +1 charges it, -1 pays out to it, 0 moves nothing (ISO 8583: 00–19 debits,
    /// 20–29 credits; 6x are the gift codes of this dialect).
    static func sign(processing: String) -> Int64 {
        switch processing.prefix(2) {
        case "20", "61", "62": -1
        case "31", "38", "63", "64", "65": 0
        default: 1
        }
    }
}
