import Synchronization

/// Every wait is over at once: on a bus with this clock a transfer that is not answered immediately has timed out.
struct ImpatientClock: Clock {
    typealias Duration = Swift.Duration

    struct Instant: InstantProtocol {
        typealias Duration = Swift.Duration
        var offset: Swift.Duration = .zero
        func advanced(by duration: Swift.Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Swift.Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    var now: Instant { Instant() }
    var minimumResolution: Swift.Duration { .zero }
    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws { try Task.checkCancellation() }
}

/// Every wait lasts until `step()`; each step ends one wait, also one that has not begun.
final class SteppedClock: Clock {
    typealias Duration = Swift.Duration
    typealias Instant = ImpatientClock.Instant

    private struct State {
        var steps = 0
        var sleepers: [(number: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var next = 0
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    var now: Instant { Instant() }
    var minimumResolution: Swift.Duration { .zero }

    func step() {
        let sleeper = state.withLock { state in
            guard !state.sleepers.isEmpty else {
                state.steps += 1
                return nil as CheckedContinuation<Bool, Never>?
            }
            return state.sleepers.removeFirst().continuation
        }
        sleeper?.resume(returning: true)
    }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result: Bool? = state.withLock { state in
                    if state.cancelled.remove(number) != nil { return false }
                    if state.steps > 0 {
                        state.steps -= 1
                        return true
                    }
                    state.sleepers.append((number, continuation))
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.number == number }) else {
                    state.cancelled.insert(number)
                    return nil as CheckedContinuation<Bool, Never>?
                }
                return state.sleepers.remove(at: index).continuation
            }
            sleeper?.resume(returning: false)
        }
        if !isOver { throw CancellationError() }
    }
}
