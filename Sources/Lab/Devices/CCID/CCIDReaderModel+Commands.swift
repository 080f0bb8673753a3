/// The commands (CCID 1.10, 6.1) and what the reader answers (6.2).
extension CCIDReaderModel {
    struct Answer {
        var type: UInt8
        /// bError of a failed command; `nil` for success.
        var error: UInt8?
        /// bChainParameter, bClockStatus, bProtocolNum.
        var specific: UInt8 = 0
        var data: [UInt8] = []
    }

    func answerType(_ messageType: UInt8) -> UInt8 {
        switch messageType {
        case 0x62, 0x6F, 0x69: 0x80
        case 0x61, 0x6C, 0x6D: 0x82
        case 0x6B: 0x83
        case 0x73: 0x84
        default: 0x81
        }
    }

    mutating func answer(_ answer: Answer, to message: [UInt8]) {
        let slot = Int(message[5])
        let status = (slots.indices.contains(slot) ? slots[slot].status : 2) | (answer.error == nil ? 0 : 0x40)
        answers.append(
            [answer.type] + le32(UInt32(truncatingIfNeeded: answer.data.count)) + [
                message[5], message[6], status, answer.error ?? 0, answer.specific,
            ]
                + answer.data)
    }

    mutating func carryOut(_ message: [UInt8]) -> [Effect] {
        switch message[0] {
        case 0x69, 0x6B: return carryOutPad(message)
        default:
            carryOutCommand(message)
            return []
        }
    }

    /// The slot is there, no abort is under way and nothing else.
    private mutating func isFree(_ message: [UInt8]) -> Bool {
        let slot = Int(message[5])
        let error: UInt8
        if !slots.indices.contains(slot) {
            error = 5
        } else if slots[slot].abortRequested != nil || slots[slot].abortMessage != nil {
            // Until both halves of an abort are there every other command of the slot is aborted too (6.1.13).
            error = 0xFF
        } else if held.contains(where: { Int($0.message[5]) == slot })
            || pinCommand.map({ Int($0.message[5]) == slot }) == true
        {
            error = 0xE0
        } else {
            return true
        }
        answer(Answer(type: answerType(message[0]), error: error), to: message)
        return false
    }

    private mutating func carryOutPad(_ message: [UInt8]) -> [Effect] {
        guard isFree(message) else { return [] }
        return message[0] == 0x69 ? secure(message, Int(message[5])) : escape(message, Int(message[5]))
    }

    private mutating func carryOutCommand(_ message: [UInt8]) {
        let type = message[0]
        let slot = Int(message[5])
        func failed(_ error: UInt8) -> Answer { Answer(type: answerType(type), error: error) }

        if type == 0x72, slots.indices.contains(slot) { return abortMessage(message, slot) }
        guard isFree(message) else { return }
        let data = Array(message[10...])
        let takesData = type == 0x6F || type == 0x61
        if !takesData, !data.isEmpty, answersKnown(type) { return answer(failed(1), to: message) }
        switch type {
        case 0x62: answer(powerOn(message[7], slot), to: message)
        case 0x63:
            slots[slot].losePower()
            answer(Answer(type: 0x81, specific: 1), to: message)
        case 0x65: answer(Answer(type: 0x81, specific: slots[slot].isPowered ? 0 : 1), to: message)
        case 0x6F: answer(transferBlock(message, data, slot), to: message)
        case 0x6C: answer(parameters(slot), to: message)
        case 0x6D:
            slots[slot].protocolNumber = 0
            slots[slot].parameters = Self.defaultParametersT0
            answer(parameters(slot), to: message)
        case 0x61: answer(setParameters(message[7], data, slot), to: message)
        // Mechanical, IccClock, T0APDU and rates are not there: "command not supported" is 0.
        default: answer(failed(0), to: message)
        }
    }

    private func answersKnown(_ type: UInt8) -> Bool { [0x62, 0x63, 0x65, 0x6C, 0x6D].contains(type) }

    // MARK: Power

    private mutating func powerOn(_ select: UInt8, _ slot: Int) -> Answer {
        let isAutomatic = profile.features & 0x08 != 0
        let isPossible =
            switch select {
            case 0: isAutomatic
            case 1...3: profile.voltages & [1, 2, 4][Int(select) - 1] != 0
            default: false
            }
        guard isPossible else { return Answer(type: 0x80, error: 7) }
        guard let card = slots[slot].card else { return Answer(type: 0x80, error: 0xFE) }
        slots[slot].command = nil
        slots[slot].response = nil
        guard let answerToReset = card.reset() else {
            slots[slot].losePower()
            return Answer(type: 0x80, error: 0xFE)
        }
        slots[slot].isPowered = true
        slots[slot].transport = CardTransport(answerToReset: answerToReset)
        slots[slot].characters = CharacterLine()
        followReset(answerToReset, slot)
        return Answer(type: 0x80, data: answerToReset)
    }

    // MARK: Parameters

    private func parameters(_ slot: Int) -> Answer {
        guard slots[slot].isPowered else { return Answer(type: 0x82, error: 0xFE) }
        return Answer(type: 0x82, specific: slots[slot].protocolNumber, data: slots[slot].parameters)
    }

    private mutating func setParameters(_ protocolNumber: UInt8, _ data: [UInt8], _ slot: Int) -> Answer {
        guard protocolNumber <= 1 else { return Answer(type: 0x82, error: 7) }
        guard data.count == (protocolNumber == 0 ? 5 : 7) else { return Answer(type: 0x82, error: 1) }
        guard slots[slot].isPowered else { return Answer(type: 0x82, error: 0xFE) }
        guard agree(protocolNumber, data[0], slot) else { return Answer(type: 0x82, error: 0xF6) }
        slots[slot].protocolNumber = protocolNumber
        slots[slot].parameters = data
        return parameters(slot)
    }

    // MARK: Blocks

    private mutating func transferBlock(_ message: [UInt8], _ data: [UInt8], _ slot: Int) -> Answer {
        func failed(_ error: UInt8) -> Answer { Answer(type: 0x80, error: error) }
        guard slots[slot].isPowered else { return failed(0xFE) }
        let level = UInt16(message[8]) | UInt16(message[9]) << 8
        switch profile.level {
        case .character:
            if !data.isEmpty, let answer = ratesAnswer(to: data, slot) {
                guard !answer.isEmpty else { return failed(0xFE) }
                slots[slot].characters.put(answer)
                return characterBlock([], expecting: Int(level), slot)
            }
            return characterBlock(data, expecting: Int(level), slot)
        case .tpdu:
            guard level == 0 else { return failed(8) }
            if let answer = ratesAnswer(to: data, slot) {
                return answer.isEmpty ? failed(0xFE) : Answer(type: 0x80, data: answer)
            }
            guard (4...260).contains(data.count) else { return failed(1) }
            return deliver(data, slot)
        case .shortAPDU:
            guard level == 0 else { return failed(8) }
            guard (4...261).contains(data.count) else { return failed(1) }
            return exchange(data, slot)
        case .extendedAPDU: break
        }
        switch level {
        case 0x0000:
            guard data.count >= 4 else { return failed(1) }
            slots[slot].command = nil
            return exchange(data, slot)
        case 0x0001:
            guard !data.isEmpty else { return failed(1) }
            slots[slot].command = data
            return Answer(type: 0x80, specific: 0x10)
        case 0x0002, 0x0003:
            guard let command = slots[slot].command else { return failed(8) }
            guard !data.isEmpty, command.count + data.count <= 65_544 else { return failed(1) }
            slots[slot].command = command + data
            if level == 0x0003 { return Answer(type: 0x80, specific: 0x10) }
            slots[slot].command = nil
            return exchange(command + data, slot)
        case 0x0010:
            guard data.isEmpty else { return failed(1) }
            guard let response = slots[slot].response else { return failed(8) }
            return part(of: response, isFirst: false, slot)
        default: return failed(8)
        }
    }

    /// What the reader's level makes of bytes for the card: TPDUs go through its protocol, APDUs straight to it.
    mutating func deliver(_ data: [UInt8], _ slot: Int) -> Answer {
        guard profile.level == .tpdu else { return exchange(data, slot) }
        guard let card = slots[slot].card, let response = slots[slot].transport.receive(data, card)
        else {
            return Answer(type: 0x80, error: 0xFE)
        }
        return Answer(type: 0x80, data: response)
    }

    private mutating func characterBlock(_ data: [UInt8], expecting count: Int, _ slot: Int) -> Answer {
        guard let card = slots[slot].card, let bytes = slots[slot].exchangeCharacters(data, expecting: count, card) else {
            return Answer(type: 0x80, error: 0xFE)
        }
        return Answer(type: 0x80, data: bytes)
    }

    private mutating func exchange(_ command: [UInt8], _ slot: Int) -> Answer {
        slots[slot].response = nil
        guard let card = slots[slot].card, let response = process(command, card), response.count >= 2 else {
            return Answer(type: 0x80, error: 0xFE)
        }
        if profile.level == .extendedAPDU { return part(of: response[...], isFirst: true, slot) }
        guard response.count <= 258, response.count + 10 <= profile.maximumMessageLength else { return Answer(type: 0x80, error: 0xFC) }
        return Answer(type: 0x80, data: response)
    }

    private mutating func part(of response: ArraySlice<UInt8>, isFirst: Bool, _ slot: Int) -> Answer {
        let data = Array(response.prefix(Int(profile.maximumMessageLength) - 10))
        let rest = response.dropFirst(data.count)
        slots[slot].response = rest.isEmpty ? nil : rest
        let chain: UInt8 =
            switch (isFirst, rest.isEmpty) {
            case (true, true): 0x00
            case (true, false): 0x01
            case (false, true): 0x02
            case (false, false): 0x03
            }
        return Answer(type: 0x80, specific: chain, data: data)
    }

    /// GET RESPONSE after 61xx and once more with the right length after 6Cxx (ISO/IEC 7816-3, 12.2).
    private func process(_ command: [UInt8], _ card: any VirtualCard) -> [UInt8]? {
        guard var response = card.process(command) else { return nil }
        guard profile.completesResponses else { return response }
        if command.count == 5, response.count == 2, response[0] == 0x6C {
            guard let again = card.process(Array(command.prefix(4)) + [response[1]]) else { return nil }
            response = again
        }
        var collected: [UInt8] = []
        while response.count >= 2, response[response.count - 2] == 0x61, collected.count <= 65_536 {
            collected += response.dropLast(2)
            guard let next = card.process([command[0] & 0x03, 0xC0, 0, 0, response[response.count - 1]]) else { return nil }
            response = next
        }
        return collected + response
    }

    // MARK: Abort

    /// Class request ABORT; wValue is bSeq and bSlot.
    mutating func abortRequest(sequence: UInt8, slot: Int) {
        guard slots.indices.contains(slot) else { return }
        if slots[slot].abortMessage == sequence { return endAbort(slot, sequence) }
        slots[slot].abortRequested = sequence
    }

    private mutating func abortMessage(_ message: [UInt8], _ slot: Int) {
        guard message.count == 10 else { return answer(Answer(type: 0x81, error: 1), to: message) }
        if slots[slot].abortRequested == message[6] { return endAbort(slot, message[6]) }
        slots[slot].abortMessage = message[6]
    }

    private mutating func endAbort(_ slot: Int, _ sequence: UInt8) {
        slots[slot].abortRequested = nil
        slots[slot].abortMessage = nil
        slots[slot].command = nil
        slots[slot].response = nil
        failHeld(slot, error: 0xFF)
        answer(
            Answer(type: 0x81, specific: slots[slot].isPowered ? 0 : 1), to: [0x72, 0, 0, 0, 0, UInt8(truncatingIfNeeded: slot), sequence])
    }

    // MARK: Cards

    mutating func insert(_ card: any VirtualCard, _ slot: Int) {
        guard slots.indices.contains(slot) else { return }
        if slots[slot].card != nil { remove(slot) }
        slots[slot].card = card
        notify([slot])
    }

    mutating func remove(_ slot: Int) {
        guard slots.indices.contains(slot), slots[slot].card != nil else { return }
        slots[slot].losePower()
        slots[slot].card = nil
        failHeld(slot, error: 0xFE)
        notify([slot])
    }

    /// NotifySlotChange: two bits a slot, present and changed (6.3.1).
    mutating func notify(_ changed: [Int]) {
        guard profile.hasInterruptEndpoint, !changed.isEmpty else { return }
        var bytes = [UInt8](repeating: 0, count: (2 * slots.count + 7) / 8)
        for (index, slot) in slots.enumerated() {
            let bits: UInt8 = (slot.card == nil ? 0 : 1) | (changed.contains(index) ? 2 : 0)
            bytes[index / 4] |= bits << UInt8(2 * (index % 4))
        }
        notices.append([0x50] + bytes)
    }
}
