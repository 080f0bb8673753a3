import Terminal

/// The running operation, from the terminal's answer to `begin` to the final message.
extension POSDesk {
    mutating func begun(_ number: Int, _ answer: BeginAnswer, _ now: Duration) {
        guard let running = operation, running.number == number, running.phase == .beginning else { return }
        switch answer {
        case .accepted(let id):
            operation?.phase = .running(id)
            operation?.early = []
            passCancelsOn()
            for report in running.early { reported(number, report, now) }
        case .refused(let refusal):
            finishWithout(running) { .refusal(refusal, running.request, requestID: running.requestID) }
        case .replay(let record):
            finishWithout(running) {
                guard let answer = record.answer else {
                    return .result(operation: "Transaction", .busy, errorMessage: nil, requestID: running.requestID)
                }
                return .transaction(operation: "Transaction", answer, requestID: running.requestID, replayed: true)
            }
        case .attach:
            // Running, but not begun at this desk: nobody here will hear of its end, so the POS has to ask again.
            finishWithout(running) { .result(operation: "Transaction", .busy, errorMessage: nil, requestID: running.requestID) }
        }
    }

    /// Ends an operation that the terminal has not accepted.
    private mutating func finishWithout(_ running: Operation, _ message: () -> POSMessage) {
        let message = message()
        for listener in running.listeners { send(listener, message) }
        endOperation()
        for number in cancels.keys.sorted() where cancels[number]?.passedOn == false { answerCancel(number, .nothingToCancel) }
    }

    mutating func reported(_ number: Int, _ report: TransactionReport, _ now: Duration) {
        guard let running = operation, running.number == number else { return }
        guard running.phase != .beginning else {
            operation?.early.append(report)
            return
        }
        switch report {
        case .status(let context, let text):
            tellStatus(running, context, text)
        case .final(let answer):
            operation?.final = answer
            tellFinal()
        }
    }

    /// Section 5: `Cancel` is answered first, the cancelled operation's `12` follows.
    private mutating func tellFinal() {
        guard let running = operation, let id = running.id, let final = running.final, !cancels.values.contains(where: \.passedOn) else {
            return
        }
        lastFinal = (id, final)
        for listener in running.listeners {
            send(listener, .transaction(operation: "Transaction", final, requestID: running.requestID, replayed: false))
        }
        endOperation()
        for number in inquiries.keys.sorted() {
            guard let inquiry = inquiries[number], inquiry.held == id else { continue }
            answerInquiry(number, final)
        }
    }

    mutating func tellStatus(_ running: Operation, _ context: StatusContext, _ text: String) {
        let message = POSMessage.status(
            context, message: text, uniqueTransactionID: running.request?.uniqueTransactionID, reference: running.request?.reference,
            requestID: running.requestID)
        for listener in running.listeners { send(listener, message) }
    }

    mutating func endOperation() {
        operation = nil
        // Idle connections are neither pinged nor suspected.
        for index in connections.values.indices {
            connections.values[index].pingedAt = nil
            connections.values[index].suspectSince = nil
        }
    }

    mutating func cancelAnswered(_ number: Int, _ answer: CancelAnswer) {
        guard cancels[number] != nil else { return }
        switch answer {
        case .cancelled: answerCancel(number, .completed)
        case .tooLate: answerCancel(number, .cancelTooLate)
        case .nothingToCancel: answerCancel(number, .nothingToCancel)
        }
        tellFinal()
    }

    private mutating func answerCancel(_ number: Int, _ result: ResultCode) {
        guard let pending = cancels.removeValue(forKey: number) else { return }
        let text: String? =
            switch result {
            case .completed: nil
            case .cancelTooLate: "The transaction is already with the host."
            default: "No operation of yours is running."
            }
        send(pending.connection, .result(operation: "Cancel", result, errorMessage: text, requestID: pending.requestID))
    }

    /// The terminal has not answered within the second that clients are promised. Unless it has already told that the operation is cancelled, the
    /// POS must take it as going on.
    mutating func expireCancels(_ now: Duration) {
        for number in cancels.keys.sorted() {
            guard let pending = cancels[number], pending.deadline <= now else { continue }
            answerCancel(number, operation?.final?.result == .cancelledByPOS ? .completed : .cancelTooLate)
        }
        tellFinal()
    }

    // MARK: LastTransaction and GetTransaction

    mutating func lookedUp(_ number: Int, _ record: RecordedTransaction?) {
        guard let inquiry = inquiries[number] else { return }
        guard let record else { return answerInquiry(number, inquiry.mayWait ? .noLastTransaction : .originalNotRecognised) }
        if let answer = record.answer { return answerInquiry(number, answer) }
        if let lastFinal, lastFinal.id == record.id { return answerInquiry(number, lastFinal.answer) }
        // Running. Held for its outcome if it runs at this desk.
        guard inquiry.mayWait, operation?.id == record.id else { return answerInquiry(number, .busy) }
        inquiries[number]?.held = record.id
    }

    mutating func expireInquiries(_ now: Duration) {
        for number in inquiries.keys.sorted() {
            guard let inquiry = inquiries[number], inquiry.deadline <= now else { continue }
            answerInquiry(number, inquiry.question == .diagnosis ? .timeout : .busy)
        }
    }

    private mutating func answerInquiry(_ number: Int, _ answer: TransactionAnswer) {
        guard let inquiry = inquiries.removeValue(forKey: number) else { return }
        send(
            inquiry.connection,
            .transaction(operation: inquiry.operationName, answer, requestID: inquiry.requestID, replayed: false))
    }

    mutating func answerInquiry(_ number: Int, _ result: ResultCode) {
        guard let inquiry = inquiries.removeValue(forKey: number) else { return }
        let text =
            switch result {
            case .busy: "The transaction is still running."
            case .noLastTransaction: "There is no last transaction."
            case .terminalNotReady: "The journal cannot be read: what became of transactions is unknown. Look at the terminal."
            case .timeout: "The diagnosis takes too long."
            default: "There is no such transaction."
            }
        send(inquiry.connection, .result(operation: inquiry.operationName, result, errorMessage: text, requestID: inquiry.requestID))
    }
}

extension POSMessage {
    /// A refusal before acceptance, with the request's ids; `5` stays without them (section 2).
    static func refusal(_ refusal: TransactionAnswer, _ request: TransactionRequest?, requestID: String?) -> POSMessage {
        guard refusal.result != .busy else {
            return .result(operation: "Transaction", .busy, errorMessage: refusal.errorMessage, requestID: requestID)
        }
        var answer = refusal
        answer.type = answer.type ?? request?.type
        answer.uniqueTransactionID = answer.uniqueTransactionID ?? request?.uniqueTransactionID
        answer.reference = answer.reference ?? request?.reference
        answer.invoice = answer.invoice ?? request?.invoice
        return .transaction(operation: "Transaction", answer, requestID: requestID, replayed: false)
    }
}
