import Devices

/// Cards that do not go into the chip slot, and chips that cannot be read.
extension TransactionMachine {
    /// How a card can be given to the terminal (`entryModes` of pos-protocol, section 4).
    public enum EntryWay: String, Sendable, Hashable, CaseIterable { case chip, contactless, swipe, manual }

    /// A swipe as far as the rules care.
    public enum Swipe: Sendable, Hashable, CaseIterable {
        case unreadable
        case stripeOnly
        /// Service code 2xx or 6xx, or one that the terminal cannot read: where it can be, the chip is to be used first (ISO/IEC 7813).
        case hasChip
    }

    /// What a contactless reader's kernel said.
    public enum Tap: Sendable, Hashable, CaseIterable {
        case onlineRequested
        /// Approved or declined by card and reader; without store and forward no offline approval is taken.
        case decidedOffline
        case useChip
        case failed
    }

    /// What came of asking for a card number at a keypad.
    public enum Keyed: Sendable, Hashable, CaseIterable {
        /// Nothing speaks against it, as far as the terminal can see it.
        case entered
        /// A wrong check digit, no date, or a card that has expired.
        case refused
        case cancelled
        case timedOut
        /// The keypad failed, or was unplugged.
        case failed
    }

    /// A number that cannot be right is asked for so often.
    static let keyings = 3

    /// After so many failed reads of a chip the stripe is taken in its place.
    static let chipReadsBeforeFallback = 2

    var isFallback: Bool { failedChipReads >= Self.chipReadsBeforeFallback && ways.contains(.swipe) }

    /// The ways besides the slot.
    private var otherWays: Set<EntryWay> { ways.subtracting([.chip]) }

    /// Whether a chip could be read now.
    private var canReadChip: Bool { ways.contains(.chip) && slot != .noReader }

    private var prompt: DisplayMessage.Prompt {
        if isFallback || ways == [.swipe] { return .swipeCard }
        if ways == [.manual] { return .keyCard }
        // Who is asked to type sees it on the keypad.
        return otherWays.subtracting([.manual]).isEmpty ? .insertCard : .presentCard
    }

    mutating func waitForCard(_ slot: Slot) -> [Action] {
        self.slot = slot
        switch slot {
        // Section 3, 202: the reader went during the transaction, and there is no other.
        case .noReader where otherWays.isEmpty: return decide(.deviceFault)
        case .usedCard:
            // Section 2: the card of the last customer never pays for the next; it is shown `RemoveCard`, inside the 60 s.
            guard phase != .removal else { return [] }
            phase = .removal
            return stopListening() + [.status(.removeCard), .show(.removeCard)]
        case .freshCard where ways.contains(.chip):
            // Section 2: a card inserted while idle and not yet used is taken.
            phase = .dialogue
            return stopListening() + [.stopTimer(.card), .show(.processing), .readCard]
        case .noReader, .empty, .freshCard:
            if ways.isEmpty { return decide(.deviceFault) }
            guard phase != .card else { return [] }
            phase = .card
            return listen() + [.status(ways == [.manual] ? .cardEntry : .card), .show(prompt)]
        }
    }

    /// Readers came or went while a card is waited for.
    mutating func waysChanged(_ new: Set<EntryWay>) -> [Action] {
        let before = prompt
        ways = keyingIsOver ? new.subtracting([.manual]) : new
        guard phase == .card else { return [] }
        if isWithoutReader { return decide(.deviceFault) }
        return listen() + (prompt == before ? [] : [.show(prompt)])
    }

    private var isWithoutReader: Bool { ways.isEmpty || (slot == .noReader && otherWays.isEmpty) }

    mutating func swiped(_ swipe: Swipe) -> [Action] {
        guard phase == .card, ways.contains(.swipe) else { return [] }
        switch swipe {
        case .unreadable: return [.show(prompt)]
        case .hasChip where canReadChip && !isFallback: return [.show(.useChip)]
        case .hasChip: return taken(.takeSwipe(fallback: isFallback))
        case .stripeOnly: return taken(.takeSwipe(fallback: false))
        }
    }

    mutating func tapped(_ tap: Tap) -> [Action] {
        guard phase == .card, ways.contains(.contactless) else { return [] }
        switch tap {
        case .onlineRequested: return taken(.takeTap)
        case .decidedOffline: return decide(.declinedByCard)
        case .useChip: return listen() + [.show(canReadChip ? .useChip : prompt)]
        case .failed: return listen() + [.show(prompt)]
        }
    }

    mutating func keyed(_ keyed: Keyed) -> [Action] {
        guard phase == .card, ways.contains(.manual) else { return [] }
        switch keyed {
        case .entered: return taken(.takeKeyed)
        case .refused:
            refusedKeyings += 1
            guard refusedKeyings < Self.keyings else { return endKeying(.cardUnreadable) }
            // Somebody acts: the card's time begins anew, within the cardholder's.
            return [.startTimer(.card, rules.limits.card)] + listen() + [.show(.keyCardAgain)]
        case .cancelled: return endKeying(.cancelledByCardholder)
        case .timedOut: return endKeying(.timeout)
        case .failed: return endKeying(.deviceFault)
        }
    }

    /// The other ways stay; without any the transaction is over.
    private mutating func endKeying(_ result: ResultCode) -> [Action] {
        keyingIsOver = true
        ways.remove(.manual)
        return isWithoutReader ? decide(result) : listen() + [.show(prompt)]
    }

    /// The card phase of a card outside the slot is over with its data.
    private mutating func taken(_ action: Action) -> [Action] {
        usesSlot = false
        phase = .dialogue
        return stopListening() + [.stopTimer(.card), .show(.processing), action]
    }

    /// No answer to reset, or nothing understood: the chip is tried once more, then its stripe is taken where that can be.
    mutating func chipUnreadable() -> [Action] {
        guard ways.contains(.swipe) else { return decide(.cardUnreadable) }
        failedChipReads += 1
        let actions: [Action] = [.stopCard, .startTimer(.card, rules.limits.card)]
        guard isFallback else {
            phase = .removal
            return actions + [.status(.removeCard), .show(.removeCard)]
        }
        phase = .card
        return actions + listen() + [.status(.card), .show(prompt)]
    }

    private mutating func listen() -> [Action] {
        let wanted = isFallback ? otherWays.intersection([.swipe]) : otherWays
        guard !wanted.isEmpty || isListening else { return [] }
        isListening = !wanted.isEmpty
        return [.listen(wanted)]
    }

    mutating func stopListening() -> [Action] {
        guard isListening else { return [] }
        isListening = false
        return [.listen([])]
    }
}
