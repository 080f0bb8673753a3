import PaymentHost

/// Approvals without the host (pos-protocol, section 6, `SAF…`).
extension TerminalEngine {
    private static let hour: Int64 = 3_600_000

    /// Who may approve without the host.
    enum OfflineApproval: Hashable {
        /// Nobody.
        case never
        /// The card, under its application's floor limit.
        case underFloorLimit
        /// Store and forward: the card as its action codes say, also when the host cannot be reached.
        case storeAndForward
    }

    /// Store and forward needs `SAFENABLED`; a floor limit in the card table speaks for itself. Both keep to the limits.
    private var storeAndForwardLimits: StoreAndForwardLimits? {
        guard let parameters = environment.parameters else { return nil }
        return StoreAndForwardLimits(
            amount: parameters.number("SAFAMOUNTLIMIT"), total: parameters.number("SAFTOTALLIMIT"),
            count: Int(parameters.number("SAFCOUNTLIMIT")), age: parameters.number("SAFHOURS") * Self.hour)
    }

    private var isStoreAndForwardEnabled: Bool { environment.parameters?.flag("SAFENABLED") == true }

    /// Whether any application has a floor limit above zero.
    var hasFloorLimits: Bool { environment.configuration.applications.contains { $0.floorLimit > 0 } }

    /// Before the card is known: whether it may be asked for an approval of its own.
    func offlineApproval(_ current: RunningTransaction) -> OfflineApproval {
        guard isStoreAndForwardEnabled || hasFloorLimits, isAllowed(current, .credit, .notAuthenticated) else { return .never }
        return isStoreAndForwardEnabled ? .storeAndForward : .underFloorLimit
    }

    /// - Parameter byCard: the card has approved and the host was not asked; otherwise the host is about to be.
    func isOfflineAllowed(_ current: RunningTransaction, _ card: PresentedCard, byCard: Bool) -> Bool {
        // A typed number proves no card: the issuer is always asked.
        guard card.pin == nil, card.entryMode != .manual, isStoreAndForwardEnabled || (byCard && hasFloorLimits) else { return false }
        // A PIN that the card itself has verified belongs to the card's own approval.
        let isVerified = byCard && card.authentication == .offlinePIN
        return isAllowed(current, current.cardType, isVerified ? .notAuthenticated : card.authentication)
    }

    private func isAllowed(
        _ current: RunningTransaction, _ cardType: CardBrandTable.CardType?, _ authentication: HostCardholderAuthentication
    ) -> Bool {
        guard let limits = storeAndForwardLimits, current.plan.original == nil else { return false }
        let candidate = StoreAndForwardLimits.Candidate(
            type: current.request.type, amount: current.amount.minorUnits, cardType: cardType, authentication: authentication,
            hasCashback: (current.request.cashbackAmount ?? 0) > 0)
        let now = environment.clock.wallTime.milliseconds
        let waiting = followUps.advices.filter(\.record.hasCard).map { id, record in
            (amount: record.amount.minorUnits, since: acceptedAt(id.transaction) ?? now)
        }
        return limits.allow(candidate, waiting: waiting, now: now)
    }

    /// The first six bytes of an id are its time (`accept`).
    private func acceptedAt(_ id: TransactionID) -> Int64? { Int64(id.description.prefix(12), radix: 16) }
}

extension RunningTransaction {
    /// 9C: the first two digits of field 3; what is private to gift cards is goods to an EMV card.
    var kernelTransactionType: UInt8 {
        guard let digits = UInt8(processingCode.prefix(2), radix: 16), digits < 0x60, plan.profile.processing != .verify else { return 0 }
        return digits
    }
}
