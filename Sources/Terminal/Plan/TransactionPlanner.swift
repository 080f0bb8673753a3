import Money

/// Turns a request into a plan, or says why not: all that is decided from the request, the configuration and the journal before acceptance
/// (pos-protocol, section 4).
struct TransactionPlanner: Sendable {
    let store: any JournalStore
    let currency: Currency
    let batchNumber: Int
    let finder: OriginalFinder

    /// - Parameters:
    ///   - tips: what the parameters say of tips and tax.
    ///   - asking: whether there is a display that can ask the cardholder.
    func plan(_ request: TransactionRequest, tips: TipRules, asking: Bool) throws(PlanError) -> TransactionPlan {
        var plan = try plan(request)
        plan.tip = request.type == .void ? nil : request.tipAmount
        plan.tax = tips.tax(of: request)
        guard request.type == .sale, request.tipAmount == nil else { return plan }
        plan.tipQuestion = tips.question(for: request, entry: plan.entry, asking: asking)
        if plan.tipQuestion != .asked, let tip = tips.staticTip(on: request.requestedAmount ?? 0) {
            guard let more = Amount(minorUnits: tip, currency: currency).flatMap(plan.amount.adding) else {
                throw .refused(Refusal(.badField, "requestedAmount: with the tip of STATICTIP more than \(Amount.largest) minor units."))
            }
            (plan.tip, plan.amount, plan.tipQuestion) = (tip, more, .none)
        }
        return plan
    }

    private func plan(_ request: TransactionRequest) throws(PlanError) -> TransactionPlan {
        let profile = request.type.profile
        switch request.type {
        case .void: return try planVoid(request, profile)
        case .tipAdjust: return try planTipAdjustment(request, profile)
        case .completion, .incrementalAuthorization: return try planOnHold(request, profile)
        case .refund where request.originalAuthCode != nil || request.originalTransactionID != nil:
            return try planLinkedRefund(request, profile)
        default: break
        }
        if request.type == .force, request.authCode == nil {
            throw .refused(Refusal(.badField, "authCode: FORCE needs the code of the voice authorization."))
        }
        let isCardless = profile.card == .none || request.cardToken != nil
        return TransactionPlan(profile: profile, amount: try amount(request, profile), entry: isCardless ? .none : .card)
    }

    /// The amount sent to the host is the sum; tax is included in it, not added. 0 is for VERIFY and what moves nothing.
    private func amount(_ request: TransactionRequest, _ profile: TransactionProfile) throws(PlanError) -> Amount {
        let bad = PlanError.refused(Refusal(.badField, "requestedAmount: 1 to \(Amount.largest) minor units in all."))
        guard profile.needsAmount || ((request.requestedAmount ?? 0) > 0 && !profile.isInquiry) else { return .zero(currency) }
        guard let requested = request.requestedAmount, requested > 0, var sum = Amount(minorUnits: requested, currency: currency) else {
            throw bad
        }
        for part in [request.tipAmount, request.cashbackAmount, request.surchargeAmount] {
            guard let part = Amount(minorUnits: part ?? 0, currency: currency), let more = sum.adding(part) else { throw bad }
            sum = more
        }
        if let tax = request.taxAmount, tax < 0 || tax > sum.minorUnits {
            throw .refused(Refusal(.badField, "taxAmount: part of requestedAmount, no more than the sum."))
        }
        return sum
    }

    private func planOnHold(_ request: TransactionRequest, _ profile: TransactionProfile) throws(PlanError) -> TransactionPlan {
        let amount = try amount(request, profile)
        let hold = try finder.find(request)
        var plan = TransactionPlan(profile: profile, amount: amount, entry: .none, original: hold)
        let effect: Following.Effect =
            request.type == .completion ? .completed(amount: amount.minorUnits) : .incremented(amount: amount.minorUnits)
        plan.effects = [FollowingEffect(effect, on: hold.id)]
        return plan
    }

    private func planTipAdjustment(_ request: TransactionRequest, _ profile: TransactionProfile) throws(PlanError) -> TransactionPlan {
        guard let tip = request.tipAmount, tip >= 0 else { throw .refused(Refusal(.badField, "tipAmount: TIP_ADJUST needs it.")) }
        let original = try finder.find(request)
        if let requested = request.requestedAmount, requested != original.acceptance.request.requestedAmount {
            throw .refused(Refusal(.badField, "requestedAmount: differs from the original's. TIP_ADJUST changes tipAmount alone."))
        }
        let base = original.currentTotal - (original.currentTip ?? 0)
        let (sum, overflow) = base.addingReportingOverflow(tip)
        guard !overflow, let amount = Amount(minorUnits: sum, currency: currency), sum > 0 else {
            throw .refused(Refusal(.badField, "tipAmount: 1 to \(Amount.largest) minor units in all."))
        }
        // Less than what was given back already.
        if sum < original.refunded { throw .refused(Refusal(.notAllowed, "tipAmount: more than the new total was refunded.")) }
        var plan = TransactionPlan(profile: profile, amount: amount, entry: .none, original: original)
        plan.outstanding = try outstanding(of: original)
        plan.effects = [FollowingEffect(.adjusted(tip: tip, total: sum), on: original.id)]
        return plan
    }

    /// The sum of linked refunds never exceeds the original.
    private func planLinkedRefund(_ request: TransactionRequest, _ profile: TransactionProfile) throws(PlanError) -> TransactionPlan {
        let amount = try amount(request, profile)
        let original = try finder.find(request)
        let left = original.currentTotal - original.refunded
        guard amount.minorUnits <= left else {
            throw .refused(Refusal(.notAllowed, "requestedAmount: of \(original.id) \(left) minor units are left to refund."))
        }
        // The card is read only when the request says how.
        var plan = TransactionPlan(profile: profile, amount: amount, entry: request.entryModes == nil ? .none : .card, original: original)
        plan.effects = [FollowingEffect(.refunded(amount: amount.minorUnits), on: original.id)]
        return plan
    }

    private func planVoid(_ request: TransactionRequest, _ profile: TransactionProfile) throws(PlanError) -> TransactionPlan {
        let original = try finder.find(request)
        let amount = Amount(minorUnits: original.currentTotal, currency: currency) ?? .zero(currency)
        var plan = TransactionPlan(profile: profile, amount: amount, entry: .none, original: original)
        if let void = original.following.first(where: { $0.effect == .voided })?.by {
            plan.replayed = try journal { () throws(JournalError) in try store.transaction(void) }
            return plan
        }
        if original.decision?.answer.cardTypeProcessed == CardBrandTable.CardType.debit.processedCode {
            throw .refused(Refusal(.notAllowed, "A PIN debit transaction cannot be voided. Refund it."))
        }
        if original.refunded > 0 {
            throw .refused(Refusal(.notAllowed, "\(original.id) has a linked refund. Void that first."))
        }
        plan.outstanding = try outstanding(of: original)
        plan.effects = [FollowingEffect(.voided, on: original.id)]
        switch original.type {
        // Completion and hold go together.
        case .completion:
            if let id = original.acceptance.original {
                plan.hold = try journal { () throws(JournalError) in try store.transaction(id) }
                plan.effects.append(FollowingEffect(.voided, on: id))
            }
        case .refund:
            if let id = original.acceptance.original {
                plan.effects.append(FollowingEffect(.refundVoided(amount: original.currentTotal), on: id))
            }
        default: break
        }
        return plan
    }

    /// 1220s not yet answered, of the transaction and of what adjusted it.
    private func outstanding(of original: JournaledTransaction) throws(PlanError) -> [(id: FollowUpID, followUp: FollowUp)] {
        var family = [original]
        for following in original.following {
            guard case .adjusted = following.effect else { continue }
            if let adjustment = try journal({ () throws(JournalError) in try store.transaction(following.by) }) {
                family.append(adjustment)
            }
        }
        return family.flatMap(\.openFollowUps).filter { !$0.tracked.followUp.isReversal }.map { ($0.id, $0.tracked.followUp) }
    }

    private func journal<Value>(_ body: () throws(JournalError) -> Value) throws(PlanError) -> Value {
        do throws(JournalError) { return try body() } catch { throw .journal(error) }
    }
}
