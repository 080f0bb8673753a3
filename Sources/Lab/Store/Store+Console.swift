import JSON
import Terminal

/// What the console page is told: once what there is, then whatever changes.
extension Store {
    /// How often the console looks whether something changed. Nothing is sent when nothing did.
    private static let lookingPause = Duration.milliseconds(50)
    /// Ledger rows told to the console; the whole ledger is at `/lab/host/ledger`.
    private static let ledgerRows = 60

    func console() throws -> JSONValue {
        [
            "pos": .string(posAddress), "posTLS": .string(posTLSAddress), "cards": .array(try CardProfiles.load().map(\.listing)),
            "modes": .array(HostMode.allCases.map { .string($0.rawValue) }),
            "points": .array(TransactionPoint.allCases.map { .string($0.rawValue) }),
            "amounts": .array(HostAmountRule.table.map { ["cents": .integer(Int64($0.cents)), "text": .string($0.text)] }),
        ]
    }

    /// Server-sent events: `state` and `ledger`, each now and whenever it has changed.
    nonisolated func events() -> AsyncStream<[UInt8]> {
        AsyncStream { continuation in
            let task = Task { [weak self] in
                var told = Told()
                while !Task.isCancelled, let (news, now) = await self?.news(since: told) {
                    told = now
                    for event in news { continuation.yield(event) }
                    try? await Task.sleep(for: Self.lookingPause)
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private struct Told {
        var state: JSONValue?
        var messages: Int?
    }

    private func news(since told: Told) -> ([[UInt8]], Told) {
        var told = told
        var news: [[UInt8]] = []
        let state = state
        if state != told.state {
            told.state = state
            news.append(event("state", state))
        }
        if let ledger = host?.ledger, ledger.messages.count != told.messages {
            told.messages = ledger.messages.count
            news.append(event("ledger", ledger.excerpt(rows: Self.ledgerRows)))
        }
        return (news, told)
    }

    private func event(_ name: String, _ data: JSONValue) -> [UInt8] {
        Array("event: \(name)\ndata: \(data.text)\n\n".utf8)
    }
}

extension HostLedger {
    /// The newest rows, and the sums of all.
    func excerpt(rows: Int) -> JSONValue {
        var net = JSONObject()
        for (batch, value) in netByBatch.sorted(by: { $0.key < $1.key }) { net.append(batch, .integer(value)) }
        return [
            "count": .integer(Int64(messages.count)), "messages": .array(messages.suffix(rows).map { .object($0.json) }),
            "transactions": .array(transactions.suffix(rows).map(\.json)), "net": .object(net),
        ]
    }
}
