import PaymentHost

/// What happened to a batch, from its freeze on.
public enum BatchEvent: Sendable, Hashable, Codable {
    /// Closes it with its totals; the next one is open from the same commit on.
    case frozen(BatchFreeze)
    /// The host did not agree: what is uploaded, and the 1520 that follows, with what the journal knows by then.
    case retried(BatchRetry)
    /// A 1530.
    case answered(HostReply)
    /// Ended by an operator.
    case resolved(Resolution)
}

public struct BatchFreeze: Sendable, Hashable, Codable {
    /// What SETTLEMENT answers.
    public var report: SettlementReport
    /// The first 1520; its repeats carry the same.
    public var request: ReconciliationRequest
    public var at: WallTime
    /// Of what is left behind, what the totals have all the same: its answer came while they were made, or only a reversal of it is left.
    public var counted: [TransactionID]?

    public init(report: SettlementReport, request: ReconciliationRequest, at: WallTime) {
        self.report = report
        self.request = request
        self.at = at
    }
}

public struct BatchRetry: Sendable, Hashable, Codable {
    public var uploads: [AdviceRecord]
    public var request: ReconciliationRequest

    public init(uploads: [AdviceRecord], request: ReconciliationRequest) {
        self.uploads = uploads
        self.request = request
    }
}

/// A frozen batch as its events tell it.
public struct JournaledBatch: Sendable, Hashable {
    public let number: Int
    public let freeze: BatchFreeze
    public private(set) var retry: BatchRetry?
    public private(set) var lastReply: HostReply?
    public private(set) var resolution: Resolution?
    /// What it left behind without counting it.
    var uncounted: [TransactionID] { freeze.report.leftBehind.filter { freeze.counted?.contains($0) != true } }

    /// `journal.damaged` when it does not begin with its freeze.
    public init(number: Int, events: [BatchEvent]) throws(JournalError) {
        guard case .frozen(let freeze) = events.first else {
            throw JournalError(.damaged, "Batch \(number) does not begin with its freeze.")
        }
        self.number = number
        self.freeze = freeze
        for event in events.dropFirst() { try apply(event) }
    }

    public mutating func apply(_ event: BatchEvent) throws(JournalError) {
        switch event {
        case .frozen: throw JournalError(.damaged, "Batch \(number) was frozen twice.")
        case .retried(let retry):
            self.retry = retry
            lastReply = nil
        case .answered(let reply): lastReply = reply
        case .resolved(let resolution): self.resolution = resolution
        }
    }

    /// The 1520 to be sent now.
    public var request: ReconciliationRequest { retry?.request ?? freeze.request }
    /// Whether nothing more will be sent.
    public var isReconciled: Bool { lastReply?.actionCode == BatchReconciler.balanced || resolution != nil }
}
