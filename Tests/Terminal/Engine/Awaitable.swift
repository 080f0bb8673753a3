import Synchronization

/// Things that happen, in order, for a test to wait for.
final class Awaitable<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiting: [(matches: @Sendable ([Element]) -> Bool, continuation: CheckedContinuation<[Element], Never>)] = []
    }

    private let state = Mutex(State())

    var all: [Element] { state.withLock { $0.elements } }

    func append(_ element: Element) {
        let (elements, ready) = state.withLock { state in
            state.elements.append(element)
            let elements = state.elements
            let ready = state.waiting.filter { $0.matches(elements) }.map(\.continuation)
            state.waiting.removeAll { $0.matches(elements) }
            return (elements, ready)
        }
        for continuation in ready { continuation.resume(returning: elements) }
    }

    /// All of them, as soon as they satisfy `matches`.
    @discardableResult
    func wait(_ matches: @escaping @Sendable ([Element]) -> Bool) async -> [Element] {
        await withCheckedContinuation { continuation in
            let now = state.withLock { state -> [Element]? in
                if matches(state.elements) { return state.elements }
                state.waiting.append((matches, continuation))
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }
}
