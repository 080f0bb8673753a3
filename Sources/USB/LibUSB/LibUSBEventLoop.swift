import CLibUSB
import Glibc
import Synchronization

/// What the event thread of a libusb context does: it handles libusb's events (the callbacks of all transfers run here), ends transfers whose
/// time is up, and runs tasks that prefer to go on where their transfers end.
///
/// The time limits are kept here because libusb sets its timer anew twice for each transfer; those of a card reader's are hardly ever reached.
final class LibUSBEventLoop: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var limits = TimeLimits<LibUSBTransfer>()
        var next: UInt64 = 0
        var hasEnded = false
    }

    private let context: LibUSBPointer
    private let state = Mutex(State())
    private let isEnding = Atomic(false)
    /// The thread that is in `run`; 0 for none.
    private let thread = Atomic<UInt>(0)
    /// How far the clock below may be behind.
    private let resolution: Int64
    /// Turns of jobs before libusb is looked after again.
    private static let turns = 16

    init(_ context: LibUSBPointer) {
        self.context = context
        var step = timespec()
        clock_getres(CLOCK_MONOTONIC_COARSE, &step)
        resolution = Self.nanoseconds(step)
    }

    /// Until `end`. For the event thread.
    func run() {
        thread.store(pthread_self(), ordering: .releasing)
        while !isEnding.load(ordering: .acquiring) {
            let alarm = state.withLock { $0.jobs.isEmpty ? $0.limits.alarm : 0 }
            var patience = Self.patience(until: alarm)
            let status = libusb_handle_events_timeout_completed(context.value, &patience, nil)
            // An error that lasts must not burn the processor.
            if status != LIBUSB_SUCCESS.rawValue, status != LIBUSB_ERROR_INTERRUPTED.rawValue { poll(nil, 0, 100) }
            work()
        }
        let left = state.withLock { state in
            state.hasEnded = true
            defer { state.jobs = [] }
            return state.jobs
        }
        thread.store(0, ordering: .releasing)
        for job in left { globalConcurrentExecutor.enqueue(job) }
    }

    private func work() {
        for _ in 0..<Self.turns {
            let (jobs, due) = state.withLock { state in
                let due = state.limits.alarm == .max ? [] : state.limits.due(at: Self.now)
                guard !state.jobs.isEmpty else { return ([UnownedJob](), due) }
                defer { state.jobs = [] }
                return (state.jobs, due)
            }
            for transfer in due { transfer.expire() }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    /// Asks `run` to return.
    func end() {
        isEnding.store(true, ordering: .releasing)
        libusb_interrupt_event_handler(context.value)
    }

    // MARK: Tasks

    /// A task that resumes here while the thread handles events goes on without anybody being woken.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isAccepted = state.withLock { state in
            if !state.hasEnded { state.jobs.append(job) }
            return !state.hasEnded
        }
        if isAccepted { wake() } else { globalConcurrentExecutor.enqueue(job) }
    }

    private func wake() {
        // On the thread itself the loop sees what is new before it waits again.
        if thread.load(ordering: .acquiring) != pthread_self() { libusb_interrupt_event_handler(context.value) }
    }

    // MARK: Time limits

    /// The transfer ends with `.timeout` after `limit`, unless `unwatch` comes first.
    /// - Returns: the number for `unwatch`; `nil` when there is no limit.
    func watch(_ transfer: LibUSBTransfer, _ limit: Duration?) -> UInt64? {
        guard let limit else { return nil }
        // The clock may be behind, and no transfer may end before its time.
        let (deadline, isNever) = Self.now.addingReportingOverflow(Self.nanoseconds(limit).addingReportingOverflow(resolution).partialValue)
        let (number, isEarlier) = state.withLock { state in
            state.next += 1
            return (state.next, state.limits.add(transfer, number: state.next, deadline: isNever ? .max : deadline))
        }
        if isEarlier { wake() }
        return number
    }

    func unwatch(_ number: UInt64?) {
        guard let number else { return }
        state.withLock { $0.limits.remove(number) }
    }

    /// Read without a system call on every machine, also where the exact clock needs one.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }

    /// At least 0, at most a century: what is longer is for ever, and no sum of two overflows.
    static func nanoseconds(_ limit: Duration) -> Int64 {
        let century: Int64 = 3_155_760_000
        let (seconds, attoseconds) = limit.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < century else { return century * 1_000_000_000 }
        return seconds * 1_000_000_000 + (attoseconds + 999_999_999) / 1_000_000_000
    }

    private static func patience(until alarm: Int64) -> timeval {
        guard alarm > 0 else { return timeval(tv_sec: 0, tv_usec: 0) }
        let longest: Int64 = 60
        guard alarm < .max else { return timeval(tv_sec: Int(longest), tv_usec: 0) }
        let microseconds = max(0, min(alarm - now, longest * 1_000_000_000) + 999) / 1000
        return timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
    }
}
