import CLibTasks
import Synchronization

/// Virtual time and the one thread of a campaign: everything that runs, Swift's tasks included, runs from this queue, in an order that the
/// seed alone decides.
///
/// `@unchecked Sendable`: whoever touches it does so from the thread that calls `run`, because every job of the process is enqueued here while
/// `own` lasts and nothing else starts threads.
final class CampaignScheduler: @unchecked Sendable {
    private struct Timed {
        let at: Duration
        let number: Int
        let work: () -> Void
    }

    private(set) var now = Duration.zero
    private var jobs: [UnownedJob] = []
    private var firstJob = 0
    /// A heap: earliest first, then in the order given.
    private var timed: [Timed] = []
    private var count = 0

    func after(_ delay: Duration, _ work: @escaping () -> Void) {
        count += 1
        timed.append(Timed(at: now + max(.zero, delay), number: count, work: work))
        var index = timed.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard precedes(index, parent) else { break }
            timed.swapAt(index, parent)
            index = parent
        }
    }

    /// Runs everything until `isDone`, or nothing is left, or the virtual time is over; says whether it is done.
    func run(until limit: Duration, _ isDone: () -> Bool) -> Bool {
        while true {
            while firstJob < jobs.count {
                let job = jobs[firstJob]
                firstJob += 1
                countertop_run_job_as_global(unsafeBitCast(job, to: UnsafeMutableRawPointer.self))
            }
            jobs.removeAll(keepingCapacity: true)
            firstJob = 0
            if isDone() { return true }
            guard let next = timed.first, next.at <= limit else { return false }
            removeFirst()
            now = max(now, next.at)
            next.work()
        }
    }

    /// What was planned for later never happens, and what it holds is free: timers, tasks and those whom they belong to hold one another.
    func discard() {
        jobs = []
        firstJob = 0
        timed = []
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (timed[left].at, timed[left].number) < (timed[right].at, timed[right].number)
    }

    private func removeFirst() {
        timed.swapAt(0, timed.count - 1)
        timed.removeLast()
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < timed.count && precedes(child, smallest) { smallest = child }
            guard smallest != index else { return }
            timed.swapAt(index, smallest)
            index = smallest
        }
    }

    // MARK: Taking the process over

    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    private static let current = Mutex<CampaignScheduler?>(nil)

    /// Has every job that any task enqueues from now on run here, until `body` ends. The hook is the runtime's own (`swift_task_enqueueGlobal_hook`).
    static func own<Result>(_ body: () throws -> Result) throws -> Result {
        guard let symbol = countertop_enqueue_global_hook() else {
            throw LabError(.badRequest, "This Swift runtime does not let its tasks be scheduled.")
        }
        let hook = UnsafeMutableRawPointer(symbol).assumingMemoryBound(to: Hook?.self)
        let before = hook.pointee
        hook.pointee = { job, original in
            if let scheduler = CampaignScheduler.current.withLock({ $0 }) { scheduler.jobs.append(job) } else { original(job) }
        }
        defer { hook.pointee = before }
        return try body()
    }

    /// Makes this the scheduler that jobs go to.
    func begin() { Self.current.withLock { $0 = self } }
    static func end() { current.withLock { $0 = nil } }
}
