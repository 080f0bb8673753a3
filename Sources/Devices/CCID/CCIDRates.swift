import SmartCard

/// How the rates that a card offers come into force, for a terminal that wants them (`CCIDDriver.negotiatesRates`). EMV leaves such an
/// agreement to the terminal, and the default rates stay without one (EMV Level 1, 8.3.3.1).
enum CCIDRates: Sendable, Hashable {
    /// No agreement: the defaults, or what a card in specific mode insists on.
    case asReset
    /// SetParameters is enough: the reader sends the PPS request (dwFeatures 0x80).
    case byReader(UInt8)
    /// The terminal sends the PPS request as a block, then tells the reader.
    case byTerminal(ProtocolSelection)

    init(_ answer: AnswerToReset, through interface: CCIDInterface) {
        self = .asReset
        let descriptor = interface.descriptor
        // A card in specific mode has nothing to agree to (ISO/IEC 7816-3, 6.3.1); a reader with 0x40 agrees by itself.
        guard !answer.isSpecificMode, !descriptor.features.contains(.automaticNegotiation), !interface.parametersMayFail,
            let offered = answer.interfaceBytes(1).ta, offered != TransmissionRates.standard,
            let rates = TransmissionRates(ta1: offered), Int(descriptor.defaultClock) <= rates.maximumClock,
            rates.bitRate(clock: Int(descriptor.defaultClock)) <= Int(descriptor.maximumDataRate),
            let parameters = CCIDParameters(answer)
        else { return }
        if descriptor.features.contains(.automaticPPS) {
            self = .byReader(offered)
        } else if interface.level == .tpdu || interface.level == .character {
            self = .byTerminal(ProtocolSelection(transmissionProtocol: parameters.protocolNumber, rates: offered))
        }
    }
}

/// What follows an accepted answer to reset: rates, parameters, field size.
extension CCIDReader {
    /// `false` when card or reader does not keep to the rates that the card offered: the card has to be reset and asked for none
    /// (ISO/IEC 7816-3, 9.3).
    func setUp(_ answer: AnswerToReset, _ rates: CCIDRates, _ slot: Int) async throws(DeviceError) -> Bool {
        do throws(DeviceError) {
            let link = try CCIDCardLink(answer, through: interface)
            let agreed = try await agree(to: rates, slot)
            try await setParameters(answer, agreed, link, slot)
            links[slot] = try await announceFieldSize(link, slot)
            return true
        } catch {
            guard rates != .asReset, error.code == .refused || error.code == .cardMute else { throw error }
            return false
        }
    }

    private func agree(to rates: CCIDRates, _ slot: Int) async throws(DeviceError) -> UInt8? {
        switch rates {
        case .asReset: return nil
        case .byReader(let offered): return offered
        case .byTerminal(let selection):
            guard let agreed = selection.agreed(try await select(selection, slot)) else {
                throw DeviceError(.refused, "the card does not agree to the rates that it offered")
            }
            return agreed.rates
        }
    }

    private func setParameters(_ answer: AnswerToReset, _ agreed: UInt8?, _ link: CCIDCardLink, _ slot: Int) async throws(DeviceError) {
        guard let parameters = CCIDParameters.needed(after: answer, agreed: agreed, by: interface.descriptor.features) else { return }
        do throws(DeviceError) {
            let set = try await performInTurn(.setParameters(parameters), slot: slot)
            guard set.refusal != nil else { return }
            if agreed != nil { throw DeviceError(.refused, "the reader does not change to the card's rates") }
            if link != .apdu { try await checkParameters(parameters, slot) }
        } catch  where interface.parametersMayFail && error.code == .refused {}
    }

    /// T=1: what the reader takes in one block, unless the reader says it itself.
    private func announceFieldSize(_ link: CCIDCardLink, _ slot: Int) async throws(DeviceError) -> CCIDCardLink {
        guard case .blocks(var blocks) = link, !interface.descriptor.features.contains(.automaticIFSD) else { return link }
        let first = blocks.negotiateSize()
        _ = try await move(&blocks, first, slot)
        return .blocks(blocks)
    }

    /// The card's answer to a PPS request; empty when it stays mute or what it says is damaged.
    private func select(_ selection: ProtocolSelection, _ slot: Int) async throws(DeviceError) -> [UInt8] {
        guard interface.level == .character else {
            let answer = try await performInTurn(.block(selection.request), slot: slot)
            return answer.refusal == nil ? answer.data : []
        }
        // The reader has to be told how much comes: PPSS and PPS0 say it.
        let start = try await performInTurn(.block(selection.request, count: 2), slot: slot)
        guard start.refusal == nil, let count = ProtocolSelection.rest(after: start.data) else { return [] }
        let rest = try await performInTurn(.block([], count: UInt16(count)), slot: slot)
        return rest.refusal == nil ? start.data + rest.data : []
    }

    /// The reader would not be told: then it must have found the same protocol by itself.
    private func checkParameters(_ wanted: CCIDParameters, _ slot: Int) async throws(DeviceError) {
        let active = try await performInTurn(.getParameters, slot: slot)
        guard active.specific == wanted.protocolNumber else {
            throw DeviceError(.refused, "the reader does not change to the card's protocol T=\(wanted.protocolNumber)")
        }
    }
}
