/// The rules of reconciling one frozen batch (host-protocol, "Exchanges"), as a value: 1520 and its repeats until there is an answer; when it does not
/// balance, batch upload and a second 1520; then again every hour, and once more whenever nothing else is left to tell the host, until it balances or
/// an operator ends it.
public struct BatchReconciler: Sendable, Hashable {
    /// Field 39 of a 1530.
    static let balanced = "500"

    public enum Event: Sendable, Hashable {
        /// A batch was frozen, or the start found one; `sentBefore`: its 1520 may have left.
        case begin(batch: Int, uploads: Int, sentBefore: Bool)
        /// SETTLEMENT asks for it now.
        case hurry
        case linkConnected
        case committed
        /// The retry is committed, with so many uploads.
        case prepared(uploads: Int)
        /// Field 39 of a 1530 or 1230.
        case answered(actionCode: String)
        case nothingSent
        case unanswered
        case pauseOver
        /// The host has been told all it must be: a journal that it may now agree with.
        case followUpsDone
        case resolved
    }

    public enum Action: Sendable, Hashable {
        /// The 1520, 1521 when it is a repeat.
        case reconcile(isRepeat: Bool)
        case upload(Int, isRepeat: Bool)
        /// Synced, then `.committed`.
        case commitAnswer(String)
        /// Work out uploads and a new 1520, commit them, then `.prepared`.
        case prepareRetry
        case pause(Duration)
        case reconciled(batch: Int)
        /// Even after the upload the host does not agree.
        case flag(actionCode: String)
    }

    enum Phase: Sendable, Hashable {
        case waiting
        case sending
        case committing(String)
        case preparing
    }

    static let shortest = Duration.seconds(5)
    static let longest = Duration.seconds(30)
    static let flagged = Duration.seconds(3600)

    /// `nil`: nothing to do.
    public private(set) var batch: Int?
    private var phase = Phase.waiting
    /// Uploads of this round, and how many of them are answered.
    private var uploads = 0
    private var uploaded = 0
    private var isRepeat = false
    private var failures = 0
    private var rounds = 0
    private var needsRetry = false
    private var lacksLink = false
    /// Nothing has been left to tell the host since the journal was last read for it.
    private var hasNews = false

    public init() {}

    public mutating func on(_ event: Event) -> [Action] {
        switch (event, phase) {
        case (.begin(let batch, let uploads, let sentBefore), _):
            self = BatchReconciler()
            self.batch = batch
            self.uploads = uploads
            isRepeat = sentBefore
            return send()
        case (.hurry, .waiting), (.pauseOver, .waiting): return batch == nil ? [] : next()
        case (.followUpsDone, .waiting) where needsRetry: return next()
        // What is under way was counted before.
        case (.followUpsDone, _):
            hasNews = batch != nil
            return []
        case (.linkConnected, .waiting): return batch != nil && lacksLink ? next() : []
        case (.prepared(let uploads), .preparing):
            (self.uploads, uploaded, isRepeat, needsRetry) = (uploads, 0, false, false)
            return send()
        case (.answered(let code), .sending): return answered(code)
        case (.nothingSent, .sending), (.unanswered, .sending):
            phase = .waiting
            lacksLink = event == .nothingSent
            if event == .unanswered { isRepeat = true }
            failures += 1
            return [.pause(min(Self.shortest * (1 << min(failures - 1, 8)), Self.longest))]
        case (.committed, .committing(let code)): return committed(code)
        case (.resolved, _):
            self = BatchReconciler()
            return []
        default: return []
        }
    }

    private mutating func next() -> [Action] {
        guard needsRetry else { return send() }
        phase = .preparing
        hasNews = false
        return [.prepareRetry]
    }

    private mutating func send() -> [Action] {
        phase = .sending
        lacksLink = false
        return [uploaded < uploads ? .upload(uploaded, isRepeat: isRepeat) : .reconcile(isRepeat: isRepeat)]
    }

    private mutating func answered(_ code: String) -> [Action] {
        failures = 0
        // Whatever the host says to an upload, the second 1520 tells whether it helped.
        guard uploaded >= uploads else {
            uploaded += 1
            isRepeat = false
            return send()
        }
        phase = .committing(code)
        return [.commitAnswer(code)]
    }

    private mutating func committed(_ code: String) -> [Action] {
        phase = .waiting
        if code == Self.balanced, let batch {
            self = BatchReconciler()
            return [.reconciled(batch: batch)]
        }
        needsRetry = true
        rounds += 1
        if rounds == 1 || hasNews { return next() }
        return [.flag(actionCode: code), .pause(Self.flagged)]
    }
}
