import Synchronization

@testable import Terminal

/// Time that passes when the test says so.
final class VirtualClock: TerminalClock {
    private struct Sleeper {
        let id: Int
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var elapsed = Duration.zero
        var nextID = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
    }

    private let origin = ContinuousClock.now
    private let wallOrigin: WallTime
    private let state = Mutex(State())

    init(wall: WallTime = JournalSamples.time) { wallOrigin = wall }

    var now: ContinuousClock.Instant { origin + state.withLock { $0.elapsed } }

    var wallTime: WallTime {
        let elapsed = state.withLock { $0.elapsed }.components
        return WallTime(milliseconds: wallOrigin.milliseconds + elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000)
    }

    /// An hour east of UTC.
    func localOffset(at time: WallTime) -> Int { 3600 }

    func sleep(until deadline: ContinuousClock.Instant) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let resume = state.withLock { state -> Result<Void, any Error>? in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if deadline <= origin + state.elapsed { return .success(()) }
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    return nil
                }
                if let resume { continuation.resume(with: resume) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Returns when somebody sleeps until `duration` from now.
    func sleeper(after duration: Duration) async {
        let deadline = now + duration
        while !Task.isCancelled, !state.withLock({ $0.sleepers.contains { $0.deadline == deadline } }) { await Task.yield() }
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.elapsed += duration
            let now = origin + state.elapsed
            let due = state.sleepers.filter { $0.deadline <= now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }
}
