import Terminal

/// The journal of the mutant `left-behind-tip-forgotten`: a freeze keeps no record of the tip adjustments that it leaves behind, so that the next batch
/// cannot count them.
struct ForgetfulJournal: JournalStore {
    let memory: MemoryJournalStore

    func commit(_ entries: [JournalEntry]) throws(JournalError) {
        try memory.commit(
            entries.map { entry in
                guard case .batch(let number, .frozen(var freeze)) = entry else { return entry }
                freeze.report.leftBehind.removeAll { memory.transaction($0)?.acceptance.request.type == .tipAdjust }
                return .batch(number, .frozen(freeze))
            })
    }

    // Everything else as it is.
    var room: JournalRoom { memory.room }
    func startingPoint() -> JournalStart { memory.startingPoint() }
    func transaction(_ id: TransactionID) -> JournaledTransaction? { memory.transaction(id) }
    func lastTransaction(of peer: PeerIdentity?) -> JournaledTransaction? { memory.lastTransaction(of: peer) }
    func transaction(requestID: String, since: WallTime) -> JournaledTransaction? { memory.transaction(requestID: requestID, since: since) }
    func transaction(uniqueTransactionID: String) -> JournaledTransaction? { memory.transaction(uniqueTransactionID: uniqueTransactionID) }
    func transaction(reference: String, batchNumber: Int?) -> JournaledTransaction? {
        memory.transaction(reference: reference, batchNumber: batchNumber)
    }
    func page(_ query: TransactionQuery) throws(JournalError) -> JournalPage { try memory.page(query) }
    func approved(authCode: String) -> [JournaledTransaction] { memory.approved(authCode: authCode) }
    func approved(batchNumber: Int) -> [JournaledTransaction] { memory.approved(batchNumber: batchNumber) }
    func batch(_ number: Int) -> JournaledBatch? { memory.batch(number) }
    func card(of id: FollowUpID) -> SealedCard? { memory.card(of: id) }
    func hasApproved(_ type: TransactionType, reference: String, batchNumber: Int) -> Bool {
        memory.hasApproved(type, reference: reference, batchNumber: batchNumber)
    }
    func prune(acceptedBefore time: WallTime, keeping batches: [Int]) { memory.prune(acceptedBefore: time, keeping: batches) }
    func tidy() { memory.tidy() }
    func close() { memory.close() }
}
