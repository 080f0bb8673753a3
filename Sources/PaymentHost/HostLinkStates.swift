import NIOConcurrencyHelpers

/// The link's state for anybody who asks or watches.
final class HostLinkStates: Sendable {
    private struct Watched {
        var current = HostLinkState.down
        var watchers: [Int: AsyncStream<HostLinkState>.Continuation] = [:]
        var last = 0
    }

    private let watched = NIOLockedValueBox(Watched())

    var current: HostLinkState { watched.withLockedValue { $0.current } }

    func set(_ state: HostLinkState) {
        // Yielding under the lock keeps the order for every watcher; it never blocks.
        watched.withLockedValue {
            $0.current = state
            for watcher in $0.watchers.values { watcher.yield(state) }
        }
    }

    /// The state now and every change; a slow reader gets the newest.
    func stream() -> AsyncStream<HostLinkState> {
        let (stream, continuation) = AsyncStream.makeStream(of: HostLinkState.self, bufferingPolicy: .bufferingNewest(16))
        let id = watched.withLockedValue {
            $0.last += 1
            $0.watchers[$0.last] = continuation
            continuation.yield($0.current)
            return $0.last
        }
        continuation.onTermination = { [weak self] _ in self?.forget(id) }
        return stream
    }

    private func forget(_ id: Int) { _ = watched.withLockedValue { $0.watchers.removeValue(forKey: id) } }
}
