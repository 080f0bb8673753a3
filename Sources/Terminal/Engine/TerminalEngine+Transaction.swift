import Devices
import EMV
import Money
import PaymentHost

/// Feeding the machine and carrying out what it returns.
extension TerminalEngine {
    /// Events raised while actions are carried out wait until those are done.
    func feed(_ event: TransactionMachine.Event) {
        inbox.append(event)
        guard !isFeeding else { return }
        isFeeding = true
        while !inbox.isEmpty, running != nil, !isDead {
            let event = inbox.removeFirst()
            for action in running?.machine.on(event) ?? [] { perform(action) }
        }
        inbox = []
        isFeeding = false
        if let over = running, over.machine.isOver, !isDead { finish(over) }
    }

    /// The answer comes with the machine's first action.
    func feedCancel() -> CancelAnswer {
        guard !isFeeding, let actions = running?.machine.on(.cancel) else { return .nothingToCancel }
        var answer = CancelAnswer.nothingToCancel
        for action in actions {
            if case .answerCancel(let given) = action { answer = given } else { perform(action) }
        }
        return answer
    }

    private func perform(_ action: TransactionMachine.Action) {
        guard let id = running?.id, !isDead else { return }
        switch action {
        case .status(let context): running?.report(.status(context, message: CardholderText(language).cashier(context)))
        case .show(let prompt): show(prompt)
        case .startTimer(let timer, let duration): startTimer(timer, duration)
        case .stopTimer(let timer): stopTimer(timer)
        case .stopTimers: for timer in TransactionMachine.Timer.allCases { stopTimer(timer) }
        case .readCard: readCard()
        case .listen(let ways): listen(ways)
        case .takeSwipe(let fallback): takeSwipe(fallback: fallback)
        case .takeTap: takeTap()
        case .takeKeyed: takeKeyed()
        case .askForTip: askForTip()
        case .offerApplications: offerApplications()
        case .askForPIN: askForPIN()
        case .stopCard: stopCard()
        case .commit(let commit, let withAcceptance): self.commit(commit, withAcceptance, id)
        case .commitDecision(let decision, let withAcceptance): commitDecision(decision, withAcceptance, id)
        case .sendToHost: sendToHost(id)
        case .sendFollowUp(let index): sendFollowUp(index, id)
        case .reconcile: reconcile()
        case .completeCard(let verdict): completeCard(verdict)
        case .answerCancel: break
        case .reply:
            reply()
            performScripts()
        case .showOutcome(let decision): showOutcome(decision)
        case .die: break
        }
    }

    private func startTimer(_ timer: TransactionMachine.Timer, _ duration: Duration) {
        guard let id = running?.id else { return }
        stopTimer(timer)
        let clock = environment.clock
        let deadline = clock.now.advanced(by: duration)
        if timer == .host { running?.hostDeadline = deadline }
        running?.timerGeneration += 1
        let generation = running?.timerGeneration ?? 0
        let scheduled = clock.schedule(at: deadline) { [weak self] in
            guard let self else { return }
            Task { await self.timerFired(timer, generation, id) }
        }
        running?.timers[timer] = (generation, scheduled)
    }

    private func stopTimer(_ timer: TransactionMachine.Timer) { running?.timers.removeValue(forKey: timer)?.scheduled.cancel() }

    private func timerFired(_ timer: TransactionMachine.Timer, _ generation: Int, _ id: TransactionID) {
        guard running?.id == id, running?.timers[timer]?.generation == generation else { return }
        running?.timers[timer] = nil
        feed(.timer(timer))
    }

    private func sendToHost(_ id: TransactionID) {
        guard let running, let deadline = running.hostDeadline, case .exchange(_, let functionCode) = running.plan.profile.message else {
            return feed(.hostOutcome(.notSent))
        }
        var request = running.financialRequest(functionCode: functionCode)
        request.vendorID = environment.parameters?["HWVENDORID"].flatMap { $0.isEmpty ? nil : $0 }
        // Only store and forward needs the card again.
        if !running.machine.offlineAllowed { running.presented?.forgetSecrets() }
        exchange(.financial(request), deadline: deadline) { engine, outcome in engine.hostAnswered(outcome, id) }
    }

    private func hostAnswered(_ outcome: HostOutcome, _ id: TransactionID) {
        guard let current = running, current.id == id, current.machine.awaitsHost else {
            environment.log.notice("A host answer came when nothing waited for it; it changes nothing.", metadata: ["transaction": "\(id)"])
            return
        }
        switch outcome {
        // Host-protocol, "Fields": with 002, 0 < field 4 < the amount asked for.
        case .answered(let answer) where answer.isPartial && !answer.isPart(of: current.amount):
            running?.hostFinding = "field 4: a partial approval of no part of the amount"
            feed(.hostOutcome(.badAnswer))
        case .answered(let answer):
            running?.hostAnswer = answer
            feed(.hostOutcome(answer.isPartial ? .partiallyApproved : answer.approved ? .approved : .declined))
        case .notConnected: feed(.hostOutcome(.notConnected))
        case .notSent: feed(.hostOutcome(.notSent))
        case .noAnswer: feed(.hostOutcome(.noAnswer))
        case .badAnswer(let finding):
            running?.hostFinding = finding
            feed(.hostOutcome(.badAnswer))
        }
    }

    /// Told means decided: delivery is never waited for (pos-protocol, section 5).
    private func reply() {
        guard let running, let decision = running.decision else { return }
        environment.point(.beforeReply)
        if printsReceipts(decision.answer, running) {
            running.report(.status(.receipt, message: CardholderText(language).cashier(.receipt)))
        }
        running.report(.final(decision.answer))
        printReceipts(decision.answer, running)
        environment.point(.afterReply)
        environment.log.info(
            "transaction decided",
            metadata: ["transaction": "\(running.id)", "result": "\(decision.answer.result.rawValue)", "stan": "\(running.exchange.stan)"])
    }

    private func finish(_ over: RunningTransaction) {
        running = nil
        over.choice?.cancel()
        let intended = over.intent?.followUps ?? []
        let outcomes = over.machine.followUpOutcomes
        if over.decision?.answer.result == .completed {
            for (index, followUp) in intended.enumerated() {
                switch outcomes.indices.contains(index) ? outcomes[index] : nil {
                case .accepted: break
                case .refused: feedFollowUps(.due(FollowUpID(over.id, index), followUp, sentBefore: true, flagged: true))
                case .unanswered: feedFollowUps(.due(FollowUpID(over.id, index), followUp, sentBefore: true, flagged: false))
                case .notSent, nil: feedFollowUps(.due(FollowUpID(over.id, index), followUp, sentBefore: false, flagged: false))
                }
            }
        } else {
            // Not done after all: what was held back is due again.
            for (id, followUp) in over.held { feedFollowUps(.due(id, followUp, sentBefore: false, flagged: false)) }
        }
        for (index, followUp) in (over.decision?.followUps ?? []).enumerated() {
            feedFollowUps(.due(FollowUpID(over.id, intended.count + index), followUp, sentBefore: false, flagged: false))
        }
        updateSnapshot()
        journal?.tidy()
        prune()
        for continuation in waitingForIdle { continuation.resume() }
        waitingForIdle = []
        settleWhenIdle()
        restartWhenIdle()
    }
}

extension TerminalEngine {
    /// What `NUMBATCHSAVEDAYS` no longer asks for; never what an authorization may still need (`NUMDAYSAUTH`), nor a `requestId` (48 hours).
    private func prune() {
        let days = max(
            environment.parameters?.number("NUMBATCHSAVEDAYS") ?? 5,
            environment.parameters?.number("NUMDAYSAUTH") ?? Self.authorizationDays, 2)
        let time = WallTime(milliseconds: environment.clock.wallTime.milliseconds - days * 24 * 3_600_000)
        guard retention.transactionEnded(forgetting: time) else { return }
        journal?.prune(acceptedBefore: time, keeping: [batchNumber] + [frozen?.number].compactMap(\.self))
    }
}

extension HostAnswer {
    fileprivate func isPart(of asked: Amount) -> Bool {
        guard let approved = amount?.minorUnits else { return false }
        return 0 < approved && approved < asked.minorUnits
    }
}

extension TransactionMachine {
    var awaitsHost: Bool { phase == .host }
}
