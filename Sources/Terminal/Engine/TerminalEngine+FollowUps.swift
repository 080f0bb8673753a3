import Keys
import PaymentHost

/// Carries out what the queue of due follow-ups decides.
extension TerminalEngine {
    func feedFollowUps(_ event: FollowUpQueue.Event) {
        guard !isDead else { return }
        if case .due(let id, _, _, _) = event { followUpsDueSince[id] = environment.clock.now }
        let wasEmpty = followUps.isEmpty
        let actions = followUps.on(event)
        let isEmptied = !wasEmpty && followUps.isEmpty
        for action in actions { perform(action) }
        updateSnapshot()
        if isEmptied { feedReconciler(.followUpsDone) }
    }

    /// What the host must still be told, oldest need first, for `Diagnose`.
    public var outstanding: [OutstandingFollowUp] {
        followUps.items.map { item in
            OutstandingFollowUp(
                transaction: item.id.transaction, isReversal: item.followUp.isReversal, stan: item.followUp.exchange.stan,
                attempts: item.failures, isFlagged: item.isFlagged)
        }
    }

    private func perform(_ action: FollowUpQueue.Action) {
        switch action {
        case .commit(let id, let commit): self.commit(id, commit)
        case .send(let id, let message, let isRepeat): send(id, message, isRepeat)
        case .pause(let id, let duration): pause(id, duration)
        case .attemptsDone:
            feed(.reversalsAttempted)
            settleAfterAttempts()
        }
    }

    private func commit(_ id: FollowUpID, _ commit: FollowUpQueue.Commit) {
        let now = environment.clock.wallTime
        var points: [TransactionPoint] = []
        let event: FollowUpEvent
        switch commit {
        case .sent: event = .sent(at: now)
        case .acknowledged(let code):
            event = .acknowledged(HostReply(actionCode: code, at: now))
            points = [.afterReversalAck]
        case .flagged(let code):
            event = .flagged(HostReply(actionCode: code, at: now))
            report("The host refused a reversal; somebody must look into it. It is tried again every hour.", id, code)
        case .refused(let code):
            event = .refused(HostReply(actionCode: code, at: now))
            report("The host refused an advice; somebody must look into it.", id, code)
        }
        write([.transaction(id.transaction, .followUp(id.index, event))], .followUp(id), points)
    }

    private func report(_ text: String, _ id: FollowUpID, _ code: String) {
        environment.log.error("\(text)", metadata: ["transaction": "\(id.transaction)", "actionCode": "\(code)"])
    }

    private func send(_ id: FollowUpID, _ message: FollowUp.Message, _ isRepeat: Bool) {
        followUpPauses.removeValue(forKey: id)?.cancel()
        let request: HostRequest
        do throws(JournalError) {
            // An operator may have ended it, from another process.
            guard let store = journal?.store, try !isResolved(id, store) else { return feedFollowUps(.ended(id)) }
            request = try hostRequest(id, message, isRepeat, store)
        } catch {
            environment.log.error("\(error)", metadata: ["transaction": "\(id.transaction)", "code": "\(error.code.rawValue)"])
            return feedFollowUps(.outcome(id, .nothingSent, age: .zero))
        }
        let deadline = environment.clock.now.advanced(by: environment.configuration.limits.host)
        exchange(request, deadline: deadline) { engine, outcome in engine.followUpAnswered(id, outcome) }
    }

    private func followUpAnswered(_ id: FollowUpID, _ outcome: HostOutcome) {
        let age = followUpsDueSince[id].map { environment.clock.now - $0 } ?? .zero
        feedFollowUps(.outcome(id, FollowUpQueue.Outcome(outcome), age: age))
        if !followUps.contains(id) { followUpsDueSince[id] = nil }
    }

    private func isResolved(_ id: FollowUpID, _ store: any JournalStore) throws(JournalError) -> Bool {
        guard let transaction = try store.transaction(id.transaction), transaction.followUps.indices.contains(id.index) else {
            return false
        }
        if case .resolved = transaction.followUps[id.index].progress { return true }
        return false
    }

    private func hostRequest(
        _ id: FollowUpID, _ message: FollowUp.Message, _ isRepeat: Bool, _ store: any JournalStore
    ) throws(JournalError) -> HostRequest {
        switch message {
        case .reversal(var request):
            request.isRepeat = isRepeat
            return .reversal(request)
        case .advice(let record):
            guard record.hasCard else { return .advice(record.request(card: nil, isRepeat: isRepeat)) }
            guard let sealed = try store.card(of: id) else { throw JournalError(.damaged, "The card of \(id) is not there.") }
            do throws(KeysError) {
                return .advice(record.request(card: try sealed.open(for: id, key: environment.keys.journalKey), isRepeat: isRepeat))
            } catch {
                throw JournalError(.damaged, "The card of \(id) cannot be read.", remedy: "Restore the site keys of this journal.")
            }
        }
    }

    /// Sends, and hands the outcome over when it is there; names the points on the way.
    func exchange(
        _ request: HostRequest, deadline: ContinuousClock.Instant,
        then receive: @escaping @Sendable (isolated TerminalEngine, HostOutcome) -> Void
    ) {
        let (host, point) = (environment.host, environment.point)
        let points = request.points
        if let before = points.before { point(before) }
        Task { [weak self] in
            let outcome = await host.exchange(request, deadline: deadline) { point(points.sent) }
            if case .answered = outcome { point(points.answered) }
            guard let self else { return }
            await receive(self, outcome)
        }
    }

    private func pause(_ id: FollowUpID, _ duration: Duration) {
        followUpPauses[id]?.cancel()
        let clock = environment.clock
        let deadline = clock.now.advanced(by: duration)
        followUpPauses[id] = Task { [weak self] in
            do { try await clock.sleep(until: deadline) } catch { return }
            await self?.feedFollowUps(.pauseOver(id))
        }
    }
}

extension HostRequest {
    fileprivate var points: (before: TransactionPoint?, sent: TransactionPoint, answered: TransactionPoint) {
        switch self {
        case .financial: (.beforeSend, .afterSend, .afterAnswer)
        case .reversal: (.beforeReversalSend, .afterReversalSend, .afterReversalAnswer)
        case .advice: (nil, .afterAdviceSend, .afterAdviceAnswer)
        case .reconciliation: (nil, .afterReconciliationSend, .afterReconciliationAnswer)
        }
    }
}

extension FollowUpQueue.Outcome {
    init(_ outcome: HostOutcome) {
        self =
            switch outcome {
            case .answered(let answer): .answered(actionCode: answer.actionCode, accepted: answer.approved)
            case .notConnected, .notSent: .nothingSent
            case .noAnswer, .badAnswer: .unanswered
            }
    }
}
