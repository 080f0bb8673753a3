#if canImport(Glibc)
    import Glibc
#endif

/// Time as the terminal sees it, injected so that tests decide when it passes.
public protocol TerminalClock: Sendable {
    /// Steady time, for limits.
    var now: ContinuousClock.Instant { get }
    /// What the clock on the wall says, for records, messages and receipts. May jump.
    var wallTime: WallTime { get }
    /// Local time is UTC plus this many seconds at `time`.
    func localOffset(at time: WallTime) -> Int
    /// Returns at `deadline`, at once when it has passed; throws only when the task is cancelled.
    func sleep(until deadline: ContinuousClock.Instant) async throws
    /// Calls `action` at `deadline`, on any thread, unless it is cancelled before.
    func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> ScheduledAction
}

extension TerminalClock {
    public func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> ScheduledAction {
        let task = Task {
            do { try await sleep(until: deadline) } catch { return }
            action()
        }
        return ScheduledAction { task.cancel() }
    }
}

/// The machine's clocks and time zone.
public struct SystemClock: TerminalClock {
    private static let timers = TimerQueue()

    public init() {}

    public var now: ContinuousClock.Instant { ContinuousClock.now }

    public var wallTime: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public func localOffset(at time: WallTime) -> Int {
        var seconds = time_t(time.milliseconds / 1000)
        var local = tm()
        return localtime_r(&seconds, &local) == nil ? 0 : local.tm_gmtoff
    }

    public func sleep(until deadline: ContinuousClock.Instant) async throws {
        try await Task.sleep(until: deadline, clock: .continuous)
    }

    public func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> ScheduledAction {
        Self.timers.schedule(at: deadline, action)
    }
}
