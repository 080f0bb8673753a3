/// When the journal forgets. What may be forgotten changes with the days, so that looking behind every transaction would only cost its time.
struct JournalRetention: Sendable {
    /// A look takes in more transactions than this, so that what is due never grows.
    static let transactionsPerLook = 100
    private static let hour: Int64 = 3_600_000

    private var lastLook: WallTime?
    private var ended = 0

    /// A transaction has ended.
    /// - Parameter time: what was accepted before it is no longer asked for.
    /// - Returns: whether it is time to look: at the first end, then once an hour of the wall, were it put back, and after so many transactions.
    mutating func transactionEnded(forgetting time: WallTime) -> Bool {
        ended += 1
        if let lastLook, ended < Self.transactionsPerLook, abs(time.milliseconds - lastLook.milliseconds) < Self.hour { return false }
        lastLook = time
        ended = 0
        return true
    }
}
