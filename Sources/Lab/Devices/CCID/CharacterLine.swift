/// The wire between a reader at character level and a card: the host sends some characters and says how many it wants back.
struct CharacterLine {
    /// Characters of the card that the host has not taken.
    private var incoming: ArraySlice<UInt8> = []
    /// A T=0 command, header first, while its data is still to come.
    private var tpdu: [UInt8] = []
    /// The card takes data byte by byte when it answers INS complemented; it does so for every other command.
    private var isSlow = false

    /// `false` when the card is mute.
    mutating func send(_ data: [UInt8], to card: any VirtualCard, _ transport: inout CardTransport) -> Bool {
        if data.isEmpty { return true }
        incoming = []
        guard !transport.isBlocks else {
            guard let answer = transport.receive(data, card) else { return false }
            incoming = answer[...]
            return true
        }
        tpdu += data
        guard tpdu.count >= 5 else { return false }
        let instruction = tpdu[1]
        // A command with data is one that this card knows to have some: its header alone is answered with a procedure byte.
        if tpdu.count == 5, tpdu[4] > 0, Self.takesData(instruction) {
            isSlow.toggle()
            incoming = [0x60, isSlow ? ~instruction : instruction]
            return true
        }
        if tpdu.count > 5, tpdu.count < 5 + Int(tpdu[4]) {
            incoming = [~instruction]
            return true
        }
        let command = tpdu
        tpdu = []
        guard let answer = transport.receive(command, card) else { return false }
        incoming = (answer.count > 2 ? [instruction] + answer : answer)[...]
        return true
    }

    /// What the card says outside its protocol.
    mutating func put(_ bytes: [UInt8]) { incoming = bytes[...] }

    /// The next characters, fewer when the card has no more; `nil` when it has none.
    mutating func take(_ count: Int) -> [UInt8]? {
        guard !incoming.isEmpty else { return nil }
        defer { incoming = incoming.dropFirst(count) }
        return Array(incoming.prefix(count))
    }

    /// EMV's commands with data for the card.
    private static func takesData(_ instruction: UInt8) -> Bool {
        [0xA4, 0xA8, 0xAE, 0x82, 0x88, 0x20, 0x24, 0xDA, 0xE2].contains(instruction)
    }
}
