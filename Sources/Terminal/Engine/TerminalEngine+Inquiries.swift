/// What is answered from the journal.
extension TerminalEngine {
    public func lastTransaction(of peer: PeerIdentity) async -> RecordedTransaction? {
        if let running, running.peer == peer { return running.recorded }
        return read { store throws(JournalError) in try store.lastTransaction(of: peer)?.recorded }
            ?? running?.recorded ?? read { store throws(JournalError) in try store.lastTransaction(of: nil)?.recorded }
    }

    public func transaction(requestID: String) async -> RecordedTransaction? {
        if let running, running.request.requestID == requestID { return running.recorded }
        let since = WallTime(milliseconds: environment.clock.wallTime.milliseconds - Self.requestIDLifetime)
        return read { store throws(JournalError) in try store.transaction(requestID: requestID, since: since)?.recorded }
    }

    public func transaction(_ name: TransactionName) async -> RecordedTransaction? {
        if let running, running.answers(to: name) { return running.recorded }
        switch name {
        case .requestID(let requestID): return await transaction(requestID: requestID)
        case .transactionID(let id): return read { store throws(JournalError) in try store.transaction(id)?.recorded }
        case .uniqueTransactionID(let unique):
            return read { store throws(JournalError) in try store.transaction(uniqueTransactionID: unique)?.recorded }
        case .reference(let reference):
            let batchNumber = batchNumber
            return read { store throws(JournalError) in
                if let open = try store.transaction(reference: reference, batchNumber: batchNumber) { return open.recorded }
                return try store.transaction(reference: reference, batchNumber: nil)?.recorded
            }
        }
    }

    public func transactions(_ query: TransactionQuery) async -> TransactionPage? {
        read { store throws(JournalError) in
            let page = try store.page(query)
            return TransactionPage(transactions: page.transactions.map(\.recorded), cursor: page.cursor)
        }
    }

    private func read<Value>(_ body: (any JournalStore) throws(JournalError) -> Value?) -> Value? {
        guard let store = journal?.store else { return nil }
        do throws(JournalError) {
            return try body(store)
        } catch {
            if error.code == .damaged { changeSnapshot { $0.isJournalReadable = false } }
            environment.log.error("\(error)", metadata: ["code": "\(error.code.rawValue)"])
            return nil
        }
    }
}

extension RunningTransaction {
    fileprivate func answers(to name: TransactionName) -> Bool {
        switch name {
        case .requestID(let requestID): request.requestID == requestID
        case .transactionID(let id): self.id == id
        case .uniqueTransactionID(let unique): request.uniqueTransactionID == unique
        case .reference(let reference): request.reference == reference
        }
    }
}
