import Testing

@testable import Terminal

@Suite("When the journal forgets")
struct JournalRetentionTests {
    private static let hour: Int64 = 3_600_000

    @Test("At the first end of a transaction, then once an hour of the wall, forwards or back")
    func hourly() {
        var retention = JournalRetention()
        let looks = [0, 1, Self.hour - 1, Self.hour, Self.hour + 1, 2 * Self.hour - 1, 2 * Self.hour, Self.hour + 1, Self.hour, 0].map {
            retention.transactionEnded(forgetting: WallTime(milliseconds: $0))
        }
        #expect(looks == [true, false, false, true, false, false, true, false, true, true])
    }

    @Test("A busy hour is looked at after every hundred transactions, and a look takes in more than those")
    func busy() throws {
        var retention = JournalRetention()
        let looks = (0...300).filter { retention.transactionEnded(forgetting: WallTime(milliseconds: Int64($0))) }
        #expect(looks == [0, 100, 200, 300])
        let directory = try TemporaryDirectory()
        let store = try SQLiteJournalStore(path: directory.journal)
        for number in 0...JournalRetention.transactionsPerLook * 2 {
            try store.commit([JournalSamples.accepted("\(number)"), JournalSamples.decided("\(number)", JournalSamples.approved)])
        }
        store.prune(acceptedBefore: WallTime(milliseconds: JournalSamples.time.milliseconds + 1), keeping: [999])
        let left = try (0...JournalRetention.transactionsPerLook * 2).filter { try store.transaction(TransactionID("\($0)")) != nil }
        #expect(left == [JournalRetention.transactionsPerLook * 2])
    }
}
