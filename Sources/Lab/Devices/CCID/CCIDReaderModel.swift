/// The inside of a virtual CCID reader, message by message, written from the device's side of the specification and on purpose not with
/// the driver's codec: it would share its mistakes.
struct CCIDReaderModel {
    struct Slot {
        var card: (any VirtualCard)?
        var isPowered = false
        var protocolNumber: UInt8 = 0
        var parameters: [UInt8] = CCIDReaderModel.defaultParametersT0
        /// The card's.
        var rates = CardRates()
        /// Command APDU that is not complete yet, and what of the response was not asked for yet; extended APDU level.
        var command: [UInt8]?
        var response: ArraySlice<UInt8>?
        /// The card's protocol, for readers that leave it to the host.
        var transport = CardTransport.characters(CardT0())
        /// T=0 below TPDU level: what of the TPDU the card has, and what of its answer the host has not.
        var characters = CharacterLine()
        /// bSeq of the ABORT request and of the bulk Abort message; the slot works again when both came.
        var abortRequested: UInt8?
        var abortMessage: UInt8?

        /// bmICCStatus
        var status: UInt8 { card == nil ? 2 : isPowered ? 0 : 1 }

        /// `nil` when the card is mute.
        mutating func exchangeCharacters(_ data: [UInt8], expecting count: Int, _ card: any VirtualCard) -> [UInt8]? {
            characters.send(data, to: card, &transport) ? characters.take(count) : nil
        }

        mutating func losePower() {
            if isPowered { card?.powerOff() }
            isPowered = false
            command = nil
            response = nil
            characters = CharacterLine()
            rates = CardRates()
            protocolNumber = 0
            parameters = CCIDReaderModel.defaultParametersT0
        }
    }

    struct Held {
        var message: [UInt8]
        var number: UInt64
    }

    static let defaultParametersT0: [UInt8] = [0x11, 0x00, 0x00, 0x0A, 0x00]
    static let defaultParametersT1: [UInt8] = [0x11, 0x10, 0x00, 0x4D, 0x00, 0x20, 0x00]

    let profile: CCIDReaderProfile
    var slots: [Slot]
    /// Frames that the host has not fetched yet.
    var answers: [[UInt8]] = []
    var notices: [[UInt8]] = []
    var faults: [(fault: CCIDReaderFault, messageType: UInt8?)] = []
    var held: [Held] = []
    var isDead = false
    var stallsIn = 0
    var pinCommand: PINCommand?
    var pinCount: UInt64 = 0
    var pinKeys: PINPadKeys?
    /// A command that is not complete yet: it came in several transfers.
    private var incoming: [UInt8] = []
    private var heldCount: UInt64 = 0

    init(_ profile: CCIDReaderProfile, pinKeys: PINPadKeys?) {
        self.profile = profile
        self.pinKeys = pinKeys
        slots = (0..<max(1, min(profile.slotCount, 256))).map { _ in Slot() }
    }

    /// What the shell has to do after a message.
    enum Effect {
        case release(UInt64, after: Duration)
        case pinTimeout(UInt64, after: Duration)
        case vanished
    }

    // MARK: Bulk OUT

    mutating func out(_ data: [UInt8]) -> (VirtualTransferResult, [Effect]) {
        if isDead { return (.pending, []) }
        if let first = incoming.first ?? data.first, takeFault(messageType: first, where: { $0 == .stallOut }) != nil {
            return (.stall, [])
        }
        incoming += data
        guard incoming.count >= 10 else {
            // A short packet ends a message; a header needs ten bytes.
            if data.count % CCIDReaderProfile.maximumPacketSize != 0 { incoming = [] }
            return (.accepted, [])
        }
        let length = 10 + Int(incoming[1]) + Int(incoming[2]) << 8 + Int(incoming[3]) << 16 + Int(incoming[4]) << 24
        let isEnded = data.count % CCIDReaderProfile.maximumPacketSize != 0
        guard incoming.count >= length || isEnded || length > profile.maximumMessageLength else { return (.accepted, []) }
        let message = incoming
        incoming = []
        guard message.count == length, length <= profile.maximumMessageLength else {
            // bError is the offset of the wrong field: dwLength.
            answer(Answer(type: answerType(message[0]), error: 1), to: message)
            return (.accepted, [])
        }
        return (.accepted, received(message))
    }

    private mutating func received(_ message: [UInt8]) -> [Effect] {
        guard let (fault, _) = takeFault(messageType: message[0], where: { $0 != .stallOut }) else {
            return
                carryOut(message)
        }
        switch fault {
        case .vanish:
            isDead = true
            return [.vanished]
        case .silent: return []
        case .hold:
            hold(message)
            return []
        case .slow(let delay):
            return [.release(hold(message), after: delay)]
        case .error(let code):
            answer(Answer(type: answerType(message[0]), error: code), to: message)
        case .stallInstead: stallsIn += 1
        default:
            let before = answers.count
            let effects =
                carryOut(message)
            disturb(fault, message, from: before)
            return effects
        }
        return []
    }

    private mutating func disturb(_ fault: CCIDReaderFault, _ message: [UInt8], from first: Int) {
        guard answers.indices.contains(first) else { return }
        switch fault {
        case .stallIn: stallsIn += 1
        case .wrongSequence: answers[first][6] &+= 1
        case .wrongSlot: answers[first][5] &+= 1
        case .leftovers(let count):
            let stale = (0..<count).map {
                [0x81, 0, 0, 0, 0, message[5], message[6] &- UInt8(truncatingIfNeeded: $0 + 1), 0, 0, 0] as [UInt8]
            }
            answers.insert(contentsOf: stale, at: first)
        case .emptyTransfer: answers.insert([], at: first)
        case .shortPacket: answers[first] = Array(answers[first].prefix(answers[first].count - 1))
        case .oversized: answers[first] += [0xDE, 0xAD]
        case .garbage: answers[first] = answers[first].enumerated().map { UInt8(truncatingIfNeeded: $0.offset &* 37 &+ 11) ^ $0.element }
        case .timeExtension(let multiplier, let count):
            let extensionFrame: [UInt8] = [0x80, 0, 0, 0, 0, message[5], message[6], 0x80, multiplier, 0]
            answers.insert(contentsOf: Array(repeating: extensionFrame, count: count), at: first)
        default: break
        }
    }

    private mutating func takeFault(
        messageType: UInt8, where isMeant: (CCIDReaderFault) -> Bool
    ) -> (fault: CCIDReaderFault, messageType: UInt8?)? {
        // Abort goes through unless a fault is meant for it.
        let index = faults.firstIndex {
            isMeant($0.fault) && ($0.messageType.map { $0 == messageType } ?? (messageType != 0x72))
        }
        return index.map { faults.remove(at: $0) }
    }

    // MARK: Held commands

    @discardableResult
    private mutating func hold(_ message: [UInt8]) -> UInt64 {
        heldCount += 1
        held.append(Held(message: message, number: heldCount))
        return heldCount
    }

    /// Carries out what is held; `number` means one of them.
    mutating func releaseHeld(_ number: UInt64? = nil) -> [Effect] {
        let released = held.filter { number == nil || $0.number == number }
        held.removeAll { number == nil || $0.number == number }
        return released.flatMap { carryOut($0.message) }
    }

    /// What is held for a slot fails with this.
    mutating func failHeld(_ slot: Int, error: UInt8) {
        let failed = held.filter { Int($0.message[5]) == slot }
        held.removeAll { Int($0.message[5]) == slot }
        for command in failed { answer(Answer(type: answerType(command.message[0]), error: error), to: command.message) }
        failPIN(slot, error: error, pulled: error == 0xFE)
    }

    // MARK: Bulk IN

    mutating func take(_ length: Int) -> VirtualTransferResult {
        if isDead { return .pending }
        if stallsIn > 0 {
            stallsIn -= 1
            return .stall
        }
        guard let first = answers.first else { return .pending }
        if first.count > length {
            answers[0] = Array(first.dropFirst(length))
            return .data(Array(first.prefix(length)))
        }
        answers.removeFirst()
        return .data(first)
    }

    mutating func takeNotice() -> VirtualTransferResult {
        guard !isDead, !notices.isEmpty else { return .pending }
        return .data(notices.removeFirst())
    }

    // MARK: Power

    /// The device's own power is gone; cards stay where they are.
    mutating func powerLost() {
        for index in slots.indices {
            slots[index].losePower()
            slots[index].abortRequested = nil
            slots[index].abortMessage = nil
        }
        answers = []
        notices = []
        faults = []
        held = []
        pinCommand = nil
        incoming = []
        stallsIn = 0
        isDead = false
    }
}
