/// Command and response APDUs in blocks (CCID 1.10, 3.2.3 and 6.1.4): one block each at short APDU level, chains of blocks at extended
/// APDU level.
extension CCIDExchange {
    /// CLA INS P1 P2, Lc, 255 data bytes, Le.
    static let maximumShortAPDU = 261

    var blockSize: Int { max(1, terms.maximumMessageLength - CCIDResponse.headerLength) }

    mutating func beginAPDU(_ apdu: [UInt8]) -> [Action] {
        guard apdu.count >= 4 else { return finish(.failure(DeviceError(.unsupported, "\(apdu.count) bytes are no command APDU"))) }
        guard terms.level == .extendedAPDU else {
            guard apdu.count <= Self.maximumShortAPDU else {
                return finish(.failure(DeviceError(.unsupported, "the reader takes no extended APDUs")))
            }
            guard apdu.count <= blockSize else {
                return finish(.failure(DeviceError(.unsupported, "the APDU does not fit into the reader's messages")))
            }
            return send(.transferBlock(data: apdu))
        }
        outgoing = apdu[...]
        return sendPart(first: true)
    }

    private mutating func sendPart(first: Bool) -> [Action] {
        let part = Array(outgoing.prefix(blockSize))
        outgoing = outgoing.dropFirst(part.count)
        let parameter: UInt8 =
            switch (first, outgoing.isEmpty) {
            case (true, true): CCIDLevelParameter.whole
            case (true, false): CCIDLevelParameter.begins
            case (false, true): CCIDLevelParameter.ends
            case (false, false): CCIDLevelParameter.continues
            }
        return send(.transferBlock(level: UInt16(parameter), data: part))
    }

    private mutating func askForNext() -> [Action] {
        send(.transferBlock(level: UInt16(CCIDLevelParameter.next), data: []))
    }

    mutating func blockReceived(_ response: CCIDResponse) -> [Action] {
        if case .block = request {
            return finish(.success(Answer(data: response.data, card: response.card)))
        }
        // At short APDU level bChainParameter is reserved, and some readers leave anything in it.
        guard terms.level == .extendedAPDU else { return complete(response.data, response.card) }
        if !outgoing.isEmpty {
            guard response.specific == CCIDLevelParameter.next, response.data.isEmpty else {
                return violation("the reader answers before it has the whole command")
            }
            return sendPart(first: false)
        }
        switch response.specific {
        case CCIDLevelParameter.next:
            // Seen after the last part of a command: the reader has no answer yet and wants to be asked.
            emptyBlocks += 1
            guard emptyBlocks <= Self.maximumLeftovers, incoming.isEmpty else { return violation("the reader waits for a command part") }
            return askForNext()
        case CCIDLevelParameter.whole, CCIDLevelParameter.begins:
            guard incoming.isEmpty else { return violation("the response begins twice") }
        case CCIDLevelParameter.ends, CCIDLevelParameter.continues:
            guard !incoming.isEmpty else { return violation("the response goes on before it began") }
        default: return violation("bChainParameter \(response.specific) is reserved")
        }
        incoming += response.data
        guard incoming.count <= Self.maximumResponse else { return violation("the response is longer than any response APDU") }
        switch response.specific {
        case CCIDLevelParameter.whole, CCIDLevelParameter.ends: return complete(incoming, response.card)
        default:
            guard !response.data.isEmpty else { return violation("a part of the response is empty") }
            return askForNext()
        }
    }

    private mutating func complete(_ apdu: [UInt8], _ card: CCIDCardStatus) -> [Action] {
        guard apdu.count >= 2 else { return violation("a response APDU of \(apdu.count) bytes has no status word") }
        guard apdu.count <= Self.maximumResponse else { return violation("the response is longer than any response APDU") }
        return finish(.success(Answer(data: apdu, card: card)))
    }

    private mutating func violation(_ what: String) -> [Action] { abort(DeviceError(.protocolViolation, what)) }
}
