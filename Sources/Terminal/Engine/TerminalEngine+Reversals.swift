import PaymentHost

/// Carries out what the queue of due reversals decides.
extension TerminalEngine {
    func feedReversals(_ event: ReversalQueue.Event) {
        guard !isDead else { return }
        for action in reversals.on(event) { perform(action) }
        updateSnapshot()
    }

    private func perform(_ action: ReversalQueue.Action) {
        switch action {
        case .commit(let id, let commit):
            let now = environment.clock.wallTime
            switch commit {
            case .sent: write([.transaction(id, .reversalSent(at: now))], .reversal(id))
            case .acknowledged(let code):
                write(
                    [.transaction(id, .reversalAcknowledged(ReversalAnswer(actionCode: code, at: now)))], .reversal(id), [.afterReversalAck]
                )
            case .flagged(let code):
                environment.log.error(
                    "The host refused a reversal; somebody must look into it. It is tried again every hour.",
                    metadata: ["transaction": "\(id)", "actionCode": "\(code)"])
                write([.transaction(id, .reversalFlagged(ReversalAnswer(actionCode: code, at: now)))], .reversal(id))
            }
        case .send(let id, let request): send(id, request)
        case .pause(let id, let duration): pause(id, duration)
        case .attemptsDone: feed(.reversalsAttempted)
        }
    }

    private func send(_ id: TransactionID, _ request: ReversalRequest) {
        reversalPauses.removeValue(forKey: id)?.cancel()
        let (host, point) = (environment.host, environment.point)
        let deadline = environment.clock.now.advanced(by: environment.configuration.limits.host)
        point(.beforeReversalSend)
        Task { [weak self] in
            let outcome = await host.exchange(.reversal(request), deadline: deadline) { point(.afterReversalSend) }
            if case .answered = outcome { point(.afterReversalAnswer) }
            await self?.feedReversals(.outcome(id, ReversalQueue.Outcome(outcome)))
        }
    }

    private func pause(_ id: TransactionID, _ duration: Duration) {
        reversalPauses[id]?.cancel()
        let clock = environment.clock
        let deadline = clock.now.advanced(by: duration)
        reversalPauses[id] = Task { [weak self] in
            do { try await clock.sleep(until: deadline) } catch { return }
            await self?.feedReversals(.pauseOver(id))
        }
    }
}

extension ReversalQueue.Outcome {
    init(_ outcome: HostOutcome) {
        self =
            switch outcome {
            case .answered(let answer): .answered(actionCode: answer.actionCode)
            case .notConnected, .notSent: .nothingSent
            case .noAnswer, .badAnswer: .unanswered
            }
    }
}
