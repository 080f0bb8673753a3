import Terminal

/// What a mutant's journal would have lost when the process died. A commit that comes too late is one that is not there yet in between.
struct CampaignDisk {
    private var pendingAt: Duration?
    private var sentAt: Duration?
    private var answeredAt: Duration?
    private var decidedAt: Duration?

    /// How long the late commit of a mutant takes.
    private static let lateness = Duration.milliseconds(50)

    mutating func committed(_ entries: [JournalEntry], at now: Duration) {
        for case .transaction(_, let event) in entries {
            if case .reversalPending = event { (pendingAt, sentAt, answeredAt, decidedAt) = (now, nil, nil, nil) }
            if case .decided = event { decidedAt = now }
        }
    }

    mutating func passed(_ point: TransactionPoint, at now: Duration) {
        if point == .afterSend { sentAt = now }
        if point == .afterAnswer { answeredAt = now }
    }

    func survivors(_ commits: [[JournalEntry]], _ mutant: CampaignMutant?, at now: Duration) -> [[JournalEntry]] {
        switch mutant {
        case .pendingAfterSend where pendingAt != nil && decidedAt == nil && (sentAt.map { now <= $0 + Self.lateness } ?? true),
            .pendingDeletedAtAnswer where pendingAt != nil && answeredAt != nil && decidedAt == nil:
            return commits.without { if case .reversalPending = $0 { true } else { false } }
        case .replyBeforeDecision where decidedAt.map({ now <= $0 + Self.lateness }) ?? false:
            return commits.without { if case .decided = $0 { true } else { false } }
        default: return commits
        }
    }
}

extension [[JournalEntry]] {
    /// Without the last event of that kind, what was written with it (an acceptance apart), and what followed.
    fileprivate func without(_ matches: (TransactionEvent) -> Bool) -> [[JournalEntry]] {
        func isOne(_ entry: JournalEntry) -> Bool { if case .transaction(_, let event) = entry { matches(event) } else { false } }
        guard let index = lastIndex(where: { $0.contains(where: isOne) }) else { return self }
        let kept = self[index].filter {
            switch $0 {
            case .transaction(_, .accepted), .stanReserved: true
            default: false
            }
        }
        return Array(self[..<index]) + [kept]
    }
}
