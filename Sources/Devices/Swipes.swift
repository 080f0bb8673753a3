import Listening
import Synchronization

/// The swipes of one reader, for whoever awaits them.
final class Swipes: Sendable {
    private let listeners = Mutex(Listeners<StripeRead>())

    func stream() -> AsyncStream<StripeRead> { listeners.withLock { $0.add() } }
    func tell(_ read: StripeRead) { listeners.withLock { $0.tell(read) } }
    func finish() { listeners.withLock { $0.finish() } }
}
