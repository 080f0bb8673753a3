import Money
import PaymentHost

/// SETTLEMENT (pos-protocol, section 4): one commit freezes the batch and opens the next; reconciliation goes on until the host agrees.
extension TerminalEngine {
    /// What SETTLEMENT commits: the freeze, unless an unreconciled batch is there to be continued.
    func commitFreeze(_ withAcceptance: Bool, _ id: TransactionID) {
        guard let current = running, let store = journal?.store else { return }
        do throws(JournalError) {
            try forgetResolved(store)
            let now = environment.clock.wallTime
            var entries: [JournalEntry] = []
            let batch: JournaledBatch
            if let frozen {
                batch = frozen
            } else {
                (batch, entries) = try freeze(store, now)
                environment.point(.beforeBatchRoll)
            }
            running?.draft.batchNumber = batch.number
            running?.draft.settlement = batch.freeze.report
            let intent = IntentRecord(
                followUps: [], effects: [], amount: current.amount, authCode: nil, draft: running?.draft ?? current.draft, at: now)
            running?.intent = intent
            write(
                [.transaction(id, .intent(intent))] + entries, withAcceptance, .transaction(id, .freeze),
                entries.isEmpty ? [] : [.afterBatchRoll])
        } catch {
            die(error)
        }
    }

    /// Freezes the open batch without anybody asking: at the settlement time, when idle. LastTransaction stays as it is.
    public func settleAutomatically() {
        guard running == nil, !isDead, !isShuttingDown, let store = journal?.store else { return }
        do throws(JournalError) {
            try forgetResolved(store)
            guard frozen == nil else { return }
            let (_, entries) = try freeze(store, environment.clock.wallTime)
            environment.point(.beforeBatchRoll)
            isSettlementAnnounced = true
            write(entries, .freeze, [.afterBatchRoll])
        } catch {
            die(error)
        }
    }

    private func freeze(_ store: any JournalStore, _ now: WallTime) throws(JournalError) -> (JournaledBatch, [JournalEntry]) {
        let number = batchNumber
        let totals = try totals(of: number, store)
        let local = times(at: now).local
        var leftBehind: [TransactionID] = []
        for id in followUps.ids.map(\.transaction) where !leftBehind.contains(id) { leftBehind.append(id) }
        let request = ReconciliationRequest(
            exchange: exchangeIdentity("1520", now), batchNumber: number, reconciliationDate: String(local.field12.prefix(6)),
            currency: environment.configuration.currency, totals: totals.request)
        var freeze = BatchFreeze(report: totals.report(batchJulianDay: local.dayOfYear, leftBehind: leftBehind), request: request, at: now)
        freeze.counted = leftBehind.filter(totals.hasCounted)
        let batch = try JournaledBatch(number: number, events: [.frozen(freeze)])
        frozen = batch
        approvals = ApprovalLog()
        batchNumber = Self.batch(after: number)
        updateSnapshot()
        return (batch, [.batch(number, .frozen(freeze)), .batchOpened(batchNumber)])
    }

    private func totals(of batch: Int, _ store: any JournalStore, withOpen: Bool = false) throws(JournalError) -> BatchTotals {
        guard let last = try store.batch(batch > 1 ? batch - 1 : Self.lastBatchNumber) else {
            return try totals(store.approved(batchNumber: batch), store, withOpen)
        }
        var totals = try totals(carried(last, store) + store.approved(batchNumber: batch), store, withOpen)
        totals.add(try carriedTips(last, store))
        return totals
    }

    private func totals(
        _ transactions: [JournaledTransaction], _ store: any JournalStore, _ withOpen: Bool
    ) throws(JournalError) -> BatchTotals {
        try BatchTotals(transactions, withOpen: withOpen) { id throws(JournalError) in try store.transaction(id) }
    }

    /// Advices that the last freeze left behind and the host has accepted since, too late for that batch's last 1520: they count in the next one.
    private func carried(_ last: JournaledBatch, _ store: any JournalStore) throws(JournalError) -> [JournaledTransaction] {
        var carried: [JournaledTransaction] = []
        for id in last.uncounted {
            guard let transaction = try store.transaction(id), transaction.advice != nil, transaction.type != .tipAdjust else { continue }
            if try !isUploaded(transaction, until: last, store) { carried.append(transaction) }
        }
        return carried
    }

    /// The same of tip adjustments: what the batch of their original was reconciled without. Tips are adjusted before the batch is closed, but one that was
    /// promised and had no link stays promised.
    private func carriedTips(_ last: JournaledBatch, _ store: any JournalStore) throws(JournalError) -> [BatchMember] {
        var carried: [BatchMember] = []
        for id in last.uncounted {
            guard let tip = try store.transaction(id), tip.type == .tipAdjust, tip.followUps.first?.isAcknowledged == true,
                let original = try tip.acceptance.original.flatMap({ id throws(JournalError) in try store.transaction(id) }),
                !original.isVoided
            else { continue }
            // What the last batch had for the original: as the adjustment before this one left it.
            var before = original.decision?.answer.totalAmount ?? 0
            var after = before
            for following in original.following {
                guard case .adjusted(_, let total) = following.effect else { continue }
                if following.by == id {
                    after = total
                    break
                }
                if try store.transaction(following.by)?.followUps.first?.isAcknowledged == true { before = total }
            }
            guard after != before, try !isUploaded(original, until: last, store) else { continue }
            carried.append(BatchMember(transaction: tip, amount: after - before))
        }
        return carried
    }

    /// Whether a batch upload had it, from its own batch to `last`: uploads have every tip that may have been booked, so that nothing is left to count,
    /// however many freezes leave an advice behind.
    private func isUploaded(
        _ transaction: JournaledTransaction, until last: JournaledBatch, _ store: any JournalStore
    ) throws(JournalError) -> Bool {
        guard let exchange = transaction.posting?.exchange else { return false }
        var number = transaction.acceptance.batchNumber
        while true {
            let batch = number == last.number ? last : try store.batch(number)
            if batch?.retry?.uploads.contains(where: { $0.original == exchange }) == true { return true }
            if number == last.number { return false }
            number = Self.batch(after: number)
        }
    }

    private static func batch(after number: Int) -> Int { number >= lastBatchNumber ? 1 : number + 1 }

    /// Six digits in 48.01.
    private static let lastBatchNumber = 999_999

    func feedReconciler(_ event: BatchReconciler.Event) {
        guard !isDead else { return }
        for action in reconciler.on(event) { perform(action) }
    }

    /// The batch is frozen on disk, or was found so.
    func reconcile(atStart: Bool = false) {
        guard let frozen else { return }
        if reconciler.batch == frozen.number { return feedReconciler(.hurry) }
        feedReconciler(.begin(batch: frozen.number, uploads: frozen.retry?.uploads.count ?? 0, sentBefore: atStart))
    }

    private func perform(_ action: BatchReconciler.Action) {
        guard let frozen else { return }
        switch action {
        case .reconcile(let isRepeat):
            var request = frozen.request
            request.isRepeat = isRepeat
            sendBatchMessage(.reconciliation(request))
        case .upload(let index, let isRepeat):
            guard let uploads = frozen.retry?.uploads, uploads.indices.contains(index) else {
                return feedReconciler(.answered(actionCode: ""))
            }
            sendBatchMessage(.advice(uploads[index].request(card: nil, isRepeat: isRepeat)))
        case .commitAnswer(let code): commitBatch(.answered(HostReply(actionCode: code, at: environment.clock.wallTime)))
        case .prepareRetry: prepareRetry(frozen)
        case .pause(let duration):
            pauseReconciler(duration)
            settlementWasTried()
        case .reconciled(let number):
            environment.log.notice("The batch is reconciled.", metadata: ["batch": "\(number)"])
            self.frozen = nil
            if running?.request.type == .settlement { feed(.settled) }
            settlementWasTried()
        case .flag(let code):
            environment.log.error(
                "The host does not agree with the batch even after its upload; somebody must look into it. It is tried again every hour.",
                metadata: ["batch": "\(frozen.number)", "actionCode": "\(code)"])
        }
    }

    /// Reconciled, or to be tried again later: what goes on is found by the next start.
    private func settlementWasTried() {
        guard isSettlementAnnounced else { return }
        isSettlementAnnounced = false
        restartWhenIdle()
    }

    private func sendBatchMessage(_ request: HostRequest) {
        reconcilerPause?.cancel()
        guard let number = frozen?.number else { return }
        if let store = journal?.store, (try? forgetResolved(store)) == true { return }
        let deadline = environment.clock.now.advanced(by: environment.configuration.limits.host)
        exchange(request, deadline: deadline) { engine, outcome in
            // An operator has ended it meanwhile, and the next batch may be frozen.
            guard engine.frozen?.number == number else { return }
            switch outcome {
            case .answered(let answer): engine.feedReconciler(.answered(actionCode: answer.actionCode))
            case .notConnected, .notSent: engine.feedReconciler(.nothingSent)
            case .noAnswer, .badAnswer: engine.feedReconciler(.unanswered)
            }
        }
    }

    /// A batch that an operator has ended, from another process, is not gone on with.
    @discardableResult func forgetResolved(_ store: any JournalStore) throws(JournalError) -> Bool {
        guard let number = frozen?.number, try store.batch(number)?.resolution != nil else { return false }
        frozen = nil
        reconcilerPause?.cancel()
        feedReconciler(.resolved)
        return true
    }

    private func pauseReconciler(_ duration: Duration) {
        reconcilerPause?.cancel()
        let clock = environment.clock
        let deadline = clock.now.advanced(by: duration)
        reconcilerPause = Task { [weak self] in
            do { try await clock.sleep(until: deadline) } catch { return }
            await self?.feedReconciler(.pauseOver)
        }
    }

    private func commitBatch(_ event: BatchEvent) {
        guard let number = frozen?.number else { return }
        do throws(JournalError) { try frozen?.apply(event) } catch { return die(error) }
        write([.batch(number, event)], .batch)
    }

    /// Batch upload: every posting of the batch as the terminal has it (691), and a new 1520 with what the journal knows by now.
    private func prepareRetry(_ batch: JournaledBatch) {
        guard let store = journal?.store else { return }
        do throws(JournalError) {
            let now = environment.clock.wallTime
            // A tip that the host may have booked already is in the upload, which says what the sale comes to with it.
            let totals = try totals(of: batch.number, store, withOpen: true)
            var uploads: [AdviceRecord] = []
            for member in totals.members where !member.isVoided && !member.isDifference {
                guard let posting = member.transaction.posting,
                    let amount = Amount(minorUnits: member.amount, currency: environment.configuration.currency)
                else { continue }
                uploads.append(
                    AdviceRecord(
                        exchange: exchangeIdentity("1220", now), functionCode: FunctionCode.batchUpload, original: posting.exchange,
                        processingCode: posting.processingCode, amount: amount, entryMode: posting.entryMode,
                        approvalCode: member.transaction.decision?.answer.authCode ?? "", batchNumber: batch.number,
                        marker: AdviceMarker.batchUpload))
            }
            var request = batch.freeze.request
            request.exchange = exchangeIdentity("1520", now)
            request.totals = totals.request
            commitBatch(.retried(BatchRetry(uploads: uploads, request: request)))
        } catch {
            die(error)
        }
    }

    /// The machine takes only the one that it waits for.
    func batchCommitted() {
        feedReconciler(.prepared(uploads: frozen?.retry?.uploads.count ?? 0))
        feedReconciler(.committed)
    }
}
