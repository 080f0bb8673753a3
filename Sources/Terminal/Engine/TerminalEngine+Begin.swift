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
            if isShuttingDown || isInMaintenance {
                return refuse(request, .terminalNotReady, .maintenance, "The terminal is about to restart.")
            }
            let room = store.room
            guard room.admits(request.type) else {
                let what = room == .none ? "no transaction begins" : "nothing but VOID and SETTLEMENT begins"
                environment.log.critical("The journal's disk is full: \(what) until there is room.")
                return refuse(request, .terminalNotReady, .internal, "The journal's disk is full: \(what).")
            }
            let plan: TransactionPlan
            do throws(PlanError) { plan = try planner(store).plan(request, tips: tipRules, asking: canAskForTip) } catch {
                switch error {
                case .refused(let refusal): return refuse(request, refusal.result, refusal.condition, refusal.message)
                case .journal(let failure): throw failure
                }
            }
            // Section 2, "Formats": a reference equal to that of an approved, unreversed Transaction of the same type in the batch. A repeated
            // VOID is answered like the first all the same.
            if plan.replayed == nil, let reference = request.reference,
                try store.hasApproved(request.type, reference: reference, batchNumber: batchNumber)
            {
                return refuse(request, .badField, nil, "reference: an approved \(request.type.rawValue) of this batch has it.")
            }
            if let refusal = try refundRefusal(request, plan.amount.minorUnits, store) {
                return refuse(request, refusal.result, refusal.condition, refusal.message)
            }
            let merchant = environment.configuration.merchant
            if merchant.terminalID.isEmpty || merchant.merchantID.isEmpty {
                return refuse(request, .missingCredentials, nil, "The terminal has no terminal or merchant id.")
            }
            if plan.entry == .card {
                let ways = entryWays(request)
                if ways.isEmpty {
                    return refuse(request, .terminalNotReady, .deviceUnavailable, "No reader for the entry modes asked for.")
                }
                if ways == [.chip], slot.state == .noReader {
                    return refuse(request, .terminalNotReady, .deviceUnavailable, "No chip reader is ready.")
                }
            }
            return .accepted(accept(request, plan, peer, report))
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

    private func planner(_ store: any JournalStore) -> TransactionPlanner {
        let days = environment.parameters?.number("NUMDAYSAUTH") ?? Self.authorizationDays
        let since = WallTime(milliseconds: environment.clock.wallTime.milliseconds - days * 24 * 3_600_000)
        return TransactionPlanner(
            store: store, currency: environment.configuration.currency, batchNumber: batchNumber,
            finder: OriginalFinder(store: store, batchNumber: batchNumber, authorizationsSince: since))
    }

    /// `NUMDAYSAUTH` of a terminal without parameters.
    static let authorizationDays: Int64 = 7

    private func accept(
        _ request: TransactionRequest, _ plan: TransactionPlan, _ peer: PeerIdentity,
        _ report: @escaping @Sendable (TransactionReport) -> Void
    ) -> TransactionID {
        let configuration = environment.configuration
        let now = environment.clock.wallTime
        let times = times(at: now)
        let id = TransactionID(withUnsafeBytes(of: now.milliseconds.bigEndian) { Array($0.suffix(6)) }.hex + environment.random(4).hex)
        let exchange = exchangeIdentity(plan.profile.message.mti, now)
        var draft = plan.original.map { TransactionAnswer(following: $0, as: request.type) } ?? TransactionAnswer(result: .applicationError)
        draft.type = request.type
        draft.transactionID = id
        if request.type != .void {
            draft.requestedAmount = request.requestedAmount
            draft.tipAmount = plan.tip
            draft.cashbackAmount = request.cashbackAmount
            draft.surchargeAmount = request.surchargeAmount
        }
        draft.uniqueTransactionID = request.uniqueTransactionID
        draft.reference = request.reference
        draft.invoice = request.invoice
        draft.requestID = request.requestID
        draft.batchNumber = batchNumber
        draft.terminalID = configuration.merchant.terminalID
        draft.merchantID = configuration.merchant.merchantID
        draft.transactionDate = times.local.dateText
        draft.transactionTime = times.local.timeText
        let held = hold(plan)
        var rules = TransactionMachine.Rules(
            limits: limits, posConnectionLost: configuration.posConnectionLost,
            partialApprovalAllowed: request.parameters["PARTIALAUTH"] == "1")
        rules.entry = plan.entry
        rules.asksTip = plan.tipQuestion == .asked
        rules.contact = contact(plan, held: held.map(\.id))
        entryRules(&rules, request)
        let acceptance = Acceptance(
            peer: peer, request: request, at: now, batchNumber: batchNumber, original: plan.original?.id, draft: draft)
        running = RunningTransaction(
            id: id, acceptance: acceptance, report: report, plan: plan, exchange: exchange, held: held,
            machine: TransactionMachine(rules: rules), draft: draft)
        updateSnapshot()
        let due = followUps.hasDue
        feed(.begin(slot.state, reversalsDue: due))
        if due { feedFollowUps(.transactionBegins) }
        return id
    }

    /// The configuration's, with what the parameters shorten.
    private var limits: TransactionLimits {
        var limits = environment.configuration.limits
        guard let parameters = environment.parameters else { return limits }
        limits.card = min(limits.card, .seconds(parameters.number("CARDTIMEOUT")))
        limits.cardholder = min(limits.cardholder, .seconds(parameters.number("CARDHOLDERTIMEOUT")))
        limits.host = min(limits.host, .seconds(parameters.number("HOSTTIMEOUT")))
        return limits
    }

    /// Numbers and times of a new message to the host.
    func exchangeIdentity(_ mti: String, _ now: WallTime, retrievalReference: String? = nil) -> ExchangeIdentity {
        let times = times(at: now)
        let stan = takeSTAN()
        return ExchangeIdentity(
            mti: mti, stan: stan, localDateTime: times.local.field12, transmissionDateTime: times.utc.field7,
            // Twelve digits that do not repeat for ten years: year, day, hour, STAN.
            retrievalReference: retrievalReference
                ?? (times.utc.year % 10).digits(1) + times.utc.dayOfYear.digits(3) + times.utc.hour.digits(2) + stan.digits(6))
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
