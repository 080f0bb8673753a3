import Listening
import NIOConcurrencyHelpers

/// The link's state for anybody who asks or watches.
final class HostLinkStates: Sendable {
    private struct Watched {
        var current = HostLinkState.down
        var statistics = HostLinkStatistics()
        var listeners = Listeners<HostLinkState>()
    }

    private let watched = NIOLockedValueBox(Watched())

    var current: HostLinkState { watched.withLockedValue { $0.current } }

    var statistics: HostLinkStatistics {
        get { watched.withLockedValue { $0.statistics } }
        set { watched.withLockedValue { $0.statistics = newValue } }
    }

    func set(_ state: HostLinkState) {
        watched.withLockedValue {
            $0.current = state
            $0.listeners.tell(state)
        }
    }

    /// The state now and every change; a slow reader gets the newest.
    func stream() -> AsyncStream<HostLinkState> {
        watched.withLockedValue { $0.listeners.add(first: [$0.current], buffering: .bufferingNewest(16)) }
    }
}
