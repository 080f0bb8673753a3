import Terminal

/// Operations that are no transactions, and events (pos-protocol, sections 2 and 6).
extension POSDesk {
    mutating func perform(
        _ connection: ConnectionID, _ peer: PeerIdentity, _ request: POSRequest, _ asked: OperationRequest, _ now: Duration
    ) {
        let isTrusted = connections[connection]?.isTrusted ?? false
        if asked == .diagnose {
            guard let number = inquire(connection, request, .diagnosis, now) else { return }
            return act(.perform(operation: number, asked, peer, isTrusted: isTrusted))
        }
        guard operation == nil else { return answer(connection, request, .busy, "Another operation is running.") }
        if asked.isComplex, !isYoungEnough(connection, request, now) { return }
        let number = newNumber()
        operation = Operation(
            number: number, name: request.operation, requestID: request.requestID, request: nil, owner: connection, peer: peer,
            phase: .performing(isComplex: asked.isComplex), nextPing: now + times.ping)
        act(.perform(operation: number, asked, peer, isTrusted: isTrusted))
    }

    mutating func stepped(_ number: Int, _ context: StatusContext, _ text: String) {
        guard let running = operation, running.number == number, !running.isAbandoned else { return }
        tellStatus(running, context, text)
    }

    mutating func performed(_ number: Int, _ answer: OperationAnswer) {
        if let inquiry = inquiries.removeValue(forKey: number) {
            return send(inquiry.connection, .operation(inquiry.operationName, answer, requestID: inquiry.requestID))
        }
        guard let running = operation, running.number == number else { return }
        // `Cancel` was answered `0`: whatever the cardholder still did, the final is `12`.
        let final = running.isAbandoned ? OperationAnswer(.cancelledByPOS, nil, "Cancelled by the POS.") : answer
        for listener in running.listeners { send(listener, .operation(running.name, final, requestID: running.requestID)) }
        endOperation()
        if case .restart = final.content { act(.restart) }
    }

    /// Ends an operation that is no transaction.
    mutating func abandon() {
        guard let running = operation, !running.isAbandoned else { return }
        operation?.isAbandoned = true
        act(.abandon(operation: running.number))
    }

    mutating func subscribe(_ connection: ConnectionID, _ request: POSRequest, _ topics: Set<TerminalEvent.Topic>) {
        guard operation == nil else { return answer(connection, request, .busy, "Another operation is running.") }
        subscriptions[connection] = topics.isEmpty ? nil : topics
        answer(connection, request, .completed)
    }

    mutating func happened(_ event: TerminalEvent) {
        for (connection, topics) in subscriptions.sorted(by: { $0.key < $1.key }) where topics.contains(event.topic) {
            send(connection, .event(event))
        }
    }
}
