import Listening
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ListenersTests {
    @Test("Every listener hears what it began with, then every event, then the end")
    func order() async {
        var listeners = Listeners<Int>()
        let first = listeners.add(first: [0])
        listeners.tell(1)
        let second = listeners.add()
        listeners.tell(2)
        listeners.finish()
        let late = listeners.add(first: [9])
        #expect(await Array(first) == [0, 1, 2])
        #expect(await Array(second) == [2])
        #expect(await Array(late) == [9])
    }

    @Test("A stream that nobody reads any more is forgotten at the next event")
    func forgotten() async {
        let listeners = Mutex(Listeners<Int>())
        let stream = listeners.withLock { $0.add() }
        let reader = Task { for await _ in stream {} }
        reader.cancel()
        await reader.value
        listeners.withLock { $0.tell(1) }
        #expect(listeners.withLock { $0.count } == 0)
    }

    @Test("Telling under a lock while listeners are cancelled never locks up")
    func noDeadlock() async {
        let listeners = Mutex(Listeners<Int>())
        for round in 0..<2000 {
            let stream = listeners.withLock { $0.add() }
            let reader = Task { for await _ in stream {} }
            async let told: Void = listeners.withLock { $0.tell(round) }
            reader.cancel()
            await told
            await reader.value
        }
        listeners.withLock { $0.tell(-1) }
        #expect(listeners.withLock { $0.count } == 0)
    }
}

extension Array {
    fileprivate init(_ stream: AsyncStream<Element>) async where Element: Sendable {
        self = []
        for await element in stream { append(element) }
    }
}
