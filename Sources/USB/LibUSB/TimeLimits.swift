/// Who waits until when, in nanoseconds of whatever clock the caller reads.
///
/// The alarm is never later than the earliest limit, but it is not put back when that one is met: almost all limits are, and an alarm that
/// stays where it is costs nothing.
struct TimeLimits<Waiting> {
    /// When `due` is to be asked next; `Int64.max` for never.
    private(set) var alarm = Int64.max
    private var waiting: [UInt64: (deadline: Int64, who: Waiting)] = [:]

    /// - Returns: whether the alarm is earlier now than before.
    mutating func add(_ who: Waiting, number: UInt64, deadline: Int64) -> Bool {
        waiting[number] = (deadline, who)
        guard deadline < alarm else { return false }
        alarm = deadline
        return true
    }

    mutating func remove(_ number: UInt64) { waiting[number] = nil }

    /// Those whose time is up; the alarm is then at the next one's.
    mutating func due(at now: Int64) -> [Waiting] {
        guard now >= alarm else { return [] }
        let numbers = waiting.filter { $0.value.deadline <= now }.map(\.key).sorted()
        let due = numbers.compactMap { waiting.removeValue(forKey: $0)?.who }
        alarm = waiting.values.map(\.deadline).min() ?? .max
        return due
    }
}
