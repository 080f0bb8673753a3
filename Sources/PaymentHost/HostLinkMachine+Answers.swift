import ISO8583

/// Bytes from the host.
extension HostLinkMachine {
    mutating func received(_ connection: ConnectionID, _ bytes: [UInt8], _ now: Instant) {
        guard phase.connection == connection else { return }
        lastActivity = now
        lastReceived = now
        frames.append(bytes)
        while phase.connection == connection {
            switch frames.next() {
            case .needMore: return
            case .frame(let frame): receive(frame, connection, now)
            case .malformed(let reason): undecodable("length: \(reason)", connection, now)
            }
        }
    }

    private mutating func receive(_ frame: [UInt8], _ connection: ConnectionID, _ now: Instant) {
        let received: MessageDecoder.Received
        do throws(ISO8583Error) { received = try mapping.decode(frame) } catch {
            return undecodable("field \(error.field): \(error.reason)", connection, now)
        }
        guard let key = ExchangeKey(of: received.message) else { return unmatched(received.message) }
        if let network, network.key == key { return networkAnswered(received, network, connection, now) }
        guard let exchange = inFlight.removeValue(forKey: key) else { return unmatched(received.message, key) }
        ended.insert(key, .answered)
        let outcome = mapping.outcome(of: received, to: exchange.request, sent: exchange.sent, key: exchange.macKey)
        if case .badAnswer(let reason) = outcome { log(.warning, "\(key.answerType) \(key.stan): bad answer: \(reason)") }
        if case .answered = outcome { backoff.reset() }
        pending.append(.complete(exchange.id, outcome))
    }

    /// Late, twice, or nobody's: logged, no effect.
    private mutating func unmatched(_ message: Message, _ key: ExchangeKey? = nil) {
        let what: String
        switch key.flatMap({ ended.end(of: $0) }) {
        case .answered?:
            statistics.duplicates += 1
            what = "was answered before"
        case .unanswered?:
            statistics.late += 1
            what = "comes too late"
            if let key { ended.insert(key, .answered) }
        case nil:
            statistics.unmatched += 1
            what = "belongs to nothing that was asked"
        }
        log(.warning, "\(message.mti) \(message.text(11) ?? "without a trace number"): \(what)")
    }

    /// Nothing says where the next message begins: the link is closed, and what was in flight had a bad answer.
    private mutating func undecodable(_ reason: String, _ connection: ConnectionID, _ now: Instant) {
        switch phase {
        case .up: lose(connection, "undecodable: \(reason)", .badAnswer(reason), now)
        case .signingOff:
            endInFlight(.badAnswer(reason))
            finish(connection)
        case .signingOn, .connecting: fail(connection, "undecodable: \(reason)", now)
        case .idle, .backingOff: break
        }
    }
}
