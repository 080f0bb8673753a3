import Keys
import PaymentHost

/// Commits: what must survive, before its effect leaves the terminal.
extension TerminalEngine {
    enum Committed: Sendable {
        case transaction(TransactionID, TransactionMachine.Commit)
        case followUp(FollowUpID)
        case batch
        /// Of a batch that nobody asked to settle.
        case freeze
    }

    /// What the journal found at the start is carried on (pos-protocol, section 5, "crash or power cut").
    func takeOver(_ start: JournalStart) async {
        batchNumber = start.batchNumber
        frozen = start.frozen
        stan = STANSequence(reservedThrough: start.stanReservedThrough)
        reservations = []
        if hasFloorLimits, let store = journal?.store {
            do throws(JournalError) { approvals = ApprovalLog(try store.approved(batchNumber: batchNumber)) } catch { return die(error) }
        }
        let now = environment.clock.wallTime
        var entries: [JournalEntry] = []
        var due: [(FollowUpID, FollowUp, sent: Bool, flagged: Bool)] = []
        for var transaction in start.unfinished {
            if transaction.decision == nil {
                let changes = decisionAtStart(transaction, now)
                entries += changes
                for case .transaction(transaction.id, let event) in changes {
                    // It follows an acceptance, a pending reversal or an intent: all allow a decision.
                    try? transaction.apply(event)
                }
                environment.log.notice("A transaction was left undecided; decided now.", metadata: ["transaction": "\(transaction.id)"])
            }
            for (id, tracked) in transaction.openFollowUps {
                let flagged = if case .flagged = tracked.progress { true } else { false }
                due.append((id, tracked.followUp, tracked.progress != .due, flagged))
            }
        }
        if !entries.isEmpty, let failure = await commitNow(entries) { return die(failure) }
        for (id, followUp, sent, flagged) in due { feedFollowUps(.due(id, followUp, sentBefore: sent, flagged: flagged)) }
        reconcile(atStart: true)
        updateSnapshot()
    }

    func commitNow(_ entries: [JournalEntry]) async -> JournalError? {
        guard let journal else { return JournalError(.cannotOpen, "No journal.") }
        return await withCheckedContinuation { continuation in journal.commit(entries) { continuation.resume(returning: $0) } }
    }

    private func decisionAtStart(_ transaction: JournaledTransaction, _ now: WallTime) -> [JournalEntry] {
        let decision = TransactionDecision.atStart(transaction)
        let (pending, intent) = (transaction.pending, transaction.intent)
        var answer = pending?.draft ?? intent?.draft ?? transaction.acceptance.draft
        answer.conclude(decision, host: nil, amount: pending?.amount ?? intent?.amount, authCode: intent?.authCode)
        if decision.result == .applicationError {
            answer.errorCondition = .aborted
            answer.errorMessage = "The terminal stopped before the host was asked."
        }
        if let exchange = pending?.exchange ?? intent?.followUps.first?.exchange {
            addReceipts(&answer, retrievalReference: exchange.retrievalReference, stan: exchange.stan)
        }
        let record = DecisionRecord(
            answer: answer, followUps: reversal(decision, pending, now).map { [FollowUp(.reversal($0))] } ?? [], at: now)
        guard let intent else { return [.transaction(transaction.id, .decided(record))] }
        // Whether it was sent nobody knows: what is sent from now on is a repeat.
        let sent = intent.followUps.indices.map { JournalEntry.transaction(transaction.id, .followUp($0, .sent(at: now))) }
        return [.transaction(transaction.id, .decided(record))] + sent + effects(intent.effects, drops: intent.drops, by: transaction.id)
    }

    private func reversal(
        _ decision: TransactionDecision, _ pending: PendingReversal?, _ now: WallTime, approvalCode: String? = nil, iccData: [UInt8]? = nil
    ) -> ReversalRequest? {
        guard let reason = decision.reversal, let pending else { return nil }
        let times = times(at: now)
        return pending.reversal(
            reason, approvalCode: approvalCode, iccData: iccData, localDateTime: times.local.field12, transmissionDateTime: times.utc.field7
        )
    }

    func commit(_ commit: TransactionMachine.Commit, _ withAcceptance: Bool, _ id: TransactionID) {
        guard let current = running else { return }
        switch commit {
        case .acceptance: write([], withAcceptance, .transaction(id, .acceptance))
        case .pendingReversal:
            let pending = PendingReversal(
                exchange: current.exchange, reversalSTAN: takeSTAN(), processingCode: current.processingCode, amount: current.amount,
                entryMode: current.entryMode, batchNumber: current.acceptance.batchNumber,
                card: current.presented?.reference ?? current.plan.original?.card, isInquiry: current.plan.profile.isInquiry,
                draft: current.draft, at: environment.clock.wallTime)
            running?.pending = pending
            write([.transaction(id, .reversalPending(pending))], withAcceptance, .transaction(id, .pendingReversal), [.afterPending])
        case .intent:
            let intent = intent(of: current)
            running?.intent = intent
            guard let cards = sealedCards(intent.followUps, from: 0, current) else { return }
            write([.transaction(id, .intent(intent))] + cards, withAcceptance, .transaction(id, .intent), [.afterPending])
        case .freeze: commitFreeze(withAcceptance, id)
        case .decision: break
        }
    }

    /// What the follow-ups need of the card, enciphered; `nil` when that failed, and with it the terminal.
    private func sealedCards(_ followUps: [FollowUp], from first: Int, _ current: RunningTransaction) -> [JournalEntry]? {
        var entries: [JournalEntry] = []
        for (index, followUp) in followUps.enumerated() where followUp.advice?.hasCard == true {
            guard let card = current.cardForAdvice else { continue }
            let id = FollowUpID(current.id, first + index)
            do throws(KeysError) {
                let sealed = try SealedCard(card, for: id, key: environment.keys.journalKey, nonce: environment.random(AES.nonceSize))
                entries.append(.card(id, sealed))
            } catch {
                die(JournalError(.commitFailed, "A card could not be enciphered: \(error.code.rawValue)."))
                return nil
            }
        }
        return entries
    }

    func commitDecision(_ decision: TransactionDecision, _ withAcceptance: Bool, _ id: TransactionID) {
        guard let current = running else { return }
        let now = environment.clock.wallTime
        var followUps: [FollowUp] = []
        let iccData = current.outcome?.finalICCData ?? []
        if let reversal = reversal(
            decision, current.pending, now, approvalCode: current.hostAnswer?.approvalCode,
            iccData: decision.reversal == .cardRefused && !iccData.isEmpty ? iccData : nil)
        {
            followUps.append(FollowUp(.reversal(reversal)))
        }
        var authCode = current.intent?.authCode ?? (current.plan.replayed ?? current.plan.original)?.decision?.answer.authCode
        if case .exchange = current.machine.rules.contact { authCode = nil }
        if decision.isOffline, current.intent == nil {
            let (advice, code) = storeAndForward(current, decision, after: followUps.isEmpty ? [] : [FollowUpID(id, 0)], now)
            followUps.append(advice)
            authCode = code
        }
        var answer = current.draft
        answer.conclude(decision, host: current.hostAnswer, amount: current.amount, authCode: authCode)
        if decision.isOffline, current.intent == nil {
            answer.offline = true
            (answer.responseCode, answer.hostMessage) = (nil, nil)
        }
        if let finding = current.hostFinding { answer.errorMessage = "Bad answer from the host: \(finding)" }
        if answer.account != nil { addReceipts(&answer, current) }
        let record = DecisionRecord(
            answer: answer, followUps: followUps, card: decision.isOffline ? current.presented?.reference : nil, at: now)
        var entries: [JournalEntry] = [.transaction(id, .decided(record))]
        if let intent = current.intent {
            entries += consequences(of: decision, intent, current.machine.followUpOutcomes, by: id)
        } else if decision.approval == .approved, current.plan.replayed == nil {
            entries += effects(current.plan.effects, drops: current.held.map(\.id), by: id)
        }
        guard let cards = sealedCards(followUps, from: 0, current) else { return }
        running?.decision = record
        if hasFloorLimits { approvals.note(current.request.type, current.presented?.reference, answer) }
        // Nothing of the card is kept after the decision (host-protocol, "Fields").
        running?.presented = nil
        running?.outcome?.card = nil
        write(entries + cards, withAcceptance, .transaction(id, .decision), [.afterDecision])
    }

    /// The 1220 of an approval without the host, and its approval code.
    private func storeAndForward(
        _ current: RunningTransaction, _ decision: TransactionDecision, after: [FollowUpID], _ now: WallTime
    ) -> (FollowUp, String) {
        let exchange = exchangeIdentity("1220", now)
        let reason: AdviceRequest.Reason =
            decision.reversal != nil ? .issuerUnavailable : current.pending == nil ? .cardProcessed : .terminalProcessed
        let code = terminalApprovalCode(exchange.stan)
        let advice = current.advice(exchange, reason: reason, approvalCode: code, hasCard: true)
        return (FollowUp(.advice(advice), after: after), code)
    }

    func write(_ entries: [JournalEntry], _ withAcceptance: Bool, _ committed: Committed, _ points: [TransactionPoint] = []) {
        guard withAcceptance, let current = running else { return write(entries, committed, points) }
        write([.transaction(current.id, .accepted(current.acceptance))] + entries, committed, [.afterAccept] + points)
    }

    /// `points` are called on the writer's thread, right after the sync.
    func write(_ entries: [JournalEntry], _ committed: Committed, _ points: [TransactionPoint] = []) {
        guard let journal else { return die(JournalError(.cannotOpen, "No journal.")) }
        let all = reservations + entries
        reservations = []
        let point = environment.point
        journal.commit(all) { [weak self] failure in
            if failure == nil { for name in points { point(name) } }
            Task { await self?.written(committed, failure) }
        }
    }

    private func written(_ committed: Committed, _ failure: JournalError?) {
        guard !isDead else { return }
        if let failure { return die(failure) }
        switch committed {
        case .transaction(let id, let commit) where running?.id == id: feed(.committed(commit))
        case .transaction: break
        case .followUp(let id): feedFollowUps(.committed(id))
        case .batch: batchCommitted()
        case .freeze: reconcile()
        }
    }

    /// Section 5, "journal write fails": neither done nor undone. Nothing is told or sent; the process exits, the next start decides.
    func die(_ failure: JournalError) {
        guard !isDead else { return }
        isDead = true
        if running != nil { _ = running?.machine.on(.commitFailed) }
        for continuation in waitingForIdle { continuation.resume() }
        waitingForIdle = []
        environment.log.critical("\(failure)", metadata: ["code": "\(failure.code.rawValue)"])
        environment.onFatal(failure)
    }
}
