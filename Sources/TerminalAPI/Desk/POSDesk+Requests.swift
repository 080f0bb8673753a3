import Terminal

/// What a message starts (pos-protocol, section 2: one operation at a time, and the exceptions).
extension POSDesk {
    mutating func requested(_ connection: ConnectionID, _ request: POSRequest, _ now: Duration) {
        guard let peer = connections[connection]?.peer else { return }
        bytesArrived(connection, now)
        guard rate.allows(request, of: peer, at: now) else {
            return answer(connection, request, .busy, "Too many requests: wait a moment.")
        }
        switch request.body {
        case .getInformation: send(connection, .information(requestID: request.requestID))
        case .transaction(let transaction): transact(connection, peer, request, transaction, now)
        case .cancel: cancel(connection, peer, request, now)
        case .lastTransaction:
            guard let number = inquire(connection, request, .last, now) else { return }
            act(.lookUpLast(inquiry: number, peer))
        case .getTransaction(let name):
            guard let number = inquire(connection, request, .named, now) else { return }
            act(.lookUp(inquiry: number, name))
        case .operation(let operation): perform(connection, peer, request, operation, now)
        case .subscribe(let topics): subscribe(connection, request, topics)
        case .unsupported(let text): answer(connection, request, .unsupported, text)
        case .invalid(let error): answer(connection, request, .badField, error.description)
        }
    }

    private mutating func transact(
        _ connection: ConnectionID, _ peer: PeerIdentity, _ request: POSRequest, _ transaction: TransactionRequest, _ now: Duration
    ) {
        guard operation == nil else { return joinOrRefuse(connection, request, transaction, now) }
        guard isYoungEnough(connection, request, now) else { return }
        let number = newNumber()
        operation = Operation(
            number: number, name: request.operation, requestID: request.requestID, request: transaction, owner: connection, peer: peer,
            nextPing: now + times.ping)
        act(.begin(operation: number, transaction, peer))
    }

    /// Another Transaction runs: the same `requestId` with equal fields attaches, anything else is refused at once.
    private mutating func joinOrRefuse(
        _ connection: ConnectionID, _ request: POSRequest, _ transaction: TransactionRequest, _ now: Duration
    ) {
        guard let running = operation, let requestID = request.requestID, running.requestID == requestID, running.request != nil else {
            return answer(connection, request, .busy, "Another operation is running.")
        }
        guard running.request == transaction else {
            return answer(connection, request, .badField, "requestId: already used with other fields")
        }
        suspectOthers(of: connection, now)
        if !running.listeners.contains(connection) { operation?.attachments.append(connection) }
    }

    /// Section 1, "Life": from 23 h 55 min a connection takes no new complex operation.
    mutating func isYoungEnough(_ connection: ConnectionID, _ request: POSRequest, _ now: Duration) -> Bool {
        guard isTooOld(connection, now) else { return true }
        send(
            connection,
            .refusal(
                operation: request.operation, .terminalNotReady, .maintenance,
                errorMessage: "This connection is about to reach its lifetime: connect again.", requestID: request.requestID))
        return false
    }

    /// - Returns: the number under which the terminal is asked; `nil` when the connection has too many questions open.
    mutating func inquire(_ connection: ConnectionID, _ request: POSRequest, _ question: Inquiry.Question, _ now: Duration) -> Int? {
        guard queueHasRoom(connection) else { return nil }
        if question != .diagnosis { suspectOthers(of: connection, now) }
        let number = newNumber()
        inquiries[number] = Inquiry(
            connection: connection, operationName: request.operation, requestID: request.requestID,
            deadline: now + (question == .diagnosis ? times.diagnosis : times.hold),
            question: question)
        return number
    }

    private mutating func cancel(_ connection: ConnectionID, _ peer: PeerIdentity, _ request: POSRequest, _ now: Duration) {
        // Only the owning peer may cancel.
        guard let running = operation, running.peer == peer, running.final == nil else {
            return answer(connection, request, .nothingToCancel, "No operation of yours is running.")
        }
        if case .performing(let isComplex) = running.phase {
            guard isComplex else { return answer(connection, request, .nothingToCancel, "This operation cannot be cancelled.") }
            // Answered first; the operation's own 12 follows.
            answer(connection, request, .completed)
            return abandon()
        }
        guard queueHasRoom(connection) else { return }
        let number = newNumber()
        cancels[number] = PendingCancel(connection: connection, requestID: request.requestID, deadline: now + times.cancel)
        passCancelsOn()
    }

    /// Cancels that came before the terminal had accepted wait for it.
    mutating func passCancelsOn() {
        guard let id = operation?.id else { return }
        for number in cancels.keys.sorted() where cancels[number]?.passedOn == false {
            cancels[number]?.passedOn = true
            act(.cancel(cancel: number, id))
        }
    }

    private mutating func queueHasRoom(_ connection: ConnectionID) -> Bool {
        guard unanswered(connection) >= queueLimit else { return true }
        drop(connection)
        return false
    }

    mutating func answer(_ connection: ConnectionID, _ request: POSRequest, _ result: ResultCode, _ text: String? = nil) {
        send(connection, .result(operation: request.operation, result, errorMessage: text, requestID: request.requestID))
    }
}
