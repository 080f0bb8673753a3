import Dispatch
import Synchronization

/// Limits that mostly do not pass: a transaction sets several and takes them back milliseconds later. Setting and taking back is a change in
/// a table; the system's timer is set only when nothing earlier is waited for, so it mostly is not touched at all.
final class TimerQueue: Sendable {
    private struct State {
        var entries: [UInt64: (deadline: ContinuousClock.Instant, action: @Sendable () -> Void)] = [:]
        var lastID: UInt64 = 0
        /// When the system's timer fires; it may find nothing due.
        var armed: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "limits")

    /// Calls `action` once at `deadline`, on a queue of the timers', unless it is cancelled before.
    func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> ScheduledAction {
        let (id, isEarliest) = state.withLock { state in
            state.lastID += 1
            state.entries[state.lastID] = (deadline, action)
            let isEarliest = state.armed.map { deadline < $0 } ?? true
            if isEarliest { state.armed = deadline }
            return (state.lastID, isEarliest)
        }
        if isEarliest { arm(deadline) }
        return ScheduledAction { [self] in _ = state.withLock { $0.entries.removeValue(forKey: id) } }
    }

    private func arm(_ deadline: ContinuousClock.Instant) {
        let (seconds, attoseconds) = max(.zero, ContinuousClock.now.duration(to: deadline)).components
        // Never early: rounded up.
        let nanoseconds = Int(clamping: attoseconds / 1_000_000_000 + 1)
        let days = 30
        queue.asyncAfter(deadline: .now() + .seconds(Int(clamping: min(seconds, Int64(days * 86_400)))) + .nanoseconds(nanoseconds)) {
            [weak self] in
            self?.fired(deadline)
        }
    }

    private func fired(_ deadline: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        let (due, next) = state.withLock { state -> ([@Sendable () -> Void], ContinuousClock.Instant?) in
            // Set before something earlier came, and that one has seen to the rest.
            guard state.armed == deadline else { return ([], nil) }
            let due = state.entries.filter { $0.value.deadline <= now }.sorted { $0.value.deadline < $1.value.deadline }
            for entry in due { state.entries[entry.key] = nil }
            state.armed = state.entries.values.map(\.deadline).min()
            return (due.map(\.value.action), state.armed)
        }
        for action in due { action() }
        if let next { arm(next) }
    }
}

/// Something to be done later, until it is taken back.
public struct ScheduledAction: Sendable {
    private let onCancel: @Sendable () -> Void

    public init(onCancel: @escaping @Sendable () -> Void) { self.onCancel = onCancel }

    /// Takes it back; without effect when it was done or taken back.
    public func cancel() { onCancel() }
}
