import Terminal

/// After everything has healed, schedules that settle are settled once more: what the terminal counts by then is what the host has, at the first try.
extension CampaignRun {
    private static let patience = Duration.seconds(300)

    func finalSettlement() -> [String] {
        guard schedule.settles, let process, let store = process.store else { return [] }
        do throws(JournalError) {
            // What was frozen before is through by itself, were it with an upload: an advice whose answer was lost kept it from balancing only until that
            // came.
            // One that its time or a start has just begun is under way.
            _ = scheduler.run(until: scheduler.now + .seconds(30)) { false }
            if let frozen = try store.startingPoint().frozen, !passes({ (try? store.batch(frozen.number))?.isReconciled == true }) {
                return ["batch \(frozen.number) is not reconciled"]
            }
            let number = try store.startingPoint().batchNumber
            Task { await process.engine.settleAutomatically() }
            _ = passes { (try? store.batch(number))?.isReconciled == true }
            guard let batch = try store.batch(number) else { return ["batch \(number) was not frozen"] }
            guard batch.isReconciled, batch.retry == nil else {
                return ["batch \(number): the terminal counts \(batch.freeze.request.totals.net), which is not what the host has"]
            }
            return []
        } catch { return ["the journal cannot be read: \(error)"] }
    }

    /// Whether that comes true in time.
    private func passes(_ condition: () -> Bool) -> Bool { scheduler.run(until: scheduler.now + Self.patience, condition) }
}
