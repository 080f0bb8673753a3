import SmartCard

/// How commands travel to the card that has power in a slot.
enum CCIDCardLink: Sendable, Hashable {
    case unpowered
    /// The reader sees to the protocol.
    case apdu
    /// T=0 with the reader moving whole TPDUs.
    case characterTPDU
    /// T=0 with the reader moving characters.
    case characters
    case blocks(T1Protocol)

    /// What the answer to reset leads to. Throws when reader and card have no protocol in common.
    init(_ answer: AnswerToReset, through interface: CCIDInterface) throws(DeviceError) {
        let chosen = answer.interfaceBytes(2).ta.map { $0 & 0x0F } ?? answer.protocols.first ?? 0
        guard chosen <= 1 else { throw DeviceError(.cardMute, "the card offers T=\(chosen), EMV knows T=0 and T=1") }
        let offered = interface.descriptor.protocols & 0x03
        // Some readers name no protocol at all and know both.
        guard offered == 0 || offered >> UInt32(chosen) & 1 == 1 else {
            throw DeviceError(.cardMute, "the card speaks T=\(chosen), which the reader does not know")
        }
        switch (interface.level, chosen) {
        case (.shortAPDU, _), (.extendedAPDU, _): self = .apdu
        case (.tpdu, 0): self = .characterTPDU
        case (.character, 0): self = .characters
        default:
            let size = interface.descriptor.maximumIFSD
            self = .blocks(
                T1Protocol(
                    .init(
                        answer, terminalFieldSize: size == 0 ? T1Block.largestField : Int(min(size, 254)),
                        // NAD PCB LEN and the checksum go along.
                        largestSent: interface.maximumMessageLength - CCIDResponse.headerLength - 5)))
        }
    }
}
