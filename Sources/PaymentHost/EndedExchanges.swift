/// The latest exchanges that have ended, so that what comes for them can be told from what nobody asked for.
struct EndedExchanges: Sendable {
    enum End: Sendable { case answered, unanswered }

    private var ends: [ExchangeKey: End] = [:]
    private var order: [ExchangeKey] = []
    private static let limit = 64

    func end(of key: ExchangeKey) -> End? { ends[key] }

    mutating func insert(_ key: ExchangeKey, _ end: End) {
        guard ends.updateValue(end, forKey: key) == nil else { return }
        order.append(key)
        // Half at a time, so that not every exchange moves them all.
        guard order.count > Self.limit else { return }
        for old in order.prefix(Self.limit / 2) { ends[old] = nil }
        order.removeFirst(Self.limit / 2)
    }
}
