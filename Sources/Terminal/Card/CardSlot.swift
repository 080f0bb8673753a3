import Devices

/// Which card in the slot may pay (pos-protocol, section 2): one that was inserted while the terminal watched and has served no transaction. A card that
/// was in the slot when the terminal started, or when the reader came, may be the last customer's.
struct CardSlot: Sendable, Hashable {
    private var hasReader = false
    /// `nil` until the reader reported for the first time.
    private var presence: CardPresence?
    private var usedInsertion: Int?

    var state: TransactionMachine.Slot {
        guard hasReader else { return .noReader }
        switch presence {
        case nil, .absent: return .empty
        case .present(let insertion): return insertion == usedInsertion ? .usedCard : .freshCard
        }
    }

    /// Another reader, or the same one again: its count of insertions begins anew.
    mutating func readerCame() { self = CardSlot(hasReader: true) }

    mutating func readerWent() { self = CardSlot(hasReader: false) }

    mutating func changed(_ presence: CardPresence) {
        if self.presence == nil, case .present(let insertion) = presence { usedInsertion = insertion }
        self.presence = presence
    }

    /// The card there now serves a transaction, and no other after it.
    mutating func use() {
        if case .present(let insertion) = presence { usedInsertion = insertion }
    }

    init(hasReader: Bool = false) { self.hasReader = hasReader }
}
