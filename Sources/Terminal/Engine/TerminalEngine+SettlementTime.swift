/// Automatic settlement: every day at `SETTLETIME`, or as soon after it as nothing runs and the terminal is on.
extension TerminalEngine {
    /// Again when `SETTLETIME` has changed, and when it has come.
    public func scheduleSettlement() {
        settlementWait?.cancel()
        settlementWait = nil
        settlementAt = nil
        isSettlementDue = false
        guard let wait = secondsToSettlement else { return }
        let clock = environment.clock
        // In the very second of that time it is tomorrow's.
        let next = clock.now.advanced(by: .seconds(wait == 0 ? 86_400 : wait))
        settlementAt = next
        settlementWait = Task { [weak self] in
            do { try await clock.sleep(until: next) } catch { return }
            await self?.settlementTimeCame()
        }
    }

    /// 0…86399; `nil` without a settlement time.
    private var secondsToSettlement: Int? {
        guard let minute = environment.parameters?.minuteOfDay("SETTLETIME") else { return nil }
        let local = times(at: environment.clock.wallTime).local
        return (minute * 60 - (local.hour * 3600 + local.minute * 60 + local.second) + 86_400) % 86_400
    }

    /// A batch that was open already when `SETTLETIME` last was, and still is: the terminal was off then. `began`: when its first transaction was
    /// accepted. Settled when there is a link, so that reversals and advices can go first.
    func settleWhatWasMissed(_ began: WallTime?) {
        guard let began, let wait = secondsToSettlement else { return }
        let last = environment.clock.wallTime.milliseconds - Int64(wait == 0 ? 0 : 86_400 - wait) * 1000
        guard began.milliseconds < last else { return }
        environment.log.notice("The settlement time has passed while the terminal was off.")
        isSettlementDue = true
        if environment.host.state == .connected { settleWhenIdle() }
    }

    private func settlementTimeCame() {
        scheduleSettlement()
        isSettlementDue = true
        settleWhenIdle()
    }

    /// Called when the time has come, when a transaction has ended, and when the link is there. What the host must still be told goes first, with one
    /// attempt each. A batch without anything in it is not worth a settlement, and one that is not reconciled yet goes first: then the next day's time
    /// counts.
    func settleWhenIdle() {
        guard isSettlementDue, !isSettlementAwaitingAttempts, running == nil, !isDead, !isShuttingDown, journal != nil else { return }
        guard followUps.hasDue else { return settleNow() }
        isSettlementAwaitingAttempts = true
        feedFollowUps(.transactionBegins)
    }

    /// Each follow-up has had its attempt.
    func settleAfterAttempts() {
        guard isSettlementAwaitingAttempts else { return }
        isSettlementAwaitingAttempts = false
        // A transaction has begun meanwhile: when it ends.
        guard isSettlementDue, running == nil, !isDead, !isShuttingDown else { return }
        settleNow()
        if !isSettlementAnnounced { restartWhenIdle() }
    }

    private func settleNow() {
        guard let store = journal?.store else { return }
        isSettlementDue = false
        do throws(JournalError) {
            try forgetResolved(store)
            guard frozen == nil else {
                return environment.log.notice("The last batch is not reconciled; the open one is settled tomorrow.")
            }
            if try hasSomething(toSettle: store) { settleAutomatically() }
        } catch {
            environment.log.error("\(error)", metadata: ["code": "\(error.code.rawValue)"])
        }
    }

    /// Whether a restart has to wait for a settlement whose time has come: at most for the attempts of follow-ups and 1520.
    func settlementGoesFirst() -> Bool {
        // The same time of day for both: the restart must not win by the microseconds between their clocks.
        if let settlementAt, settlementAt - environment.clock.now < .seconds(60), !isSettlementDue { settlementTimeCame() }
        return isSettlementAwaitingAttempts || isSettlementAnnounced
    }

    private func hasSomething(toSettle store: any JournalStore) throws(JournalError) -> Bool {
        var query = TransactionQuery()
        query.batchNumber = batchNumber
        query.limit = 1
        return try !store.page(query).transactions.isEmpty
    }
}
