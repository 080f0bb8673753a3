import Money
import PaymentHost

/// Transactions that are done whatever the host says (pos-protocol, section 4, "Intent transactions"): what they tell the host, and in which order.
extension TerminalEngine {
    /// Takes what a VOID makes unnecessary out of the queue, as far as not one byte of it has left.
    func hold(_ plan: TransactionPlan) -> [(id: FollowUpID, followUp: FollowUp)] {
        guard plan.profile.message == .reversal else { return [] }
        let held = plan.outstanding.filter { followUps.isUnsent($0.id) }
        for (id, _) in held { feedFollowUps(.ended(id)) }
        return held
    }

    func contact(_ plan: TransactionPlan, held: [FollowUpID]) -> TransactionMachine.Contact {
        switch plan.profile.message {
        case .exchange: .exchange(isInquiry: plan.profile.isInquiry)
        case .advice: .followUps(count: 1, done: .completed, pending: .offlineQueued)
        case .reversal:
            .followUps(
                count: plan.replayed == nil ? voided(plan, held: held).count : 0, done: plan.replayed?.state ?? .voided,
                pending: .reversalPending)
        case .reconciliation: .settlement
        }
    }

    /// What a VOID has to undo at the host, in order: a completion by its 1220 and its 1100, all else by the one that posted it.
    private func voided(_ plan: TransactionPlan, held: [FollowUpID]) -> [Posting] {
        guard let original = plan.original else { return [] }
        let neverSent = original.advice.map { held.contains(FollowUpID(original.id, $0.index)) } ?? false
        return (neverSent ? [] : [original.posting].compactMap(\.self)) + [plan.hold?.posting].compactMap(\.self)
    }

    func intent(of current: RunningTransaction) -> IntentRecord {
        let now = environment.clock.wallTime
        let plan = current.plan
        // What has left, and is not answered, must have had its say first.
        let before = plan.outstanding.map(\.id).filter { id in !current.held.contains { $0.id == id } && followUps.contains(id) }
        var messages: [FollowUp] = []
        switch plan.profile.message {
        case .reversal:
            for posting in voided(plan, held: current.held.map(\.id)) {
                let retrievalReference = posting.exchange.retrievalReference
                var exchange =
                    messages.isEmpty ? current.exchange : exchangeIdentity("1420", now, retrievalReference: retrievalReference)
                exchange.retrievalReference = retrievalReference
                let request = ReversalRequest(
                    exchange: exchange, original: posting.exchange, reason: .cancelled, processingCode: posting.processingCode,
                    amount: posting.amount, approvalCode: plan.original?.decision?.answer.authCode, iccData: nil,
                    entryMode: posting.entryMode, batchNumber: current.acceptance.batchNumber, isRepeat: false)
                let after = messages.indices.map { FollowUpID(current.id, $0) }
                messages.append(FollowUp(.reversal(request), after: before + after))
            }
        case .advice: messages.append(FollowUp(.advice(advice(of: current)), after: before))
        case .exchange, .reconciliation: break
        }
        return IntentRecord(
            followUps: messages, drops: current.held.map(\.id), effects: plan.effects,
            card: current.presented?.reference ?? plan.original?.card, amount: current.amount,
            authCode: messages.first?.advice?.approvalCode ?? plan.original?.decision?.answer.authCode, draft: current.draft, at: now)
    }

    private func advice(of current: RunningTransaction) -> AdviceRecord {
        let (plan, request) = (current.plan, current.request)
        guard let original = plan.original, let posting = original.posting else {
            return current.advice(
                current.exchange, reason: .terminalProcessed, approvalCode: request.authCode ?? terminalApprovalCode(current.exchange.stan),
                hasCard: true)
        }
        let before = Amount(minorUnits: original.currentTotal, currency: current.amount.currency) ?? current.amount
        let isTip = request.type == .tipAdjust
        var record = AdviceRecord(
            exchange: current.exchange,
            functionCode: isTip
                ? FunctionCode.tipAdjust : current.amount == before ? FunctionCode.completion : FunctionCode.completionOfOtherAmount,
            original: posting.exchange, processingCode: posting.processingCode, amount: current.amount,
            originalAmount: before == current.amount ? nil : before, entryMode: posting.entryMode,
            approvalCode: original.decision?.answer.authCode ?? "", batchNumber: current.acceptance.batchNumber,
            marker: isTip ? AdviceMarker.tipAdjust : nil)
        record.tip = current.part(current.plan.tip)
        record.surcharge = current.part(request.surchargeAmount)
        record.tax = current.part(current.plan.tax)
        record.invoice = request.invoice
        record.reference = request.reference
        return record
    }

    /// An approval code of the terminal's own, unique in the batch as the STAN is (host-protocol, "Link"); the letter keeps it apart from the hosts'
    /// numbers.
    func terminalApprovalCode(_ stan: Int) -> String {
        let text = String(stan, radix: 36, uppercase: true)
        return "Z" + String(repeating: "0", count: max(0, 5 - text.utf8.count)) + text
    }

    func sendFollowUp(_ index: Int, _ id: TransactionID) {
        guard let current = running, let intent = current.intent, intent.followUps.indices.contains(index),
            let deadline = current.hostDeadline
        else { return feed(.followUpOutcome(.notSent)) }
        let followUp = intent.followUps[index]
        guard !followUps.blocks(followUp) else { return feed(.followUpOutcome(.notSent)) }
        let card = current.cardForAdvice
        let request: HostRequest =
            switch followUp.message {
            case .reversal(let request): .reversal(request)
            case .advice(let record): .advice(record.request(card: record.hasCard ? card : nil, isRepeat: false))
            }
        exchange(request, deadline: deadline) { engine, outcome in engine.followUpAnswered(outcome, id) }
    }

    private func followUpAnswered(_ outcome: HostOutcome, _ id: TransactionID) {
        guard let current = running, current.id == id, current.machine.awaitsHost else { return }
        if case .answered(let answer) = outcome { running?.hostAnswer = answer }
        feed(.followUpOutcome(.init(outcome, isReversal: current.request.type == .void)))
    }

    /// What the decision does to the follow-ups of the intent, and to other transactions.
    func consequences(
        of decision: TransactionDecision, _ intent: IntentRecord, _ outcomes: [TransactionMachine.FollowUpOutcome], by id: TransactionID
    ) -> [JournalEntry] {
        let now = environment.clock.wallTime
        var entries: [JournalEntry] = []
        for index in intent.followUps.indices {
            let event: FollowUpEvent? =
                switch outcomes.indices.contains(index) ? outcomes[index] : nil {
                case .accepted(let code): .acknowledged(HostReply(actionCode: code, at: now))
                case .refused(let code) where decision.result == .completed: .flagged(HostReply(actionCode: code, at: now))
                case .refused(let code): .refused(HostReply(actionCode: code, at: now))
                case .unanswered: .sent(at: now)
                case .notSent: nil
                // After a refusal the rest is not wanted.
                case nil: decision.result == .completed ? nil : .dropped(by: id, at: now)
                }
            if let event { entries.append(.transaction(id, .followUp(index, event))) }
        }
        guard decision.result == .completed else { return entries }
        return entries + effects(intent.effects, drops: intent.drops, by: id)
    }

    func effects(_ effects: [FollowingEffect], drops: [FollowUpID], by id: TransactionID) -> [JournalEntry] {
        let now = environment.clock.wallTime
        return drops.map { .transaction($0.transaction, .followUp($0.index, .dropped(by: id, at: now))) } + effects.map { $0.entry(by: id) }
    }
}

extension TransactionMachine.FollowUpOutcome {
    /// A first attempt: 913 acknowledges a repeat only.
    init(_ outcome: HostOutcome, isReversal: Bool) {
        switch outcome {
        case .answered(let answer):
            let isAccepted = isReversal ? FollowUpQueue.acknowledges(answer.actionCode, isRepeat: false) : answer.approved
            self = isAccepted ? .accepted(actionCode: answer.actionCode) : .refused(actionCode: answer.actionCode)
        case .notConnected, .notSent: self = .notSent
        case .noAnswer, .badAnswer: self = .unanswered
        }
    }
}
