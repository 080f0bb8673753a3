import Dispatch
import Glibc

/// SIGTERM and SIGINT as an event instead of an end: the service closes in order.
public enum TerminationSignals {
    /// Returns when the first of them arrives. From the first call on the signals no longer end the process by themselves.
    public static func wait() async {
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
        for await _ in signals { break }
        sources.forEach { $0.cancel() }
    }
}
