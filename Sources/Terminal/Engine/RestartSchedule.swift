/// When the terminal restarts (pos-protocol, section 1; a rule of PCI PTS POI: at least every 24 hours): at the configured local time when idle. In the
/// last five minutes before the limit no new transaction begins, so that the limit never falls into one. A value: time comes in.
public struct RestartSchedule: Sendable, Hashable {
    public enum Phase: Sendable, Hashable {
        case running
        /// As soon as nothing runs.
        case due
        /// As soon as nothing runs, and nothing new begins (20 `maintenance`).
        case maintenance
    }

    static let lifetime = Duration.seconds(24 * 3600)
    static let notice = Duration.seconds(5 * 60)

    /// The configured time of day.
    public let regular: ContinuousClock.Instant
    /// From here on nothing new begins.
    public let last: ContinuousClock.Instant

    /// - Parameters:
    ///   - now: `start`, unless the time is changed later.
    ///   - localSeconds: of the day, now.
    ///   - minute: of the day, local, when it is to restart; `nil` for when 24 hours are almost over.
    public init(start: ContinuousClock.Instant, now: ContinuousClock.Instant? = nil, localSeconds: Int, minute: Int?) {
        last = start + (Self.lifetime - Self.notice)
        let wait = minute.map { ($0 * 60 - localSeconds + 2 * 86_400) % 86_400 }
        // A start about that minute is the restart itself; who changes the time later may mean this very minute.
        let least = (now ?? start) == start ? 60 : 1
        regular = min(last, (now ?? start) + .seconds(wait.map { $0 < least ? $0 + 86_400 : $0 } ?? 86_400))
    }

    public func phase(at now: ContinuousClock.Instant) -> Phase { now >= last ? .maintenance : now >= regular ? .due : .running }

    /// When the phase changes next.
    public func change(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? { now < regular ? regular : now < last ? last : nil }
}
