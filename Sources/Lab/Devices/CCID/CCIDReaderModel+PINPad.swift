@_spi(ClearPIN) import Keys

/// The pad of the reader: Secure (CCID 1.10, 6.1.11) and the lab's own functions by Escape (Hardware/devices/ccid.md). Nothing that is typed
/// leaves the reader but in what goes to the card, and in enciphered blocks.
extension CCIDReaderModel {
    /// A command that waits for a person.
    struct PINCommand {
        enum Purpose {
            /// The APDU with room for the PINs, and where each of the entered ones goes; a new PIN's repetition goes nowhere.
            case insert(apdu: [UInt8], PINInsertion, offsets: [Int], prologue: [UInt8])
            case encipher(modulus: [UInt8], exponent: [UInt8], challenge: [UInt8])
            case online(PAN)
        }

        var message: [UInt8]
        var number: UInt64
        var purpose: Purpose
        var entry: PINPadEntry
    }

    // MARK: Secure

    mutating func secure(_ message: [UInt8], _ slot: Int) -> [Effect] {
        func failed(_ error: UInt8) -> [Effect] {
            answer(Answer(type: 0x80, error: error), to: message)
            return []
        }
        guard profile.pinSupport != 0 else { return failed(0) }
        guard slots[slot].isPowered else { return failed(0xFE) }
        let data = Array(message[10...])
        switch data.first {
        case 0 where profile.pinSupport & 1 != 0: return verify(message, data, slot)
        case 1 where profile.pinSupport & 2 != 0: return modify(message, data, slot)
        default: return failed(10)
        }
    }

    private mutating func verify(_ message: [UInt8], _ data: [UInt8], _ slot: Int) -> [Effect] {
        guard data.count >= 15 + 5 else { return refuse(message, 1) }
        let insertion = PINInsertion(format: data[2], block: data[3], length: data[4])
        let apdu = Array(data[15...])
        if let wrong = insertion.wrongField(dataLength: apdu.count - 5) { return refuse(message, wrong) }
        guard Int(apdu[4]) == apdu.count - 5 else { return refuse(message, 29) }
        guard data[5] >= data[6], data[5] > 0 else { return refuse(message, 15) }
        guard (1...7).contains(data[7]) else { return refuse(message, 17) }
        let entry = PINPadEntry(
            minimum: Int(data[6]), maximum: Int(data[5]), endsAtMaximum: data[7] & 1 != 0, endsWithKey: data[7] & 2 != 0,
            endsWithTime: data[7] & 4 != 0)
        return begin(message, .insert(apdu: apdu, insertion, offsets: [5], prologue: Array(data[12..<15])), entry, seconds: data[1], slot)
    }

    private mutating func modify(_ message: [UInt8], _ data: [UInt8], _ slot: Int) -> [Effect] {
        guard data.count > 15 else { return refuse(message, 1) }
        let insertion = PINInsertion(format: data[2], block: data[3], length: data[4])
        let (oldOffset, newOffset) = (Int(data[5]), Int(data[6]))
        let (maximum, minimum, confirm, condition, messages) = (data[7], data[8], data[9], data[10], data[11])
        // bMsgIndex2 unless no message is named, bMsgIndex3 for three.
        let indices = messages == 0 ? 1 : messages == 3 ? 3 : 2
        let prologueAt = 14 + indices
        guard data.count >= prologueAt + 3 + 5 else { return refuse(message, 1) }
        guard maximum >= minimum, maximum > 0 else { return refuse(message, 17) }
        guard (1...7).contains(condition) else { return refuse(message, 20) }
        let apdu = Array(data[(prologueAt + 3)...])
        let asksOld = confirm & 2 != 0
        let last = max(newOffset, asksOld ? oldOffset : 0)
        guard Int(apdu[4]) == apdu.count - 5 else { return refuse(message, UInt8(truncatingIfNeeded: 10 + prologueAt + 7)) }
        if let wrong = insertion.wrongField(dataLength: apdu.count - 5 - last) { return refuse(message, wrong) }
        let confirms = confirm & 1 != 0
        let entry = PINPadEntry(
            minimum: Int(minimum), maximum: Int(maximum), endsAtMaximum: condition & 1 != 0, endsWithKey: condition & 2 != 0,
            endsWithTime: condition & 4 != 0, prompts: 1 + (asksOld ? 1 : 0) + (confirms ? 1 : 0), confirms: confirms)
        let offsets = (asksOld ? [5 + oldOffset] : []) + [5 + newOffset]
        return begin(
            message, .insert(apdu: apdu, insertion, offsets: offsets, prologue: Array(data[prologueAt..<prologueAt + 3])), entry,
            seconds: data[1], slot)
    }

    private mutating func refuse(_ message: [UInt8], _ error: UInt8) -> [Effect] {
        answer(Answer(type: answerType(message[0]), error: error), to: message)
        return []
    }

    // MARK: Escape

    /// `43 54 | function | seconds | minimum | maximum | flags | rest`.
    mutating func escape(_ message: [UInt8], _ slot: Int) -> [Effect] {
        let data = Array(message[10...])
        guard profile.hasLabPINPad else { return refuse(message, 0) }
        guard data.count >= 7, data[0] == 0x43, data[1] == 0x54 else { return refuse(message, 10) }
        var rest = data.dropFirst(7)
        func field() -> [UInt8]? {
            guard rest.count >= 2 else { return nil }
            let count = rest.prefix(2).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count - 2 >= count else { return nil }
            defer { rest = rest.dropFirst(2 + count) }
            return Array(rest.dropFirst(2).prefix(count))
        }
        let entry = PINPadEntry(minimum: Int(data[4]), maximum: Int(data[5]), bypassAllowed: data[6] & 1 != 0)
        switch data[2] {
        case 1:
            guard let exponent = field(), let modulus = field(), rest.count == 8, (64...248).contains(modulus.count) else {
                return refuse(message, 17)
            }
            guard slots[slot].isPowered else { return refuse(message, 0xFE) }
            return begin(message, .encipher(modulus: modulus, exponent: exponent, challenge: Array(rest)), entry, seconds: data[3], slot)
        case 2:
            guard let digits = field(), let pan = PAN(String(decoding: digits, as: UTF8.self)), field() != nil, field() != nil,
                rest.isEmpty, pan.count >= 13
            else { return refuse(message, 17) }
            return begin(message, .online(pan), entry, seconds: data[3], slot)
        case 3:
            answer(Answer(type: 0x83, data: [0] + Self.field(pinKeys?.nextSerial?.bytes ?? [])), to: message)
            return []
        default: return refuse(message, 12)
        }
    }

    private static func field(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes }

    // MARK: Entry

    private mutating func begin(_ message: [UInt8], _ purpose: PINCommand.Purpose, _ entry: PINPadEntry, seconds: UInt8, _ slot: Int)
        -> [Effect]
    {
        // One person, one pad.
        guard pinCommand == nil else { return refuse(message, 0xE0) }
        pinCount += 1
        pinCommand = PINCommand(message: message, number: pinCount, purpose: purpose, entry: entry)
        // While a person types, the reader asks for time as for a slow card (6.2-3).
        answers.append([answerType(message[0]), 0, 0, 0, 0, message[5], message[6], 0x80 | slots[slot].status, 1, 0])
        return [.pinTimeout(pinCount, after: .seconds(seconds == 0 ? 30 : Int(seconds)))]
    }

    /// Keys that nobody waits for are lost.
    mutating func press(_ key: PINPadKey) {
        guard let end = pinCommand?.entry.press(key) else { return }
        finishPIN(end)
    }

    mutating func pinTimeIsUp(_ number: UInt64) {
        guard pinCommand?.number == number, let end = pinCommand?.entry.timeIsUp() else { return }
        finishPIN(end)
    }

    /// The waiting command fails: aborted, or its card was pulled.
    mutating func failPIN(_ slot: Int, error: UInt8, pulled: Bool = false) {
        guard let command = pinCommand, Int(command.message[5]) == slot else { return }
        // A PIN for the host needs no card.
        if pulled, case .online = command.purpose { return }
        pinCommand = nil
        answer(Answer(type: answerType(command.message[0]), error: error), to: command.message)
    }

    private mutating func finishPIN(_ end: PINPadEntry.End) {
        guard let command = pinCommand else { return }
        pinCommand = nil
        let slot = Int(command.message[5])
        switch (end, command.purpose) {
        case (.entered(let pins), .insert(var apdu, let insertion, let offsets, let prologue)):
            for (pin, offset) in zip(pins, offsets) where !insertion.put(pin, into: &apdu, at: offset) {
                return answer(Answer(type: 0x80, error: 13), to: command.message)
            }
            answer(sendToCard(apdu, prologue: prologue, slot), to: command.message)
        case (.mismatch, .insert): answer(Answer(type: 0x80, data: [0x64, 0x02]), to: command.message)
        case (.cancelled, .insert), (.bypassed, .insert): answer(Answer(type: 0x80, error: 0xEF), to: command.message)
        case (.timedOut, .insert): answer(Answer(type: 0x80, error: 0xF0), to: command.message)
        case (.entered(let pins), .encipher(let modulus, let exponent, let challenge)):
            guard let pin = pins.first, let data = try? Self.encipher(pin, modulus, exponent, challenge) else {
                return answer(Answer(type: 0x83, error: 17), to: command.message)
            }
            let apdu = [0x00, 0x20, 0x00, 0x88, UInt8(truncatingIfNeeded: data.count)] + data
            guard let response = slots[slot].card?.process(apdu) else {
                return answer(Answer(type: 0x83, error: 0xFE), to: command.message)
            }
            answer(Answer(type: 0x83, data: [0] + response), to: command.message)
        case (.entered(let pins), .online(let pan)):
            guard let pin = pins.first, let sealed = try? pinKeys?.encipher(pin, pan: pan) else {
                return answer(Answer(type: 0x83, error: 0xFB), to: command.message)
            }
            let block = sealed.block.withBytes { Array($0) }
            answer(Answer(type: 0x83, data: [0] + Self.field(sealed.serial.bytes) + Self.field(block)), to: command.message)
        case (.bypassed, _): answer(Answer(type: 0x83, data: [1]), to: command.message)
        case (.cancelled, _), (.mismatch, _): answer(Answer(type: 0x83, data: [2]), to: command.message)
        case (.timedOut, _): answer(Answer(type: 0x83, data: [3]), to: command.message)
        }
    }

    /// EMV 4.4 Book 2, 7.2: `7F | PIN block | challenge | random`, under the card's key.
    private static func encipher(_ pin: PIN, _ modulus: [UInt8], _ exponent: [UInt8], _ challenge: [UInt8]) throws(KeysError) -> [UInt8] {
        let block = try PINBlock.make(.iso2, pin).withBytes { Array($0) }
        let plain = [0x7F] + block + challenge + (try RandomBytes.generate(modulus.count - 17))
        return try RSAPublicKey(modulus: modulus, exponent: exponent).apply(plain)
    }

    private mutating func sendToCard(_ apdu: [UInt8], prologue: [UInt8], _ slot: Int) -> Answer {
        guard profile.level == .tpdu, slots[slot].transport.isBlocks else { return deliver(apdu, slot) }
        let block = prologue + apdu
        return deliver(block + [block.reduce(0, ^)], slot)
    }
}
