import Listening
import Synchronization

/// A value that changes, and everybody who follows it: each stream begins with the value now.
final class Followed<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var isFinished = false
        var followers = Listeners<Value>()
    }

    private let state: Mutex<State>

    init(_ value: Value) { state = Mutex(State(value: value)) }

    var value: Value { state.withLock { $0.value } }

    func stream() -> AsyncStream<Value> { state.withLock { $0.followers.add(first: [$0.value]) } }

    func set(_ value: Value) {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.value = value
            state.followers.tell(value)
        }
    }

    /// Ends the streams; `last` is told before.
    func finish(_ last: Value? = nil) {
        if let last { set(last) }
        state.withLock { state in
            state.isFinished = true
            state.followers.finish()
        }
    }
}
