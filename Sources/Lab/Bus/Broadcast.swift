import Synchronization

/// Says everything to everybody who listens, each through a stream of their own.
final class Broadcast<Element: Sendable>: Sendable {
    private struct State {
        var listeners: [UInt64: AsyncStream<Element>.Continuation] = [:]
        var next: UInt64 = 0
        /// What was said before anybody listened; the first listener gets it.
        var early: [Element] = []
        var isFinished = false
    }

    private let state = Mutex(State())
    private let mostEarly: Int

    /// - Parameter mostEarly: how much is kept for the first listener.
    init(keeping mostEarly: Int) { self.mostEarly = mostEarly }

    func say(_ element: Element) {
        state.withLock { state in
            if state.next == 0, state.early.count < mostEarly { state.early.append(element) }
            for listener in state.listeners.values { listener.yield(element) }
        }
    }

    /// - Parameter first: what the stream begins with.
    func listen(first: Element? = nil) -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream<Element>.makeStream()
        let number: UInt64? = state.withLock { state in
            state.next += 1
            if let first { continuation.yield(first) }
            for element in state.early { continuation.yield(element) }
            state.early = []
            if state.isFinished { return nil }
            state.listeners[state.next] = continuation
            return state.next
        }
        if let number {
            continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) } }
        } else {
            continuation.finish()
        }
        return stream
    }

    /// Ends all streams.
    func finish() {
        let listeners = state.withLock { state in
            state.isFinished = true
            defer { state.listeners = [:] }
            return state.listeners
        }
        for listener in listeners.values { listener.finish() }
    }
}
