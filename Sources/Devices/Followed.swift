import Synchronization

/// A value that changes, and everybody who follows it: each stream begins with the value now.
final class Followed<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var isFinished = false
        var followers: [UInt64: AsyncStream<Value>.Continuation] = [:]
        var next: UInt64 = 0
    }

    private let state: Mutex<State>

    init(_ value: Value) { state = Mutex(State(value: value)) }

    var value: Value { state.withLock { $0.value } }

    var followerCount: Int { state.withLock { $0.followers.count } }

    func stream() -> AsyncStream<Value> {
        let (stream, continuation) = AsyncStream.makeStream(of: Value.self)
        let number: UInt64? = state.withLock { state in
            continuation.yield(state.value)
            guard !state.isFinished else { return nil }
            state.next += 1
            state.followers[state.next] = continuation
            return state.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.followers.removeValue(forKey: number) }
        }
        return stream
    }

    /// Told under the lock, so that all followers hear the changes in one order.
    func set(_ value: Value) {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.value = value
            for follower in state.followers.values { follower.yield(value) }
        }
    }

    /// Ends the streams; `last` is told before.
    func finish(_ last: Value? = nil) {
        if let last { set(last) }
        let followers = state.withLock { state in
            state.isFinished = true
            defer { state.followers = [:] }
            return state.followers.values
        }
        for follower in followers { follower.finish() }
    }
}
