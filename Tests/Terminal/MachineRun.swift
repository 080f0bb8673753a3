import Testing

@testable import Terminal

/// A machine and everything it ever asked for.
struct MachineRun {
    var machine: TransactionMachine
    var actions: [TransactionMachine.Action] = []

    init(lost: POSConnectionLost = .reverse, partial: Bool = false) {
        machine = TransactionMachine(rules: .init(posConnectionLost: lost, partialApprovalAllowed: partial))
    }

    /// The actions of this event alone.
    @discardableResult
    mutating func on(_ event: TransactionMachine.Event) -> [TransactionMachine.Action] {
        let new = machine.on(event)
        actions += new
        return new
    }

    var decision: TransactionDecision? {
        for case .commitDecision(let decision, _) in actions { return decision }
        return nil
    }

    var cancelAnswers: [CancelAnswer] {
        actions.compactMap { if case .answerCancel(let answer) = $0 { answer } else { nil } }
    }

    /// A fresh card is in the slot, its dialogue runs.
    static func dialogue(lost: POSConnectionLost = .reverse, partial: Bool = false, reversalsDue: Bool = false) -> MachineRun {
        var run = MachineRun(lost: lost, partial: partial)
        run.on(.begin(.freshCard, reversalsDue: reversalsDue))
        return run
    }

    /// The pending reversal is being committed.
    static func pendingCommit(lost: POSConnectionLost = .reverse, partial: Bool = false) -> MachineRun {
        var run = dialogue(lost: lost, partial: partial)
        run.on(.onlineRequested)
        return run
    }

    /// The exchange is in flight.
    static func host(lost: POSConnectionLost = .reverse, partial: Bool = false) -> MachineRun {
        var run = pendingCommit(lost: lost, partial: partial)
        run.on(.committed(.pendingReversal))
        return run
    }

    /// The host has spoken, the card has its last say.
    static func cardEnd(_ verdict: TransactionMachine.HostVerdict, lost: POSConnectionLost = .reverse, partial: Bool = false) -> MachineRun
    {
        var run = host(lost: lost, partial: partial)
        run.on(.hostOutcome(verdict))
        return run
    }
}
