/// Whether there is a card in a slot, from three witnesses: notifications, which can be stale or lost; GetSlotStatus, which is asked after
/// each of them; and the status in every other answer.
///
/// The count of insertions decides whether a card may pay again, so a new insertion is counted only on evidence: the card was seen absent,
/// or the reader says that it changed although it is there.
struct CCIDSlotPresence: Sendable, Hashable {
    enum Event: Sendable, Hashable {
        case notified(CCIDSlotChange)
        /// Answer to GetSlotStatus.
        case status(CCIDCardStatus)
        /// bmICCStatus of any other answer.
        case seen(CCIDCardStatus)
        case poweredOn
    }

    enum Action: Sendable, Hashable {
        case announce(CardPresence)
        /// Ask GetSlotStatus.
        case ask
    }

    private(set) var presence = CardPresence.absent
    private var insertions = 0
    /// The card has been powered since its insertion, so it may have served.
    private var wasUsed = false
    /// A change was notified that left the slot occupied.
    private var mayBeAnother = false
    /// Many readers report the card they were started with as inserted; that message tells nothing new.
    private var awaitsFirstNotice = false
    private var isStarted = false
    private let activatesItself: Bool

    /// - Parameter activatesItself: the reader powers a card on insertion (dwFeatures 0x04), so an active card proves nothing.
    init(activatesItself: Bool) { self.activatesItself = activatesItself }

    mutating func on(_ event: Event) -> [Action] {
        switch event {
        case .notified(let change): return notified(change)
        case .status(.absent), .seen(.absent): return removed()
        case .status(let card): return found(card)
        case .seen: return []
        case .poweredOn:
            // The card is active because of us, which does not prove that it stayed.
            let actions = mayBeAnother ? removed() + inserted() : found(.active)
            wasUsed = true
            return actions
        }
    }

    private mutating func notified(_ change: CCIDSlotChange) -> [Action] {
        let isFirst = awaitsFirstNotice
        awaitsFirstNotice = false
        if !change.isPresent { return presence == .absent ? (change.hasChanged ? [.ask] : []) : removed() + [.ask] }
        guard change.hasChanged || presence == .absent else { return [] }
        if presence != .absent, wasUsed, !isFirst { mayBeAnother = true }
        return [.ask]
    }

    private mutating func found(_ card: CCIDCardStatus) -> [Action] {
        if !isStarted { awaitsFirstNotice = true }
        isStarted = true
        if presence == .absent { return inserted() }
        guard mayBeAnother else { return [] }
        mayBeAnother = false
        // A card that kept its power was not pulled.
        if card == .active, !activatesItself { return [] }
        return removed() + inserted()
    }

    private mutating func inserted() -> [Action] {
        insertions += 1
        wasUsed = false
        mayBeAnother = false
        presence = .present(insertion: insertions)
        return [.announce(presence)]
    }

    private mutating func removed() -> [Action] {
        isStarted = true
        mayBeAnother = false
        guard presence != .absent else { return [] }
        presence = .absent
        return [.announce(.absent)]
    }
}
