import SmartCard

/// The card in a slot: reset, protocol, commands. Each runs in one turn, so that nothing comes between two blocks of a command.
extension CCIDReader {
    // MARK: Reset

    /// Cold reset, and one warm reset when the answer is not what EMV accepts (EMV Level 1, 8.4); then the protocol is set up, with another
    /// reset when the card and the reader do not come to better rates.
    func powerOn(slot: Int) async throws(DeviceError) -> [UInt8] {
        await takeTurn()
        defer { passTurn() }
        links[slot] = .unpowered
        // A reset of a card that has power would be a warm one.
        if lastCard[slot] == .active { _ = try? await performInTurn(.powerOff, slot: slot) }
        do throws(DeviceError) {
            let (bytes, answer) = try await reset(slot)
            let rates = negotiatesRates ? CCIDRates(answer, through: interface) : .asReset
            if try await setUp(answer, rates, slot) { return bytes }
            _ = try await performInTurn(.powerOff, slot: slot)
            let (again, standard) = try await reset(slot)
            _ = try await setUp(standard, .asReset, slot)
            return again
        } catch {
            await giveUp(slot)
            throw error
        }
    }

    private func reset(_ slot: Int) async throws(DeviceError) -> ([UInt8], AnswerToReset) {
        let cold = try await performInTurn(.powerOn(interface.powerSelections), slot: slot)
        if case .success(let answer) = Self.accept(cold, after: .cold) { return (cold.data, answer) }
        let warm = try await performInTurn(.powerOn([cold.power]), slot: slot)
        return (warm.data, try Self.accept(warm, after: .warm).get())
    }

    /// EMV's rules, or why the answer is rejected.
    private static func accept(_ answer: CCIDExchange.Answer, after reset: CardReset) -> Result<AnswerToReset, DeviceError> {
        func rejected(_ why: String) -> Result<AnswerToReset, DeviceError> {
            .failure(DeviceError(.cardMute, "the card's answer to reset is rejected: \(why)"))
        }
        if answer.refusal != nil { return rejected("the reader calls it malformed") }
        do throws(SmartCardError) {
            let parsed = try AnswerToReset.parse(answer.data)
            if let finding = parsed.emvFindings(after: reset).first { return rejected(finding.message) }
            return .success(parsed)
        } catch { return rejected(error.message) }
    }

    /// EMV Level 1, 6.1.5: a card session that failed ends with the contacts deactivated.
    private func giveUp(_ slot: Int) async {
        links[slot] = .unpowered
        _ = try? await performInTurn(.powerOff, slot: slot)
    }

    func powerOff(slot: Int) async {
        await takeTurn()
        defer { passTurn() }
        await giveUp(slot)
    }

    // MARK: Commands

    /// One command APDU with everything that belongs to it: GET RESPONSE, the repetition after 6Cxx, blocks and characters.
    func transmit(_ command: CommandAPDU, slot: Int) async throws(DeviceError) -> ResponseAPDU {
        await takeTurn()
        defer { passTurn() }
        let isCharacterLink = links[slot] == .characterTPDU || links[slot] == .characters
        var chaining = ResponseChaining(command, asksAfterWarning: isCharacterLink)
        var action = chaining.start()
        while true {
            switch action {
            case .transmit(let next): action = chaining.on(try Self.response(await exchange(next, slot)))
            case .finished(let response): return response
            case .failed(let error): throw DeviceError(.protocolViolation, error.message)
            }
        }
    }

    static func response(_ bytes: [UInt8]) throws(DeviceError) -> ResponseAPDU {
        do throws(SmartCardError) { return try ResponseAPDU.parse(bytes) } catch { throw DeviceError(.protocolViolation, error.message) }
    }

    private func exchange(_ command: CommandAPDU, _ slot: Int) async throws(DeviceError) -> [UInt8] {
        do {
            switch links[slot] {
            // A card that was pulled and put back has no power; the slot's own answer says so best.
            case .apdu, .unpowered:
                return try await performInTurn(.apdu(try Self.bytes { () throws(SmartCardError) in try command.serialized() }), slot: slot)
                    .data
            case .characterTPDU:
                let tpdu = try Self.bytes { () throws(SmartCardError) in try T0TPDU.command(command) }
                return try await block(tpdu, slot)
            case .characters: return try await moveCharacters(command, slot)
            case .blocks(var blocks):
                let apdu = try Self.bytes { () throws(SmartCardError) in try command.serialized() }
                let first = blocks.start(apdu)
                defer { if case .blocks = links[slot] { links[slot] = .blocks(blocks) } }
                return try await move(&blocks, first, slot)
            }
        } catch {
            // The card has broken its protocol or fallen silent: nothing more is said to it without a new reset.
            if error.code == .cardMute, links[slot] != .apdu { await giveUp(slot) }
            throw error
        }
    }

    private static func bytes(_ body: () throws(SmartCardError) -> [UInt8]) throws(DeviceError) -> [UInt8] {
        do throws(SmartCardError) { return try body() } catch { throw DeviceError(.unsupported, error.message) }
    }

    /// A TPDU that the reader carries whole.
    private func block(_ data: [UInt8], _ slot: Int) async throws(DeviceError) -> [UInt8] {
        let answer = try await performInTurn(.block(data), slot: slot)
        if let error = answer.refusal { throw CCIDFailure.error(error) }
        return answer.data
    }

    // MARK: T=1

    /// Carries a T=1 exchange through to its end.
    func move(_ blocks: inout T1Protocol, _ first: T1Protocol.Action, _ slot: Int) async throws(DeviceError) -> [UInt8] {
        var action = first
        while true {
            switch action {
            case .finished(let apdu): return apdu
            case .failed(let error): throw DeviceError(.cardMute, error.message)
            case .transmit(let block, let multiplier):
                action = blocks.on(try await t1Answer(to: block, multiplier, blocks.parameters.checksum, slot))
            }
        }
    }

    private func t1Answer(to block: [UInt8], _ multiplier: UInt8, _ checksum: T1Block.Checksum, _ slot: Int) async throws(DeviceError)
        -> T1Protocol.Event
    {
        guard interface.level == .character else {
            let answer = try await performInTurn(.block(block, waitingTime: multiplier == 1 ? 0 : multiplier), slot: slot)
            return Self.event(answer)
        }
        // The reader has to be told how much comes: first the prologue, which holds the length of the rest.
        let prologue = try await performInTurn(.block(block, waitingTime: multiplier == 1 ? 0 : multiplier, count: 3), slot: slot)
        guard prologue.refusal == nil, prologue.data.count == 3 else { return Self.event(prologue) }
        let rest = try await performInTurn(.block([], count: UInt16(prologue.data[2]) + UInt16(checksum.length)), slot: slot)
        guard rest.refusal == nil else { return Self.event(rest) }
        return .received(prologue.data + rest.data)
    }

    private static func event(_ answer: CCIDExchange.Answer) -> T1Protocol.Event {
        switch answer.refusal {
        case nil: .received(answer.data)
        case CCIDFailure.mute: .timedOut
        default: .damaged
        }
    }

    // MARK: T=0 by characters

    private func moveCharacters(_ command: CommandAPDU, _ slot: Int) async throws(DeviceError) -> [UInt8] {
        let tpdu = try Self.bytes { () throws(SmartCardError) in try T0TPDU.command(command) }
        var characters: T0Protocol
        do throws(SmartCardError) { characters = try T0Protocol(tpdu: tpdu) } catch { throw DeviceError(.unsupported, error.message) }
        var action = characters.start()
        while true {
            switch action {
            case .finished(let response): return response
            case .failed(let error): throw DeviceError(.cardMute, error.message)
            case .exchange(let bytes, let count):
                let answer = try await performInTurn(.block(bytes, count: UInt16(truncatingIfNeeded: count)), slot: slot)
                if let error = answer.refusal { throw CCIDFailure.error(error) }
                action = characters.on(answer.data)
            }
        }
    }
}
