import Dispatch
import Glibc

/// SIGTERM and SIGINT as an event instead of an end: the service closes in order.
public enum TerminationSignals {
    /// Returns when the first of them arrives, or when the task is cancelled. From the first call on they no longer end the process by themselves.
    public static func wait() async {
        guard let pipe = SignalPipe.shared else { return }
        let (arrivals, continuation) = AsyncStream.makeStream(of: Void.self)
        let source = DispatchSource.makeReadSource(fileDescriptor: pipe.reading, queue: .global())
        source.setEventHandler { continuation.yield() }
        source.resume()
        for number in [SIGTERM, SIGINT] {
            // A handler may do nothing but what is async-signal-safe: one write to the pipe, made before the handler was set.
            signal(number) { _ in SignalPipe.shared?.ring() }
        }
        for await _ in arrivals { break }
        source.cancel()
    }
}

/// The self-pipe that a signal handler writes to.
private struct SignalPipe {
    let reading: Int32
    private let writing: Int32

    static let shared = SignalPipe()

    private init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        reading = ends[0]
        writing = ends[1]
    }

    func ring() {
        let kept = errno
        var byte: UInt8 = 1
        _ = write(writing, &byte, 1)
        errno = kept
    }
}
