import PaymentHost

/// Commits: what must survive, before its effect leaves the terminal.
extension TerminalEngine {
    enum Committed: Sendable {
        case transaction(TransactionID, TransactionMachine.Commit)
        case reversal(TransactionID)
    }

    /// What the journal found at the start is carried on (pos-protocol, section 5, "crash or power cut").
    func takeOver(_ start: JournalStart) async {
        batchNumber = start.batchNumber
        stan = STANSequence(reservedThrough: start.stanReservedThrough)
        reservations = []
        let now = environment.clock.wallTime
        var entries: [JournalEntry] = []
        var due: [(TransactionID, ReversalRequest, Bool, Bool)] = []
        for var transaction in start.unfinished {
            if transaction.decision == nil {
                let event = TransactionEvent.decided(decisionAtStart(transaction, now))
                entries.append(.transaction(transaction.id, event))
                // It follows an acceptance or a pending reversal: both allow a decision.
                try? transaction.apply(event)
                environment.log.notice("A transaction was left undecided; decided now.", metadata: ["transaction": "\(transaction.id)"])
            }
            guard let reversal = transaction.decision?.reversal else { continue }
            switch transaction.reversal {
            case .due: due.append((transaction.id, reversal, false, false))
            case .sent: due.append((transaction.id, reversal, true, false))
            case .flagged: due.append((transaction.id, reversal, true, true))
            case .acknowledged, nil: break
            }
        }
        if !entries.isEmpty, let failure = await commitNow(entries) { return die(failure) }
        for (id, reversal, sent, flagged) in due { feedReversals(.due(id, reversal, sentBefore: sent, flagged: flagged)) }
        updateSnapshot()
    }

    func commitNow(_ entries: [JournalEntry]) async -> JournalError? {
        guard let journal else { return JournalError(.cannotOpen, "No journal.") }
        return await withCheckedContinuation { continuation in journal.commit(entries) { continuation.resume(returning: $0) } }
    }

    private func decisionAtStart(_ transaction: JournaledTransaction, _ now: WallTime) -> DecisionRecord {
        let decision = TransactionDecision.atStart(pendingReversal: transaction.pending != nil)
        var answer = transaction.pending?.draft ?? transaction.acceptance.draft
        answer.conclude(decision, host: nil, amount: transaction.pending?.amount)
        if decision.result == .applicationError {
            answer.errorCondition = .aborted
            answer.errorMessage = "The terminal stopped before the host was asked."
        }
        if let pending = transaction.pending {
            addReceipts(&answer, retrievalReference: pending.exchange.retrievalReference, stan: pending.exchange.stan)
        }
        return DecisionRecord(answer: answer, reversal: reversal(decision, transaction.pending, now), at: now)
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
                entryMode: .chip, batchNumber: current.acceptance.batchNumber, card: current.online.flatMap { cardReference($0.card.pan) },
                draft: current.draft, at: environment.clock.wallTime)
            running?.pending = pending
            write([.transaction(id, .reversalPending(pending))], withAcceptance, .transaction(id, .pendingReversal), [.afterPending])
        case .decision: break
        }
    }

    func commitDecision(_ decision: TransactionDecision, _ withAcceptance: Bool, _ id: TransactionID) {
        guard let current = running else { return }
        let now = environment.clock.wallTime
        var answer = current.draft
        answer.conclude(decision, host: current.hostAnswer, amount: current.amount)
        if let finding = current.hostFinding { answer.errorMessage = "Bad answer from the host: \(finding)" }
        if answer.account != nil { addReceipts(&answer, current) }
        let iccData = current.outcome?.finalICCData ?? []
        let record = DecisionRecord(
            answer: answer,
            reversal: reversal(
                decision, current.pending, now, approvalCode: current.hostAnswer?.approvalCode,
                iccData: decision.reversal == .cardRefused && !iccData.isEmpty ? iccData : nil), at: now)
        running?.decision = record
        // Nothing of the card is kept after the decision (host-protocol, "Fields").
        running?.online = nil
        running?.outcome?.card = nil
        write([.transaction(id, .decided(record))], withAcceptance, .transaction(id, .decision), [.afterDecision])
    }

    private func write(_ entries: [JournalEntry], _ withAcceptance: Bool, _ committed: Committed, _ points: [TransactionPoint] = []) {
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
        case .reversal(let id): feedReversals(.committed(id))
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
