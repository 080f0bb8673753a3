import Glibc
import Logging
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The terminal's log on disk: one file for each local day, `countertop-YYYY-MM-DD.log`, closed to others. Files of days long over are deleted.
///
/// A line that cannot be written is lost: a full disk must not stop a sale, and standard error has the line too.
public final class LogFolder: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        /// The file's day ends here, in seconds since 1970.
        var end: Int64 = .min
        var days: (@Sendable () -> Int)?
    }

    private let directory: String
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    /// - Parameter now: seconds since 1970.
    public init(directory: String, now: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }) {
        self.directory = directory
        self.now = now
    }

    deinit {
        state.withLock { if $0.descriptor >= 0 { _ = Glibc.close($0.descriptor) } }
    }

    /// From now on, and at every change of day, files of more than so many days before today are deleted.
    public func keep(days: @escaping @Sendable () -> Int) {
        state.withLock { state in
            state.days = days
            prune(days())
        }
    }

    func append(_ line: String) {
        let time = now()
        state.withLock { state in
            if time >= state.end { open(&state, time) }
            guard state.descriptor >= 0 else { return }
            var line = line
            line.withUTF8 { bytes in _ = write(state.descriptor, bytes.baseAddress, bytes.count) }
        }
    }

    private func open(_ state: inout State, _ time: Int64) {
        if state.descriptor >= 0 { _ = Glibc.close(state.descriptor) }
        try? FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var (seconds, local) = (time_t(time), tm())
        _ = localtime_r(&seconds, &local)
        state.descriptor = Glibc.open(directory + "/" + Self.name(Self.text(local)), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        // At the latest after a day that a change of the clock made longer.
        let ofDay = Int64(local.tm_hour) * 3600 + Int64(local.tm_min) * 60 + Int64(local.tm_sec)
        state.end = time + max(1, 86_400 - ofDay)
        if let days = state.days { prune(days()) }
    }

    private func prune(_ days: Int) {
        var (seconds, local) = (time_t(now() - Int64(max(0, min(days, 36_500))) * 86_400), tm())
        _ = localtime_r(&seconds, &local)
        let oldest = Self.name(Self.text(local))
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] where Self.isOurs(name) && name < oldest {
            unlink(directory + "/" + name)
        }
    }

    private static func name(_ day: String) -> String { "countertop-\(day).log" }
    private static func isOurs(_ name: String) -> Bool { name.hasPrefix("countertop-") && name.hasSuffix(".log") && name.utf8.count == 25 }

    private static func text(_ local: tm) -> String {
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(local.tm_year + 1900)-\(two(local.tm_mon + 1))-\(two(local.tm_mday))"
    }
}

/// Writes a line to standard error and to the day's file.
struct TerminalLogHandler: LogHandler {
    private let label: String
    private let folder: LogFolder
    private var shown: StreamLogHandler
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:] { didSet { shown.metadata = metadata } }

    init(label: String, folder: LogFolder) {
        self.label = label
        self.folder = folder
        shown = StreamLogHandler.standardError(label: label)
        shown.logLevel = .trace
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        shown.log(event: event)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        folder.append("\(Self.stamp()) \(event.level) \(label):\(pairs) \(event.message)\n")
    }

    private static func stamp() -> String {
        var (seconds, local) = (time(nil), tm())
        _ = localtime_r(&seconds, &local)
        var buffer = [CChar](repeating: 0, count: 40)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S%z", &local)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Configuration {
    /// The logger of the program that runs this terminal, and the folder it writes to besides standard error.
    public func logger(label: String) -> (logger: Logger, folder: LogFolder) {
        let folder = LogFolder(directory: logDirectory)
        var logger = Logger(label: label) { TerminalLogHandler(label: $0, folder: folder) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        return (logger, folder)
    }
}
