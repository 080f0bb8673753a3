import Devices

/// The keys of the chip reader's PIN pad.
extension Store {
    /// Keys for a PIN that is asked for: by the reader, or by the display while the reader is about to.
    func press(_ keys: [PINPadKey]) throws(LabError) {
        if devices.chip.pinEntry.isOpen {
            for key in keys { devices.chip.press(key) }
        } else if display.prompt == .enterPIN {
            earlyKeys += keys
        } else {
            throw LabError(.badRequest, "Nobody asks for a PIN.")
        }
    }

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
