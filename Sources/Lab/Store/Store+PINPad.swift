import Devices

/// The keys of the pad that asks: the chip reader's, or the one for typed card numbers.
extension Store {
    /// Keys for what is asked for: by a pad, or by the display while the pad is about to. Waits for that a while: the POS may hear of the question before
    /// pad and display do.
    func press(_ keys: [PINPadKey]) async throws {
        for _ in 0..<Self.tapPatience where !isAskedForKeys { try await Task.sleep(for: Self.tapPause) }
        if devices.pinpad.isAsking {
            for key in keys { devices.pinpad.press(key) }
        } else if devices.chip.pinEntry.isOpen {
            for key in keys { devices.chip.press(key) }
        } else if display.prompt == .enterPIN {
            earlyKeys += keys
        } else {
            throw LabError(.badRequest, "Nobody asks for a PIN or a card number.")
        }
    }

    private var isAskedForKeys: Bool { devices.pinpad.isAsking || devices.chip.pinEntry.isOpen || display.prompt == .enterPIN }

    /// The reader waits for a PIN now.
    func pinIsAsked() {
        let early = earlyKeys
        earlyKeys = []
        for key in early { devices.chip.press(key) }
        // The automatic cardholder knows the PIN of the card that is in.
        guard early.isEmpty, automaticCard != nil, let card = insertedCard, let pin = try? CardProfiles.named(card).pin else { return }
        pin.withBytes { digits in devices.chip.type(digits.map { $0 &- 0x30 }) }
        devices.chip.press(.enter)
    }
}
