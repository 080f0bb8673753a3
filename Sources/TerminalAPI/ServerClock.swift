import Glibc
import NIOCore

/// Time as the server sees it: the system's, or a test's.
public protocol ServerClock: Sendable {
    /// Monotonic, since any moment.
    var now: Duration { get }
    /// Seconds since 1970.
    var unixTime: Int64 { get }
    /// Calls `call` on `loop` after `delay`, unless the returned closure is called before.
    func wake(_ loop: any EventLoop, after delay: Duration, _ call: @escaping @Sendable () -> Void) -> @Sendable () -> Void
}

public struct SystemServerClock: ServerClock {
    private let start = ContinuousClock.now

    public init() {}

    public var now: Duration { ContinuousClock.now - start }

    public var unixTime: Int64 { Int64(time(nil)) }

    public func wake(_ loop: any EventLoop, after delay: Duration, _ call: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let scheduled = loop.scheduleTask(in: TimeAmount(delay), call)
        return { scheduled.cancel() }
    }
}
