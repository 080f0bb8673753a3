import Listening
import Synchronization

/// Says everything to everybody who listens, each through a stream of their own.
final class Broadcast<Element: Sendable>: Sendable {
    private struct State {
        var listeners = Listeners<Element>()
        var isHeard = false
        /// What was said before anybody listened; the first listener gets it.
        var early: [Element] = []
    }

    private let state = Mutex(State())
    private let mostEarly: Int

    /// - Parameter mostEarly: how much is kept for the first listener.
    init(keeping mostEarly: Int) { self.mostEarly = mostEarly }

    func say(_ element: Element) {
        state.withLock { state in
            if !state.isHeard, state.early.count < mostEarly { state.early.append(element) }
            state.listeners.tell(element)
        }
    }

    /// - Parameter first: what the stream begins with.
    func listen(first: Element? = nil) -> AsyncStream<Element> {
        state.withLock { state in
            state.isHeard = true
            defer { state.early = [] }
            return state.listeners.add(first: (first.map { [$0] } ?? []) + state.early)
        }
    }

    /// Ends all streams.
    func finish() { state.withLock { $0.listeners.finish() } }
}
