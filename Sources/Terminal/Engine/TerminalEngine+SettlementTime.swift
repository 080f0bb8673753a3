/// Automatic settlement: every day at `SETTLETIME`, or as soon after it as nothing runs.
extension TerminalEngine {
    /// Again when `SETTLETIME` has changed, and when it has come.
    public func scheduleSettlement() {
        settlementWait?.cancel()
        settlementWait = nil
        isSettlementDue = false
        guard let minute = environment.parameters?.minuteOfDay("SETTLETIME") else { return }
        let local = times(at: environment.clock.wallTime).local
        let wait = (minute * 60 - (local.hour * 3600 + local.minute * 60 + local.second) + 86_400) % 86_400
        let clock = environment.clock
        // In the very second of that time it is tomorrow's.
        let next = clock.now.advanced(by: .seconds(wait == 0 ? 86_400 : wait))
        settlementWait = Task { [weak self] in
            do { try await clock.sleep(until: next) } catch { return }
            await self?.settlementTimeCame()
        }
    }

    private func settlementTimeCame() {
        scheduleSettlement()
        isSettlementDue = true
        settleWhenIdle()
    }

    /// Called when the time has come, and when a transaction has ended. A batch without anything in it is not worth a settlement, and one that is not
    /// reconciled yet goes first: then the next day's time counts.
    func settleWhenIdle() {
        guard isSettlementDue, running == nil, !isDead, !isShuttingDown, let store = journal?.store else { return }
        isSettlementDue = false
        guard frozen == nil else { return environment.log.notice("The last batch is not reconciled; the open one is settled tomorrow.") }
        do throws(JournalError) {
            if try hasSomething(toSettle: store) { settleAutomatically() }
        } catch {
            environment.log.error("\(error)", metadata: ["code": "\(error.code.rawValue)"])
        }
    }

    private func hasSomething(toSettle store: any JournalStore) throws(JournalError) -> Bool {
        var query = TransactionQuery()
        query.batchNumber = batchNumber
        query.limit = 1
        return try !store.page(query).transactions.isEmpty
    }
}
