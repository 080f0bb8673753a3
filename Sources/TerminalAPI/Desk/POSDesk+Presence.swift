import Terminal

/// Whether anybody is there who may learn the outcome (pos-protocol, section 5, "There"), and everything that time alone brings about.
extension POSDesk {
    /// A connection other than the owner asks while the transaction runs: the peer's other connections are pinged at once and are suspect until a
    /// byte arrives.
    mutating func suspectOthers(of asker: ConnectionID, _ now: Duration) {
        guard let running = operation, running.owner != asker, let peer = connections[asker]?.peer else { return }
        for other in connections.keys.sorted() where other != asker && connections[other]?.peer == peer {
            ping(other, now)
            if connections[other]?.suspectSince == nil { connections[other]?.suspectSince = now }
        }
    }

    private mutating func ping(_ connection: ConnectionID, _ now: Duration) {
        guard connections[connection] != nil else { return }
        if connections[connection]?.pingedAt == nil { connections[connection]?.pingedAt = now }
        act(.ping(connection))
    }

    /// Connections that may learn the outcome: the owner, the attachments, and the owning peer's `LastTransaction` not yet answered. A stranger's
    /// `LastTransaction` is answered, but keeps no approval alive.
    private func witnesses(_ running: Operation) -> [ConnectionID] {
        guard !inquiries.isEmpty else { return running.listeners }
        let askers = inquiries.values.filter { $0.mayWait && connections[$0.connection]?.peer == running.peer }.map(\.connection)
        return running.listeners + Set(askers).subtracting(running.listeners).sorted()
    }

    /// Tells the terminal when presence changes.
    mutating func updatePresence(_ now: Duration) {
        guard let running = operation, running.final == nil else { return }
        let open = witnesses(running).compactMap { connections[$0] }
        let presence: POSPresence =
            if open.contains(where: { $0.suspectSince == nil }) {
                .there
            } else if open.contains(where: { now - ($0.suspectSince ?? now) < times.suspect }) {
                .away
            } else {
                .lost
            }
        guard presence != running.presence, running.phase != .beginning else { return }
        operation?.presence = presence
        if let id = running.id { act(.presence(presence, id)) }
        // Nothing that a cardholder does outside a transaction is worth keeping the terminal for nobody.
        if presence == .lost, case .performing(isComplex: true) = running.phase { abandon() }
    }

    mutating func timePassed(_ now: Duration) {
        closeAged(now)
        expireCancels(now)
        expireInquiries(now)
        guard let running = operation else { return }
        for connection in connections.keys {
            if let pingedAt = connections[connection]?.pingedAt, connections[connection]?.suspectSince == nil,
                now - pingedAt >= times.pingAnswer
            {
                connections[connection]?.suspectSince = pingedAt + times.pingAnswer
            }
        }
        if running.nextPing <= now {
            for connection in witnesses(running) { ping(connection, now) }
            operation?.nextPing = now + times.ping
        }
    }

    /// When `.time` is due next; `nil` while nothing waits for time.
    func nextWake(after now: Duration) -> Duration? {
        var earliest: Duration?
        func consider(_ moment: Duration) {
            if moment < earliest ?? .seconds(Int64.max / 2) { earliest = moment }
        }
        for connection in connections.values { consider(connection.since + times.connectionLife) }
        for pending in cancels.values { consider(pending.deadline) }
        for inquiry in inquiries.values { consider(inquiry.deadline) }
        guard let running = operation else { return earliest }
        consider(running.nextPing)
        for connection in connections.values {
            if let suspectSince = connection.suspectSince {
                let lost = suspectSince + times.suspect
                if lost > now { consider(lost) }
            } else if let pingedAt = connection.pingedAt {
                consider(pingedAt + times.pingAnswer)
            }
        }
        return earliest
    }
}
