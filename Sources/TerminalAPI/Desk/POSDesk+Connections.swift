import Terminal

/// Who is connected (pos-protocol, section 1, "Limits" and "Life").
extension POSDesk {
    mutating func connected(_ connection: ConnectionID, _ peer: PeerIdentity, _ isTrusted: Bool, _ now: Duration) {
        guard !isShutDown else { return act(.close(connection, .goingAway, "terminal restart")) }
        if connections.count >= connectionLimit {
            // At the limit the longest-idle connection without an operation makes room.
            let idle = connections.filter { !isOccupied($0.key) }
            guard let victim = idle.min(by: { ($0.value.lastByte, $0.key) < ($1.value.lastByte, $1.key) })?.key else {
                return act(.close(connection, .tryAgainLater, "too many connections"))
            }
            close(victim, .goingAway, "replaced by a newer connection")
        }
        connections[connection] = Connection(peer: peer, isTrusted: isTrusted, since: now, lastByte: now)
    }

    mutating func disconnected(_ connection: ConnectionID, _ now: Duration) {
        guard connections.removeValue(forKey: connection) != nil else { return }
        forget(connection)
    }

    mutating func bytesArrived(_ connection: ConnectionID, _ now: Duration) {
        guard let index = connections.index(forKey: connection) else { return }
        connections.values[index].lastByte = now
        connections.values[index].pingedAt = nil
        connections.values[index].suspectSince = nil
    }

    /// Closes and forgets. What it owned goes on without it.
    mutating func close(_ connection: ConnectionID, _ code: CloseCode, _ reason: String) {
        guard connections.removeValue(forKey: connection) != nil else { return }
        act(.close(connection, code, reason))
        forget(connection)
    }

    /// Ends a connection that does not keep the limits.
    mutating func drop(_ connection: ConnectionID) {
        guard connections.removeValue(forKey: connection) != nil else { return }
        act(.drop(connection))
        forget(connection)
    }

    mutating func shutDown(_ code: CloseCode, _ reason: String) {
        isShutDown = true
        for connection in connections.keys.sorted() { close(connection, code, reason) }
    }

    /// Nobody to answer any more. The terminal may still have to carry a cancel out, so passed-on cancels stay.
    private mutating func forget(_ connection: ConnectionID) {
        inquiries = inquiries.filter { $0.value.connection != connection }
        operation?.attachments.removeAll { $0 == connection }
        subscriptions[connection] = nil
    }

    /// Owns or is attached to the operation, or waits for an answer.
    func isOccupied(_ connection: ConnectionID) -> Bool {
        operation?.listeners.contains(connection) == true || unanswered(connection) > 0
    }

    /// Requests of this connection that wait for the terminal.
    func unanswered(_ connection: ConnectionID) -> Int {
        guard !inquiries.isEmpty || !cancels.isEmpty else { return 0 }
        return inquiries.values.count { $0.connection == connection } + cancels.values.count { $0.connection == connection }
    }

    func isTooOld(_ connection: ConnectionID, _ now: Duration) -> Bool {
        guard let since = connections[connection]?.since else { return false }
        return now - since >= times.connectionMaintenance
    }

    mutating func closeAged(_ now: Duration) {
        // No connection lives longer than 24 hours [P].
        let aged = connections.filter { now - $0.value.since >= times.connectionLife }.keys
        for connection in aged.sorted() { close(connection, .goingAway, "connection lifetime") }
    }
}
