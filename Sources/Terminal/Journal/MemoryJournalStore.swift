import Synchronization

/// A journal in memory that knows what reached the medium and what did not, for schedules of faults without a disk.
public final class MemoryJournalStore: JournalStore {
    /// What becomes of one commit.
    public enum Fate: Sendable, Hashable {
        case synced
        /// Acknowledged and readable, but gone after a power cut: a medium that lies about its syncs.
        case unsynced
        /// An error, and nothing was written.
        case failed
        /// An error, but everything was written: the process cannot tell.
        case failedAfterWriting
    }

    struct Contents: Sendable {
        var start = JournalStart()
        var transactions: [TransactionID: JournaledTransaction] = [:]
        var batches: [Int: JournaledBatch] = [:]
        var cards: [FollowUpID: SealedCard] = [:]
        /// In order of acceptance.
        var order: [TransactionID] = []
        var commits: [(entries: [JournalEntry], synced: Bool)] = []
        var room = JournalRoom.enough
    }

    private let contents: Mutex<Contents>
    private let fate: @Sendable (_ commit: Int, _ entries: [JournalEntry]) -> Fate

    /// `fate` is asked for every commit, counted from 0; it must not call the store.
    public init(fate: @escaping @Sendable (_ commit: Int, _ entries: [JournalEntry]) -> Fate = { _, _ in .synced }) {
        contents = Mutex(Contents())
        self.fate = fate
    }

    /// What the next start finds when these commits are on the medium; `fate` counts on from them.
    public init(
        replaying commits: [[JournalEntry]],
        fate: @escaping @Sendable (_ commit: Int, _ entries: [JournalEntry]) -> Fate = { _, _ in .synced }
    ) throws(JournalError) {
        var contents = Contents()
        for entries in commits { try contents.write(entries, synced: true) }
        self.contents = Mutex(contents)
        self.fate = fate
    }

    /// What the next start finds after a power cut: the synced commits.
    public func afterPowerCut() throws(JournalError) -> MemoryJournalStore {
        try MemoryJournalStore(replaying: contents.withLock { $0.commits.filter(\.synced).map(\.entries) })
    }

    public var room: JournalRoom { contents.withLock { $0.room } }

    /// The medium fills up, or has room again.
    public func leave(_ room: JournalRoom) { contents.withLock { $0.room = room } }

    /// Everything committed, in order.
    public var commits: [[JournalEntry]] { contents.withLock { $0.commits.map(\.entries) } }

    public func commit(_ entries: [JournalEntry]) throws(JournalError) {
        try contents.withLock { (contents) throws(JournalError) in
            switch fate(contents.commits.count, entries) {
            case .synced: try contents.write(entries, synced: true)
            case .unsynced: try contents.write(entries, synced: false)
            case .failed: throw JournalError(.commitFailed, "The medium refused the commit.")
            case .failedAfterWriting:
                try contents.write(entries, synced: true)
                throw JournalError(.commitFailed, "The medium did not confirm the commit.")
            }
        }
    }

    public func startingPoint() -> JournalStart {
        contents.withLock { contents in
            var start = contents.start
            start.unfinished = contents.order.compactMap { contents.transactions[$0] }.filter(\.isUnfinished)
            start.frozen = contents.batches.values.first { !$0.isReconciled }
            let first = contents.order.first { contents.transactions[$0]?.acceptance.batchNumber == start.batchNumber }
            start.batchBegan = first.flatMap { contents.transactions[$0]?.acceptance.at }
            return start
        }
    }

    public func transaction(_ id: TransactionID) -> JournaledTransaction? { contents.withLock { $0.transactions[id] } }

    public func lastTransaction(of peer: PeerIdentity?) -> JournaledTransaction? { last { peer == nil || $0.acceptance.peer == peer } }

    public func transaction(requestID: String, since: WallTime) -> JournaledTransaction? {
        last { $0.acceptance.request.requestID == requestID && $0.acceptance.at >= since }
    }

    public func transaction(uniqueTransactionID: String) -> JournaledTransaction? {
        last { $0.acceptance.request.uniqueTransactionID == uniqueTransactionID }
    }

    public func transaction(reference: String, batchNumber: Int?) -> JournaledTransaction? {
        last { $0.acceptance.request.reference == reference && (batchNumber ?? $0.acceptance.batchNumber) == $0.acceptance.batchNumber }
    }

    public func page(_ query: TransactionQuery) throws(JournalError) -> JournalPage {
        let place = try query.place()
        return contents.withLock { contents in
            // Numbers begin at 1, as in the database.
            var found = contents.order.indices.reversed().compactMap { index -> (place: PageCursor, transaction: JournaledTransaction)? in
                guard let transaction = contents.transactions[contents.order[index]], query.matches(transaction) else { return nil }
                return (PageCursor(date: query.ordersByDate ? transaction.date : nil, number: Int64(index + 1)), transaction)
            }
            if query.ordersByDate { found.sort { $0.place.isNewer(than: $1.place) } }
            if let place { found.removeAll { !place.isNewer(than: $0.place) } }
            let page = found.prefix(query.pageSize)
            return JournalPage(
                transactions: page.map(\.transaction), cursor: found.count > page.count ? page.last?.place.text : nil)
        }
    }

    public func approved(authCode: String) -> [JournaledTransaction] {
        contents.withLock { contents in
            contents.order.compactMap { contents.transactions[$0] }.filter { $0.isApproved && $0.answer?.authCode == authCode }
        }
    }

    public func approved(batchNumber: Int) -> [JournaledTransaction] {
        contents.withLock { contents in
            contents.order.compactMap { contents.transactions[$0] }.filter { $0.isApproved && $0.acceptance.batchNumber == batchNumber }
        }
    }

    public func batch(_ number: Int) -> JournaledBatch? { contents.withLock { $0.batches[number] } }

    public func card(of id: FollowUpID) -> SealedCard? { contents.withLock { $0.cards[id] } }

    public func hasApproved(_ type: TransactionType, reference: String, batchNumber: Int) -> Bool {
        last {
            $0.acceptance.request.type == type && $0.acceptance.request.reference == reference && $0.acceptance.batchNumber == batchNumber
                && $0.answer?.approval == .approved && ($0.type == .void || $0.state != .voided)
        } != nil
    }

    /// It lives for one schedule of faults, and forgets nothing.
    public func prune(acceptedBefore time: WallTime, keeping batches: [Int]) {}
    public func tidy() {}
    public func close() {}

    private func last(where matches: (JournaledTransaction) -> Bool) -> JournaledTransaction? {
        contents.withLock { contents in
            for id in contents.order.reversed() {
                if let transaction = contents.transactions[id], matches(transaction) { return transaction }
            }
            return nil
        }
    }
}

extension TransactionQuery {
    fileprivate func matches(_ transaction: JournaledTransaction) -> Bool {
        (batchNumber ?? transaction.acceptance.batchNumber) == transaction.acceptance.batchNumber
            && (type ?? transaction.acceptance.request.type) == transaction.acceptance.request.type
            && (state == nil || state == transaction.state)
            && (from ?? transaction.date) <= transaction.date && transaction.date <= (to ?? transaction.date)
    }
}

extension JournaledTransaction {
    fileprivate var date: String { acceptance.draft.transactionDate ?? "" }
}

extension PageCursor {
    fileprivate func isNewer(than other: PageCursor) -> Bool { (date ?? "", number) > (other.date ?? "", other.number) }
}

extension MemoryJournalStore.Contents {
    fileprivate mutating func write(_ entries: [JournalEntry], synced: Bool) throws(JournalError) {
        for entry in entries {
            switch entry {
            case .batchOpened(let number): start.batchNumber = number
            case .batch(let number, .frozen(let freeze)):
                batches[number] = try JournaledBatch(number: number, events: [.frozen(freeze)])
            case .batch(let number, let event):
                guard var batch = batches[number] else { throw JournalError(.commitFailed, "Batch \(number) was never frozen.") }
                try batch.apply(event)
                batches[number] = batch
            case .stanReserved(let through): start.stanReservedThrough = through
            case .card(let id, let card): cards[id] = card
            case .transaction(let id, .accepted(let acceptance)):
                guard transactions[id] == nil else { throw JournalError(.commitFailed, "Transaction \(id) was accepted before.") }
                transactions[id] = JournaledTransaction(id: id, acceptance: acceptance)
                order.append(id)
            case .transaction(let id, let event):
                guard let place = transactions.index(forKey: id) else {
                    throw JournalError(.commitFailed, "Transaction \(id) was never accepted.")
                }
                try transactions.values[place].apply(event)
                if case .followUp(let index, _) = event, transactions.values[place].followUps[index].isOver {
                    cards[FollowUpID(id, index)] = nil
                }
            }
        }
        commits.append((entries, synced))
    }
}
