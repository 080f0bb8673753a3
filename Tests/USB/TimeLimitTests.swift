import Seeds
import Testing

@testable import USB

@Suite("Time limits of transfers")
struct TimeLimitTests {
    @Test("nobody's time is up early, everybody's is in the end, and the alarm is never late", arguments: 0..<50 as Range<UInt64>)
    func limits(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var limits = TimeLimits<UInt64>()
        var deadlines: [UInt64: Int64] = [:]
        var now: Int64 = 0
        for number in 0..<200 as Range<UInt64> {
            let deadline = now + Int64.random(in: 0..<1000, using: &random)
            let before = limits.alarm
            let isEarlier = limits.add(number, number: number, deadline: deadline)
            #expect(isEarlier == (deadline < before))
            deadlines[number] = deadline
            if Bool.random(using: &random), let met = deadlines.keys.sorted().randomElement(using: &random) {
                limits.remove(met)
                deadlines[met] = nil
            }
            now += Int64.random(in: 0..<50, using: &random)
            let due = limits.due(at: now)
            #expect(Set(due) == Set(deadlines.filter { $0.value <= now }.keys))
            for number in due { deadlines[number] = nil }
            #expect(limits.alarm <= deadlines.values.min() ?? .max)
        }
        let rest = Set(limits.due(at: now + 1000))
        #expect(rest == Set(deadlines.keys))
        #expect(limits.alarm == .max)
    }

    @Test("limits that are met do not move the alarm: a later one is behind it already")
    func alarmStays() {
        var limits = TimeLimits<String>()
        var isEarlier = limits.add("first", number: 1, deadline: 5000)
        #expect(isEarlier)
        limits.remove(1)
        for number in 2..<100 as Range<UInt64> {
            isEarlier = limits.add("next", number: number, deadline: 5000 + Int64(number))
            #expect(!isEarlier)
            limits.remove(number)
        }
        #expect(limits.alarm == 5000)
        let due = limits.due(at: 5000)
        #expect(due.isEmpty)
        #expect(limits.alarm == .max)
    }

    @Test(
        "a limit is rounded up to nanoseconds, is never negative, and no longer than a century",
        arguments: [
            (.zero, 0), (.seconds(-5), 0), (.nanoseconds(1), 1), (Duration(secondsComponent: 0, attosecondsComponent: 1), 1),
            (.milliseconds(2500), 2_500_000_000), (.seconds(Int64.max), 3_155_760_000_000_000_000),
        ] as [(Duration, Int64)])
    func nanoseconds(_ limit: Duration, _ expected: Int64) {
        #expect(LibUSBEventLoop.nanoseconds(limit) == expected)
    }
}
