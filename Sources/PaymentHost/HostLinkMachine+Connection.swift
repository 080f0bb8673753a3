import ISO8583

/// Connecting, signing on and off, and losing the connection.
extension HostLinkMachine {
    /// Starts at the first address, whatever was before.
    mutating func beginRound(_ now: Instant) {
        round += 1
        addressIndex = 0
        connect(now)
    }

    private mutating func connect(_ now: Instant) {
        guard addresses.indices.contains(addressIndex) else { return }
        lastConnection += 1
        frames = FrameDecoder(header: mapping.dialect.header)
        network = nil
        phase = .connecting(lastConnection, until: now.advanced(by: timing.connectWait / addresses.count))
        pending.append(.connect(lastConnection, addresses[addressIndex]))
    }

    mutating func connected(_ connection: ConnectionID, _ now: Instant) {
        guard case .connecting(connection, _) = phase else { return pending.append(.close(connection)) }
        let until = now.advanced(by: timing.signOnLimit)
        phase = .signingOn(connection, until: until)
        lastActivity = now
        requestStamp(.signOn, connection, since: now, until: until)
    }

    /// The current attempt is given up.
    mutating func fail(_ connection: ConnectionID, _ reason: String, _ now: Instant) {
        pending.append(.close(connection))
        attemptFailed(reason, now)
    }

    /// The next address, another round for those who came in the middle of this one, or a pause.
    private mutating func attemptFailed(_ reason: String, _ now: Instant) {
        statistics.failedAttempts += 1
        statistics.lastFailure = reason
        if addresses.indices.contains(addressIndex) { log(.warning, "\(addresses[addressIndex]): \(reason)") }
        network = nil
        addressIndex += 1
        guard addressIndex >= addresses.count else { return connect(now) }
        for exchange in waiting where exchange.round <= round { pending.append(.complete(exchange.id, .notConnected)) }
        waiting.removeAll { $0.round <= round }
        if waiting.isEmpty { pause(now) } else { beginRound(now) }
    }

    private mutating func pause(_ now: Instant) { phase = .backingOff(until: now.advanced(by: backoff.next())) }

    /// The connection ended while it was up: everything after its first byte ends as `outcome`.
    mutating func lose(_ connection: ConnectionID, _ reason: String, _ outcome: HostOutcome, _ now: Instant) {
        statistics.losses += 1
        statistics.lastFailure = reason
        log(.warning, "link lost: \(reason)")
        pending.append(.close(connection))
        if network?.function == .keyChange { keyRefused("the link was lost", now) }
        network = nil
        endInFlight(outcome)
        // A connection that has lasted starts the backoff anew, so that a lasting fault is met with patience and a single one with speed.
        if case .up(_, let since) = phase, since.advanced(by: timing.longestBackoff) <= now { backoff.reset() }
        pause(now)
    }

    mutating func ended(_ connection: ConnectionID, _ reason: String, _ now: Instant) {
        guard phase.connection == connection else { return }
        switch phase {
        case .idle, .backingOff: break
        case .connecting, .signingOn: attemptFailed(reason, now)
        case .up: lose(connection, reason, .noAnswer, now)
        case .signingOff: finish(connection)
        }
    }

    // MARK: Network messages

    mutating func requestStamp(_ function: NetworkFunction, _ connection: ConnectionID, since: Instant, until: Instant) {
        network = NetworkExchange(function: function, key: nil, sent: nil, since: since, until: until)
        pending.append(.stamp(connection, function))
    }

    mutating func stamped(_ connection: ConnectionID, _ function: NetworkFunction, _ stamp: NetworkStamp?, _ now: Instant) {
        guard phase.connection == connection, network?.function == function, network?.key == nil else { return }
        do throws(ISO8583Error) {
            guard let stamp else { throw ISO8583Error(.missing, "11", "no trace number could be had") }
            let message = try mapping.message(for: function, stamp)
            let frame = try mapping.frame(message)
            let key = ExchangeKey(of: message, mapping.dialect)
            network?.key = key
            network?.sent = message
            network?.macKey = mapping.macKey
            lastActivity = now
            pending.append(.send(connection, frame: frame, nil))
        } catch {
            log(.warning, "\(function.rawValue) not sent: \(error)")
            switch phase {
            case .signingOn: fail(connection, "no sign-on without its message", now)
            case .signingOff: finish(connection)
            case .up where function == .keyChange: keyRefused("\(error)", now)
            case .idle, .backingOff, .connecting, .up:
                network = nil
                lastActivity = now
            }
        }
    }

    /// The answer to our network message.
    mutating func networkAnswered(
        _ received: MessageDecoder.Received, _ exchange: NetworkExchange, _ connection: ConnectionID, _ now: Instant
    ) {
        network = nil
        if let key = exchange.key { ended.insert(key, .answered) }
        guard let sent = exchange.sent else { return }
        do throws(ISO8583Error) {
            let code = try mapping.networkAction(received, sent: sent, key: exchange.macKey)
            let isAccepted = [.accepted, .approved].contains(mapping.dialect.action(code).meaning)
            switch phase {
            case .signingOn:
                guard isAccepted else { return fail(connection, "sign-on refused with \(code)", now) }
                phase = .up(connection, since: now)
                statistics.connections += 1
                log(.notice, "signed on")
                sendWaiting(on: connection, now)
                if keyDue == nil, keyProtection != nil { keyDue = now }
                if isKeyDue(now) { askForKey(connection, now) }
            case .signingOff: finish(connection)
            case .up where exchange.function == .keyChange: keyAnswered(received.message, isAccepted ? nil : code, now)
            case .up:
                backoff.reset()
                statistics.lastEcho = exchange.since.duration(to: now)
                if !isAccepted { log(.warning, "\(exchange.function.rawValue) answered with \(code)") }
            case .idle, .backingOff, .connecting: break
            }
        } catch {
            log(.warning, "\(exchange.function.rawValue): bad answer: \(error)")
            switch phase {
            case .signingOn: fail(connection, "bad answer to the sign-on", now)
            case .signingOff: finish(connection)
            case .up where exchange.function == .keyChange: keyRefused("bad answer: \(error)", now)
            case .idle, .backingOff, .connecting, .up: break
            }
        }
    }

    // MARK: Shutdown

    mutating func shutdown(_ now: Instant) {
        guard !isShuttingDown else { return }
        isShuttingDown = true
        for exchange in waiting { pending.append(.complete(exchange.id, .notConnected)) }
        waiting = []
        guard case .up(let connection, _) = phase else { return finish(phase.connection) }
        let until = now.advanced(by: timing.signOffLimit)
        phase = .signingOff(connection, until: until)
        requestStamp(.signOff, connection, since: now, until: until)
    }

    /// The end: an exchange that is still in flight has its first byte out and no answer.
    mutating func finish(_ connection: ConnectionID?) {
        if let connection { pending.append(.close(connection)) }
        endInFlight(.noAnswer)
        network = nil
        phase = .idle
        pending.append(.finished)
    }
}
