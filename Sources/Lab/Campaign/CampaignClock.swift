import Terminal

/// The terminal's clock in virtual time. The wall may jump.
///
/// `@unchecked Sendable`: used on the campaign's one thread only (`CampaignScheduler`).
final class CampaignClock: TerminalClock, @unchecked Sendable {
    private let scheduler: CampaignScheduler
    private let origin = ContinuousClock.now
    /// What the wall clock is wrong by.
    var jump = Duration.zero
    private var sleepers: [Int: CheckedContinuation<Void, any Error>] = [:]
    private var cancelled: Set<Int> = []
    private var count = 0
    private var isStopped = false

    init(_ scheduler: CampaignScheduler) { self.scheduler = scheduler }

    var now: ContinuousClock.Instant { origin + scheduler.now }

    func delay(until instant: ContinuousClock.Instant) -> Duration { now.duration(to: instant) }

    /// So many minutes after the beginning, as `SETTLETIME` is written.
    static func timeOfDay(_ minutes: Int) -> String { String(1200 + minutes) }

    /// From 2026-07-28 12:00 UTC on.
    var wallTime: WallTime {
        let elapsed = (scheduler.now + jump).components
        return WallTime(milliseconds: 1_785_240_000_000 + elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000)
    }

    func localOffset(at time: WallTime) -> Int { 0 }

    func sleep(until deadline: ContinuousClock.Instant) async throws {
        count += 1
        let id = count
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if isStopped || cancelled.remove(id) != nil { return continuation.resume(throwing: CancellationError()) }
                sleepers[id] = continuation
                scheduler.after(delay(until: deadline)) { [self] in sleepers.removeValue(forKey: id)?.resume() }
            }
        } onCancel: {
            if let sleeper = sleepers.removeValue(forKey: id) {
                sleeper.resume(throwing: CancellationError())
            } else {
                cancelled.insert(id)
            }
        }
    }

    /// As `SystemClock`: no task for a limit that mostly is taken back.
    func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> ScheduledAction {
        let timer = Timer(action)
        scheduler.after(delay(until: deadline)) { [weak self] in if self?.isStopped == false { timer.fire() } }
        return ScheduledAction { timer.action = nil }
    }

    /// `@unchecked Sendable`: used on the campaign's one thread only (`CampaignScheduler`).
    private final class Timer: @unchecked Sendable {
        var action: (@Sendable () -> Void)?
        init(_ action: @escaping @Sendable () -> Void) { self.action = action }

        func fire() {
            action?()
            action = nil
        }
    }

    /// The process is gone: nobody sleeps any more.
    func stop() {
        isStopped = true
        for (_, sleeper) in sleepers.sorted(by: { $0.key < $1.key }) { sleeper.resume(throwing: CancellationError()) }
        sleepers = [:]
    }
}
