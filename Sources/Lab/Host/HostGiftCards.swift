/// What a gift card holds and whether it may be used, told by the books alone: a reversed load is no load.
struct HostGiftCard: Sendable, Equatable {
    enum State: Sendable, Equatable { case unknown, active, deactivated }

    var state = State.unknown
    /// Minor units.
    var balance: Int64 = 0

    /// The card known by `token`, after everything in `transactions`, which is in order of arrival.
    init(token: String, _ transactions: [LedgerTransaction]) {
        for transaction in transactions where transaction.cardToken == token && transaction.state == .approved {
            guard let operation = Operation(type: transaction.type) else { continue }
            balance -= transaction.net
            switch operation {
            case .activation, .reactivation: state = .active
            case .deactivation: state = .deactivated
            case .issuance, .redemption, .inquiry: break
            }
        }
    }

    enum Operation: Sendable, Equatable {
        case redemption, issuance, activation, inquiry, deactivation, reactivation

        /// By the first two digits of field 3 (host-protocol, "Fields").
        init?(processing: String) {
            switch processing.prefix(2) {
            case "60": self = .redemption
            case "61": self = .issuance
            case "62": self = .activation
            case "63": self = .inquiry
            case "64": self = .deactivation
            case "65": self = .reactivation
            default: return nil
            }
        }

        init?(type: String) {
            switch type {
            case "GC_REDEMPTION", "GC_FORCE_REDEMPTION": self = .redemption
            case "GC_ISSUANCE", "GC_FORCE_ISSUANCE": self = .issuance
            case "GC_ACTIVATION", "GC_FORCE_ACTIVATION": self = .activation
            case "GC_BALANCE_INQUIRY": self = .inquiry
            case "GC_DEACTIVATION": self = .deactivation
            case "GC_REACTIVATION": self = .reactivation
            default: return nil
            }
        }
    }

    /// Why the operation is refused (field 39), or how much of `amount` it is good for.
    func decide(_ operation: Operation, amount: Int64, partialAllowed: Bool) -> (refusal: String?, amount: Int64) {
        switch (operation, state) {
        case (.activation, .unknown), (.reactivation, .deactivated): return (nil, amount)
        case (.activation, _), (.reactivation, _): return (HostActionCode.invalidTransaction, 0)
        case (_, .unknown): return (HostActionCode.noCardRecord, 0)
        case (.inquiry, _): return (nil, amount)
        case (_, .deactivated): return (HostActionCode.notPermittedToCardholder, 0)
        case (.issuance, .active), (.deactivation, .active): return (nil, amount)
        case (.redemption, .active):
            if amount <= balance { return (nil, amount) }
            return partialAllowed && balance > 0 ? (nil, balance) : (HostActionCode.insufficientFunds, 0)
        }
    }
}
