/// Where the journal's entries are kept. The journal is the truth: what must survive is committed before its effect leaves the terminal.
/// All calls block their thread; one writer at a time.
public protocol JournalStore: Sendable {
    /// All entries in one transaction, on the medium when this returns. After an error it is unknown whether they are: the process must end.
    func commit(_ entries: [JournalEntry]) throws(JournalError)

    /// What a start needs to know; costs the same however long the journal is.
    func startingPoint() throws(JournalError) -> JournalStart

    func transaction(_ id: TransactionID) throws(JournalError) -> JournaledTransaction?

    /// The peer's last accepted one; the terminal's when `peer` is `nil`.
    func lastTransaction(of peer: PeerIdentity?) throws(JournalError) -> JournaledTransaction?

    /// The last one accepted under this `requestId` at `since` or later.
    func transaction(requestID: String, since: WallTime) throws(JournalError) -> JournaledTransaction?

    /// The newest with it.
    func transaction(uniqueTransactionID: String) throws(JournalError) -> JournaledTransaction?

    /// The newest with it of the batch; of all batches when `batchNumber` is `nil`.
    func transaction(reference: String, batchNumber: Int?) throws(JournalError) -> JournaledTransaction?

    /// One page; `journal.badCursor` when the cursor is none that this gave.
    func page(_ query: TransactionQuery) throws(JournalError) -> JournalPage

    /// Every approved one with this authorization code, oldest first.
    func approved(authCode: String) throws(JournalError) -> [JournaledTransaction]

    /// Every approved one accepted in the batch, oldest first.
    func approved(batchNumber: Int) throws(JournalError) -> [JournaledTransaction]

    /// A frozen batch.
    func batch(_ number: Int) throws(JournalError) -> JournaledBatch?

    /// The card of a follow-up that is not over.
    func card(of id: FollowUpID) throws(JournalError) -> SealedCard?

    /// Whether an approved, unreversed transaction of this type in the batch carries the reference.
    func hasApproved(_ type: TransactionType, reference: String, batchNumber: Int) throws(JournalError) -> Bool

    /// Forgets some of what was accepted before `time` in other batches than `batches`, is finished, followed by nothing that is kept, and no peer's
    /// last. Housekeeping: called when nobody waits, again and again; a call looks at twice `JournalRetention.transactionsPerLook` of the oldest at most.
    func prune(acceptedBefore time: WallTime, keeping batches: [Int])

    /// How much room there is for a transaction and all that may follow it: without it none is begun. Asked for each; costs no I/O.
    var room: JournalRoom { get }

    /// Whether `tidy` has anything to do.
    var isUntidy: Bool { get }

    /// Housekeeping that may cost syncs, called when nobody waits.
    func tidy()

    func close()
}

extension JournalStore {
    public var room: JournalRoom { .enough }
    public var isUntidy: Bool { false }
}

/// A page of `TransactionQuery`.
public struct JournalPage: Sendable, Hashable {
    public var transactions: [JournaledTransaction]
    /// `nil` on the last page.
    public var cursor: String?

    public init(transactions: [JournaledTransaction], cursor: String?) {
        self.transactions = transactions
        self.cursor = cursor
    }
}

public struct JournalStart: Sendable, Hashable {
    /// 1 in a new journal.
    public var batchNumber: Int
    /// 0 in a new journal.
    public var stanReservedThrough: Int
    /// When the open batch's first transaction was accepted; `nil` while it has none.
    public var batchBegan: WallTime?
    /// Not decided, or with a follow-up that is not over, in order of acceptance.
    public var unfinished: [JournaledTransaction]

    /// Frozen last, and not reconciled.
    public var frozen: JournaledBatch?

    public init(
        batchNumber: Int = 1, stanReservedThrough: Int = 0, batchBegan: WallTime? = nil, unfinished: [JournaledTransaction] = [],
        frozen: JournaledBatch? = nil
    ) {
        self.frozen = frozen
        self.batchBegan = batchBegan
        self.batchNumber = batchNumber
        self.stanReservedThrough = stanReservedThrough
        self.unfinished = unfinished
    }
}
