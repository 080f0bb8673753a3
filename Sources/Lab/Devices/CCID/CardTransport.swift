/// The card's side of the transmission protocols, between a virtual card that knows APDUs and a reader that moves TPDUs.
enum CardTransport {
    case characters(CardT0)
    case blocks(CardT1)

    /// What the card's answer to reset says: T of TD1, the field size of TA3.
    init(answerToReset: [UInt8]) {
        func present(_ byte: UInt8) -> Int { (byte >> 4).nonzeroBitCount }
        guard answerToReset.count > 1, answerToReset[1] & 0x80 != 0 else {
            self = .characters(CardT0())
            return
        }
        let td1 = 1 + present(answerToReset[1])
        guard answerToReset.indices.contains(td1), answerToReset[td1] & 0x0F == 1 else {
            self = .characters(CardT0())
            return
        }
        // TA3 is the first of the bytes that TD2 announces.
        var fieldSize = 32
        if answerToReset[td1] & 0x80 != 0 {
            let td2 = td1 + present(answerToReset[td1])
            if answerToReset.indices.contains(td2 + 1), answerToReset[td2] & 0x10 != 0 { fieldSize = Int(answerToReset[td2 + 1]) }
        }
        self = .blocks(CardT1(fieldSize: max(1, fieldSize)))
    }

    var isBlocks: Bool { if case .blocks = self { true } else { false } }

    /// One TPDU; `nil` when the card is mute.
    mutating func receive(_ tpdu: [UInt8], _ card: any VirtualCard) -> [UInt8]? {
        switch self {
        case .characters(var characters):
            defer { self = .characters(characters) }
            return characters.receive(tpdu, card)
        case .blocks(var blocks):
            defer { self = .blocks(blocks) }
            return blocks.receive(tpdu, card)
        }
    }
}

/// T=0 on the card's side (ISO/IEC 7816-3, 10): what does not fit into one TPDU waits for GET RESPONSE.
struct CardT0 {
    private var waiting: [UInt8] = []
    private var status: [UInt8] = []

    mutating func receive(_ tpdu: [UInt8], _ card: any VirtualCard) -> [UInt8]? {
        guard tpdu.count >= 5 else { return nil }
        let wanted = tpdu[4] == 0 ? 256 : Int(tpdu[4])
        if tpdu[1] == 0xC0, tpdu.count == 5, !waiting.isEmpty { return part(wanted) }
        guard let response = card.process(tpdu), response.count >= 2 else { return nil }
        let (data, end) = (Array(response.dropLast(2)), Array(response.suffix(2)))
        waiting = []
        guard !data.isEmpty else { return end }
        if tpdu.count == 5 {
            guard data.count == wanted else { return [0x6C, UInt8(truncatingIfNeeded: data.count)] }
            return response
        }
        waiting = data
        status = end
        return [0x61, UInt8(truncatingIfNeeded: min(256, data.count))]
    }

    private mutating func part(_ wanted: Int) -> [UInt8] {
        guard wanted <= waiting.count else { return [0x6C, UInt8(truncatingIfNeeded: min(256, waiting.count))] }
        let data = Array(waiting.prefix(wanted))
        waiting = Array(waiting.dropFirst(wanted))
        return data + (waiting.isEmpty ? status : [0x61, UInt8(truncatingIfNeeded: min(256, waiting.count))])
    }
}

/// T=1 on the card's side (ISO/IEC 7816-3, 11), written from the card's half of the rules.
struct CardT1 {
    /// What the card takes in one block.
    let fieldSize: Int
    /// What the reader takes; it says so with S(IFS request).
    private var terminalFieldSize = 32
    private var sendNumber: UInt8 = 0
    private var receiveNumber: UInt8 = 0
    private var command: [UInt8] = []
    private var response: ArraySlice<UInt8> = []
    /// For repetition.
    private var last: [UInt8] = []
    private var isAnswering = false

    init(fieldSize: Int) { self.fieldSize = min(fieldSize, 254) }

    mutating func receive(_ block: [UInt8], _ card: any VirtualCard) -> [UInt8]? {
        guard block.count >= 4, block.reduce(0, ^) == 0 else { return ready(1) }
        guard block[0] == 0, Int(block[2]) == block.count - 4, Int(block[2]) <= fieldSize || block[1] & 0xC0 == 0xC0 else {
            return ready(2)
        }
        let field = Array(block[3..<block.count - 1])
        switch block[1] {
        case 0xC1:
            guard field.count == 1, field[0] >= 1, field[0] != 0xFF else { return ready(2) }
            terminalFieldSize = Int(field[0])
            return sent(0xE1, field)
        case 0xE1, 0xE3: return isAnswering ? next() : ready(2)
        case let control where control & 0xA0 == 0x80:
            // Nothing to repeat: the terminal's own block did not arrive, and it is asked for.
            guard isAnswering else { return ready(0) }
            // N(R) is the next expected: the reader has the last one, or wants it again.
            if control >> 4 & 1 != sendNumber, !response.isEmpty { return acknowledged() }
            return last
        case let control where control & 0x80 == 0: return information(control, field, card)
        default: return ready(2)
        }
    }

    private mutating func information(_ control: UInt8, _ field: [UInt8], _ card: any VirtualCard) -> [UInt8]? {
        guard control >> 6 & 1 == receiveNumber else { return ready(2) }
        if isAnswering { sendNumber ^= 1 }
        isAnswering = false
        receiveNumber ^= 1
        command += field
        if control & 0x20 != 0 { return sent(0x80 | receiveNumber << 4, []) }
        defer { command = [] }
        guard let answer = card.process(command) else { return nil }
        response = answer[...]
        isAnswering = true
        return next()
    }

    private mutating func acknowledged() -> [UInt8] {
        sendNumber ^= 1
        return next()
    }

    private mutating func next() -> [UInt8] {
        let part = Array(response.prefix(terminalFieldSize))
        response = response.dropFirst(part.count)
        return sent(sendNumber << 6 | (response.isEmpty ? 0 : 0x20), part)
    }

    private mutating func ready(_ fault: UInt8) -> [UInt8] { Self.block(0x80 | receiveNumber << 4 | fault, []) }

    private mutating func sent(_ control: UInt8, _ field: [UInt8]) -> [UInt8] {
        last = Self.block(control, field)
        return last
    }

    static func block(_ control: UInt8, _ field: [UInt8]) -> [UInt8] {
        let body = [0x00, control, UInt8(truncatingIfNeeded: field.count)] + field
        return body + [body.reduce(0, ^)]
    }
}
