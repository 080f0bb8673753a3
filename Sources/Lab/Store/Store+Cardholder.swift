import Devices

/// What the cardholder does: cards in and out, the reader's cable.
extension Store {
    /// One card for each name, so that its transaction counter goes on from sale to sale.
    func card(named name: String) throws -> any VirtualCard {
        if let card = cards[name] { return card }
        let card = try CardIssuer().issue(try CardProfiles.named(name))
        cards[name] = card
        return card
    }

    func insert(_ name: String) throws {
        guard isChipPlugged else { throw LabError(.badRequest, "The reader is unplugged.") }
        guard insertedCard == nil else { throw LabError(.badRequest, "There is a card in the reader already.") }
        chip.insert(try card(named: name))
        insertedCard = name
    }

    func removeCard() {
        chip.remove()
        insertedCard = nil
    }

    func plugChip() throws {
        guard !isChipPlugged else { throw LabError(.badRequest, "The reader is plugged in already.") }
        try bus.plug(chip, at: Self.chipPath)
        isChipPlugged = true
    }

    func unplugChip() throws(LabError) {
        guard isChipPlugged else { throw LabError(.badRequest, "The reader is unplugged already.") }
        bus.unplug(Self.chipPath)
        isChipPlugged = false
    }

    /// The automatic cardholder does what the display says.
    func followAutomatically(_ shown: DisplayMessage) {
        guard let automaticCard else { return }
        switch shown.prompt {
        case .insertCard:
            if insertedCard == nil { try? insert(automaticCard) }
        case .removeCard: removeCard()
        // The first is the one of highest priority, or what costs least.
        case .chooseApplication, .tip, .confirm, .menu:
            if let first = shown.buttons.first { answer(CardholderAnswer(.pressed(first), screen: shown.screen)) }
        default: break
        }
    }

    func setAutomatic(_ name: String?) throws {
        if let name { _ = try card(named: name) }
        automaticCard = name
        followAutomatically(display)
    }
}
