import Synchronization

/// Things that happen, in order, for a test to wait for.
final class Awaitable<Element: Sendable>: Sendable {
    private struct Waiting {
        let id: Int
        let matches: @Sendable ([Element]) -> Bool
        let continuation: CheckedContinuation<[Element], Never>
    }

    private struct State {
        var elements: [Element] = []
        var lastID = 0
        var cancelled: Set<Int> = []
        var waiting: [Waiting] = []
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

    /// All of them, as soon as they satisfy `matches`; as they are when the test's time is over.
    @discardableResult
    func wait(_ matches: @escaping @Sendable ([Element]) -> Bool) async -> [Element] {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state -> [Element]? in
                    if state.cancelled.contains(id) || matches(state.elements) { return state.elements }
                    state.waiting.append(Waiting(id: id, matches: matches, continuation: continuation))
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let (waiting, elements) = state.withLock { state in
                state.cancelled.insert(id)
                let index = state.waiting.firstIndex { $0.id == id }
                return (index.map { state.waiting.remove(at: $0) }, state.elements)
            }
            waiting?.continuation.resume(returning: elements)
        }
    }
}
