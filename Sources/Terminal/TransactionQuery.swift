/// Which transactions `GetTransactions` asks for; `nil` fields do not restrict.
public struct TransactionQuery: Sendable, Hashable {
    public var batchNumber: Int?
    /// Local dates, YYYYMMDD, both inclusive.
    public var from: String?
    public var to: String?
    public var type: TransactionType?
    public var state: TransactionState?
    /// 1 to 200.
    public var limit = 50
    /// From the page before; opaque to the POS.
    public var cursor: String?

    public init() {}
}

/// Newest first: by acceptance, with `from` or `to` by local date and then by acceptance.
public struct TransactionPage: Sendable {
    public var transactions: [RecordedTransaction]
    /// `nil` on the last page.
    public var cursor: String?

    public init(transactions: [RecordedTransaction], cursor: String?) {
        self.transactions = transactions
        self.cursor = cursor
    }
}

/// How `GetTransaction` and `PrintLastReceipt` name one transaction.
public enum TransactionName: Sendable, Hashable {
    case requestID(String)
    case transactionID(TransactionID)
    case uniqueTransactionID(String)
    /// The newest of the open batch with it, else of all kept batches.
    case reference(String)
}
