import Dispatch
import Testing

@testable import Terminal

@Suite("Limits of the running transaction", .timeLimit(.minutes(1)))
struct TimerQueueTests {
    private let queue = TimerQueue()
    private let fired = Awaitable<Int>()

    private func schedule(_ number: Int, after duration: Duration) -> ScheduledAction {
        queue.schedule(at: .now + duration) { [fired] in fired.append(number) }
    }

    @Test("each passes once, in the order of their times and not of their setting, and never early")
    func order() async {
        let start = ContinuousClock.now
        for (number, delay) in [(3, 30), (1, 10), (4, 40), (2, 20)] { _ = schedule(number, after: .milliseconds(delay)) }
        let times = Awaitable<Duration>()
        _ = queue.schedule(at: start + .milliseconds(50)) { times.append(start.duration(to: .now)) }
        let last = await times.wait { !$0.isEmpty }
        #expect(fired.all == [1, 2, 3, 4])
        #expect(last[0] >= .milliseconds(50))
    }

    @Test("what was taken back does not happen, and what is later than it still does")
    func cancelled() async {
        // Keeps the queue busy until the first is taken back, however long that takes.
        let gate = DispatchSemaphore(value: 0)
        _ = queue.schedule(at: .now) { [fired] in
            fired.append(0)
            gate.wait()
        }
        await fired.wait { $0 == [0] }
        let first = schedule(1, after: .zero)
        _ = schedule(2, after: .milliseconds(1))
        first.cancel()
        gate.signal()
        await fired.wait { $0.contains(2) }
        #expect(fired.all == [0, 2])
    }

    @Test("what was earliest and is taken back holds up nothing that is set afterwards")
    func earlierGone() async {
        for round in 0..<200 {
            schedule(-1, after: .milliseconds(1)).cancel()
            _ = schedule(round, after: .microseconds(round % 3 * 700))
            let all = await fired.wait { $0.contains(round) }
            #expect(all.contains(round))
        }
    }

    @Test("a time that has passed is now; taking back twice, or too late, does nothing")
    func passed() async {
        let late = schedule(1, after: .seconds(-5))
        await fired.wait { $0 == [1] }
        late.cancel()
        late.cancel()
        #expect(fired.all == [1])
    }

    @Test("set and taken back from many threads, none is lost and none comes twice")
    func threads() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    let scheduled = schedule(number, after: .microseconds(number % 7 * 300))
                    if number.isMultiple(of: 2) { scheduled.cancel() }
                }
            }
        }
        let odd = await fired.wait { $0.count { !$0.isMultiple(of: 2) } == 500 }
        #expect(Set(odd.filter { !$0.isMultiple(of: 2) }).count == 500)
    }
}
