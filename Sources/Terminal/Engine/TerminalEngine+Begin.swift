import Hex
import Money
import PaymentHost

extension TerminalEngine {
    /// How long a `requestId` is remembered (pos-protocol, section 2).
    static let requestIDLifetime: Int64 = 48 * 3600 * 1000

    /// `report` may be called before this returns.
    public func begin(
        _ request: TransactionRequest, peer: PeerIdentity, report: @escaping @Sendable (TransactionReport) -> Void
    ) async -> BeginAnswer {
        guard let store = journal?.store, !isDead else {
            // Section 5, "journal write fails": if it cannot be opened, every Transaction answers 20 internal.
            return refuse(request, .terminalNotReady, .internal, "The journal cannot be written.")
        }
        do throws(JournalError) {
            if let earlier = try earlier(request, store) { return earlier }
            if running != nil { return refuse(request, .busy, nil, "A transaction is running.") }
            if isShuttingDown { return refuse(request, .terminalNotReady, .maintenance, "The terminal is about to restart.") }
            if request.type != .sale { return refuse(request, .unsupported, nil, "\(request.type.rawValue) is not supported.") }
            guard let amount = amount(of: request) else {
                return refuse(request, .badField, nil, "requestedAmount: 1 to \(Amount.largest) minor units in all.")
            }
            // Section 2, "Formats": a reference equal to that of an approved, unreversed Transaction of the same type in the batch.
            if let reference = request.reference, try store.hasApproved(request.type, reference: reference, batchNumber: batchNumber) {
                return refuse(request, .badField, nil, "reference: an approved \(request.type.rawValue) of this batch has it.")
            }
            let merchant = environment.configuration.merchant
            if merchant.terminalID.isEmpty || merchant.merchantID.isEmpty {
                return refuse(request, .missingCredentials, nil, "The terminal has no terminal or merchant id.")
            }
            if let modes = request.entryModes, !modes.contains("chip") {
                return refuse(request, .terminalNotReady, .deviceUnavailable, "No reader for the entry modes asked for.")
            }
            guard slot.state != .noReader else { return refuse(request, .terminalNotReady, .deviceUnavailable, "No chip reader is ready.") }
            return .accepted(accept(request, amount, peer, report))
        } catch {
            environment.log.error("\(error)", metadata: ["code": "\(error.code.rawValue)"])
            return refuse(request, .terminalNotReady, .internal, "The journal cannot be read.")
        }
    }

    /// Section 2, `requestId`: the same one with equal fields replays or attaches; with others it is a bad field.
    private func earlier(_ request: TransactionRequest, _ store: any JournalStore) throws(JournalError) -> BeginAnswer? {
        guard let requestID = request.requestID else { return nil }
        let other = "requestId: used before with other fields."
        if let running, running.request.requestID == requestID {
            return running.request == request ? .attach(running.id) : refuse(request, .badField, nil, other)
        }
        let since = WallTime(milliseconds: environment.clock.wallTime.milliseconds - Self.requestIDLifetime)
        guard let recorded = try store.transaction(requestID: requestID, since: since) else { return nil }
        return recorded.acceptance.request == request ? .replay(recorded.recorded) : refuse(request, .badField, nil, other)
    }

    /// Section 4: the amount sent to the host is the sum; tax is included in it, not added. `nil` when nothing or too much is asked for.
    private func amount(of request: TransactionRequest) -> Amount? {
        let currency = environment.configuration.currency
        guard let requested = request.requestedAmount, requested > 0, var sum = Amount(minorUnits: requested, currency: currency) else {
            return nil
        }
        for part in [request.tipAmount, request.cashbackAmount, request.surchargeAmount] {
            guard let part = Amount(minorUnits: part ?? 0, currency: currency), let more = sum.adding(part) else { return nil }
            sum = more
        }
        if let tax = request.taxAmount, tax < 0 || tax > sum.minorUnits { return nil }
        return sum
    }

    private func accept(
        _ request: TransactionRequest, _ amount: Amount, _ peer: PeerIdentity, _ report: @escaping @Sendable (TransactionReport) -> Void
    ) -> TransactionID {
        let configuration = environment.configuration
        let now = environment.clock.wallTime
        let times = times(at: now)
        let id = TransactionID(withUnsafeBytes(of: now.milliseconds.bigEndian) { Array($0.suffix(6)) }.hex + environment.random(4).hex)
        let stan = takeSTAN()
        let exchange = ExchangeIdentity(
            mti: "1200", stan: stan, localDateTime: times.local.field12, transmissionDateTime: times.utc.field7,
            // Twelve digits that do not repeat for ten years: year, day, hour, STAN.
            retrievalReference: (times.utc.year % 10).digits(1) + times.utc.dayOfYear.digits(3) + times.utc.hour.digits(2) + stan.digits(6))
        var draft = TransactionAnswer(result: .applicationError)
        draft.type = request.type
        draft.transactionID = id
        draft.requestedAmount = request.requestedAmount
        draft.tipAmount = request.tipAmount
        draft.cashbackAmount = request.cashbackAmount
        draft.surchargeAmount = request.surchargeAmount
        draft.uniqueTransactionID = request.uniqueTransactionID
        draft.reference = request.reference
        draft.invoice = request.invoice
        draft.requestID = request.requestID
        draft.batchNumber = batchNumber
        draft.terminalID = configuration.merchant.terminalID
        draft.merchantID = configuration.merchant.merchantID
        draft.transactionDate = times.local.dateText
        draft.transactionTime = times.local.timeText
        let rules = TransactionMachine.Rules(
            limits: configuration.limits, posConnectionLost: configuration.posConnectionLost,
            partialApprovalAllowed: request.parameters["PARTIALAUTH"] == "1")
        running = RunningTransaction(
            id: id, acceptance: Acceptance(peer: peer, request: request, at: now, batchNumber: batchNumber, draft: draft), report: report,
            exchange: exchange, amount: amount, machine: TransactionMachine(rules: rules), draft: draft)
        updateSnapshot()
        let due = reversals.hasDue
        feed(.begin(slot.state, reversalsDue: due))
        if due { feedReversals(.transactionBegins) }
        return id
    }

    /// Answers given before acceptance: no ids of any transaction but the request's own (pos-protocol, section 2).
    private func refuse(_ request: TransactionRequest, _ result: ResultCode, _ condition: ErrorCondition?, _ message: String) -> BeginAnswer
    {
        var answer = TransactionAnswer(result: result, errorCondition: condition ?? result.condition, errorMessage: message)
        answer.requestID = request.requestID
        if result != .busy { answer.type = request.type }
        return .refused(answer)
    }

    public func cancel(_ id: TransactionID) async -> CancelAnswer {
        guard running?.id == id, !isDead else { return .nothingToCancel }
        return feedCancel()
    }

    public func presence(_ presence: POSPresence, of id: TransactionID) async {
        guard running?.id == id else { return }
        feed(.presence(presence))
    }

    func times(at now: WallTime) -> (local: CalendarTime, utc: CalendarTime) {
        (now.calendar(offset: environment.clock.localOffset(at: now)), now.calendar())
    }
}
