import NIOCore
import NIOPosix
import Synchronization

@testable import TerminalAPI

/// Time that moves only when a test says so.
final class ManualClock: ServerClock {
    private struct Wake {
        var number: Int
        var at: Duration
        var loop: any EventLoop
        var call: @Sendable () -> Void
    }

    private struct State {
        var now: Duration = .seconds(5000)
        var wakes: [Wake] = []
        var lastNumber = 0
    }

    private let state = Mutex(State())

    var now: Duration { state.withLock { $0.now } }
    var unixTime: Int64 { 1_767_225_600 + now.components.seconds - 5000 }

    func wake(_ loop: any EventLoop, after delay: Duration, _ call: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let number = state.withLock { state in
            state.lastNumber += 1
            state.wakes.append(Wake(number: state.lastNumber, at: state.now + delay, loop: loop, call: call))
            return state.lastNumber
        }
        return { self.state.withLock { $0.wakes.removeAll { $0.number == number } } }
    }

    /// Moves time on, stopping at every moment somebody asked to be woken.
    func advance(by duration: Duration) async throws {
        let end = now + duration
        while let wake = state.withLock({ state -> Wake? in
            guard let next = state.wakes.min(by: { ($0.at, $0.number) < ($1.at, $1.number) }), next.at <= end else { return nil }
            state.wakes.removeAll { $0.number == next.number }
            state.now = max(state.now, next.at)
            return next
        }) {
            try await wake.loop.submit(wake.call).get()
        }
        state.withLock { $0.now = end }
    }
}
