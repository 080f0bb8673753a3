import Devices

/// What the cardholder does: cards in, out, over and through the readers.
extension Store {
    /// How long a card is held to a contactless reader that does not ask for one.
    static let tapPatience = 300
    static let tapPause = Duration.milliseconds(10)

    /// One card for each name, so that its transaction counter goes on from sale to sale. `nil` for one without contacts.
    func card(named name: String) throws -> (any VirtualCard)? {
        if let card = cards[name] { return card }
        let profile = try CardProfiles.named(name)
        let card: any VirtualCard
        switch profile.chip {
        case .none: return nil
        case .dead: card = DeadCard()
        case .works: card = try CardIssuer().issue(profile)
        }
        cards[name] = card
        return card
    }

    func insert(_ name: String) throws {
        try require(.chip)
        guard insertedCard == nil else { throw LabError(.badRequest, "There is a card in the reader already.") }
        guard let card = try card(named: name) else { throw LabError(.badRequest, "The card \(name) has no chip; swipe it.") }
        devices.chip.insert(card)
        insertedCard = name
    }

    func removeCard() {
        devices.chip.remove()
        insertedCard = nil
    }

    /// Pulls a card through the stripe reader. A terminal that does not ask for a card takes no notice.
    func swipe(_ name: String) throws {
        try require(.stripe)
        devices.stripe.swipe(try CardProfiles.named(name).stripe)
    }

    /// Holds a card to the contactless reader until it was read, for a while.
    func tap(_ name: String) async throws {
        try require(.contactless)
        guard try CardProfiles.named(name).chip == .works, let card = try card(named: name) else {
            throw LabError(.badRequest, "The card \(name) cannot be tapped; insert or swipe it.")
        }
        guard insertedCard != name else { throw LabError(.badRequest, "The card is in the chip reader; remove it first.") }
        for _ in 0..<Self.tapPatience {
            if devices.contactless.isWaiting { return devices.contactless.tap(card) }
            try await Task.sleep(for: Self.tapPause)
        }
        throw LabError(.badRequest, "The contactless reader does not ask for a card.")
    }

    /// Types a card's number and expiry at the PIN pad, once it asks.
    func key(_ name: String) async throws {
        let profile = try CardProfiles.named(name)
        try await padAsks()
        guard devices.pinpad.isWaitingForNumber else { throw LabError(.badRequest, "Nobody asks for a card number.") }
        profile.pan.withDigits { devices.pinpad.type($0) }
        devices.pinpad.enter()
        devices.pinpad.type(String(profile.expiry.dropFirst(2).prefix(2) + profile.expiry.prefix(2)))
        devices.pinpad.enter()
    }

    /// Waits until the PIN pad asks for something, for a while.
    func padAsks() async throws {
        try require(.pinpad)
        for _ in 0..<Self.tapPatience where !devices.pinpad.isAsking { try await Task.sleep(for: Self.tapPause) }
    }

    /// The automatic cardholder does what the display says.
    func followAutomatically(_ shown: DisplayMessage) {
        guard let automaticCard else { return }
        switch shown.prompt {
        case .insertCard, .presentCard, .readCard: present(automaticCard)
        case .useChip: try? insert(automaticCard)
        case .swipeCard:
            if insertedCard != nil { removeCard() }
            try? swipe(automaticCard)
        case .keyCard: Task { try? await key(automaticCard) }
        case .removeCard: removeCard()
        // The first is the one of highest priority, or what costs least.
        case .chooseApplication, .tip, .confirm, .menu:
            if let first = shown.buttons.first { answer(CardholderAnswer(.pressed(first), screen: shown.screen)) }
        default: break
        }
    }

    /// Chip, else tap, else swipe (control interface, `automatic`).
    private func present(_ name: String) {
        guard insertedCard == nil, let profile = try? CardProfiles.named(name) else { return }
        switch profile.chip {
        case .works where plugged.contains(.chip), .dead where plugged.contains(.chip): try? insert(name)
        case .works where plugged.contains(.contactless): Task { try? await tap(name) }
        case .works, .dead, .none: try? swipe(name)
        }
    }

    func setAutomatic(_ name: String?) throws {
        if let name { _ = try CardProfiles.named(name) }
        automaticCard = name
        followAutomatically(display)
    }
}
