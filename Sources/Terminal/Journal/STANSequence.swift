/// Systems trace audit numbers, 000001…999999, never used twice within a batch (host-protocol, "Link"). They are reserved in the journal in blocks:
/// a crash skips the rest of a block.
struct STANSequence: Sendable, Hashable {
    static let largest = 999_999
    private let block: Int
    private var last: Int
    private var reservedThrough: Int

    init(reservedThrough: Int, block: Int = 100) {
        self.block = block
        self.reservedThrough = reservedThrough
        last = reservedThrough
    }

    /// The next number, and the reservation to be committed no later than the number's first use.
    mutating func next() -> (stan: Int, reservation: JournalEntry?) {
        guard last == reservedThrough else {
            last += 1
            return (last, nil)
        }
        last = last >= Self.largest ? 1 : last + 1
        reservedThrough = min(last + block - 1, Self.largest)
        return (last, .stanReserved(through: reservedThrough))
    }
}
