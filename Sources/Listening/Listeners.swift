/// Everybody who listens to one source of events, each through a stream of their own. A value that its owner keeps under a lock together with
/// what the events are about, so that all listeners hear them in the one order in which they happened.
///
/// There is no `onTermination` here, on purpose: a task that is being cancelled calls it while it holds its own status lock, and a `yield` to that
/// task wants the same lock. An owner's lock taken in both would be taken in two orders, which is a deadlock. A stream that nobody reads any more
/// is found at the next event.
public struct Listeners<Element: Sendable>: Sendable {
    private var continuations: [AsyncStream<Element>.Continuation] = []
    private var isFinished = false

    public init() {}

    /// A new stream.
    /// - Parameter first: what it begins with; all there is of it when the source has finished.
    public mutating func add(
        first: [Element] = [], buffering policy: AsyncStream<Element>.Continuation.BufferingPolicy = .unbounded
    ) -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream.makeStream(of: Element.self, bufferingPolicy: policy)
        for element in first { continuation.yield(element) }
        if isFinished { continuation.finish() } else { continuations.append(continuation) }
        return stream
    }

    public mutating func tell(_ element: Element) {
        var gone: [Int] = []
        for (index, continuation) in continuations.enumerated() {
            if case .terminated = continuation.yield(element) { gone.append(index) }
        }
        for index in gone.reversed() { continuations.remove(at: index) }
    }

    /// Ends all streams, those that are added later included.
    public mutating func finish() {
        isFinished = true
        for continuation in continuations { continuation.finish() }
        continuations = []
    }

    /// Streams that were still read at the last event.
    public var count: Int { continuations.count }
}
