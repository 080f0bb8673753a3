import Devices

/// Two displays that show the same: whichever the cardholder uses, answers.
struct DisplayPair: CardholderDisplay {
    private let first: any CardholderDisplay
    private let second: any CardholderDisplay

    init(_ first: any CardholderDisplay, _ second: any CardholderDisplay) {
        self.first = first
        self.second = second
    }

    func show(_ message: DisplayMessage) async {
        await first.show(message)
        await second.show(message)
    }

    var abilities: DisplayAbilities { first.abilities.union(second.abilities) }

    func answers() -> AsyncStream<CardholderAnswer>? {
        let sources = [first.answers(), second.answers()].compactMap { $0 }
        guard sources.count > 1 else { return sources.first }
        return AsyncStream { continuation in
            let task = Task {
                await withTaskGroup(of: Void.self) { group in
                    for source in sources { group.addTask { for await answer in source { continuation.yield(answer) } } }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
