import Terminal

/// After everything has healed, schedules that settle are settled once more: what the terminal counts by then is what the host has, at the first try.
extension CampaignRun {
    private static let patience = Duration.seconds(300)

    func finalSettlement() -> [String] {
        guard schedule.settles, let process, let store = process.store else { return [] }
        do throws(JournalError) {
            // What was frozen before is through by itself, were it with an upload: an advice whose answer was lost kept it from balancing only until that
            // came.
            pass(Self.patience)
            if let frozen = try store.startingPoint().frozen { return ["batch \(frozen.number) is not reconciled"] }
            let number = try store.startingPoint().batchNumber
            Task { await process.engine.settleAutomatically() }
            pass(Self.patience)
            guard let batch = try store.batch(number) else { return ["batch \(number) was not frozen"] }
            guard batch.isReconciled, batch.retry == nil else {
                return ["batch \(number): the terminal counts \(batch.freeze.request.totals.net), which is not what the host has"]
            }
            return []
        } catch { return ["the journal cannot be read: \(error)"] }
    }

    private func pass(_ time: Duration) { _ = scheduler.run(until: scheduler.now + time) { false } }
}
