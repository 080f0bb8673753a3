import Terminal

/// A point of sale as the message protocol wants it: one request after the other, each under a `requestId`; after a lost connection or terminal
/// it asks what became of its request.
///
/// `@unchecked Sendable`: used on the campaign's one thread only (`CampaignScheduler`).
final class CampaignPOS: @unchecked Sendable {
    /// What the POS knows of one of its requests.
    struct Record: Sendable {
        let request: TransactionRequest
        /// Answers told while it ran, and later when asked.
        var told: [TransactionAnswer] = []
        var refused: TransactionAnswer?
        /// Ended in the POS's eyes without a trace in the terminal: it was never accepted.
        var isForgotten = false
        var ids: Set<TransactionID> = []
        var begun: Duration?
        /// Told a final answer later than the contract allows, though the terminal lived all along.
        var isLate = false
    }

    static let peer = PeerIdentity("till")
    /// Section 2, "Time limits": every final leaves within 110 s.
    private static let longest = Duration.seconds(110)

    private unowned let run: CampaignRun
    private(set) var records: [Record] = []
    private var index = 0
    private var isConnected = true
    /// What was asked before a loss is not waited for any more.
    private var conversation = 0
    private var isWaiting = false
    private(set) var isDone = false
    private(set) var damage: String?
    private var found: [RecordedTransaction?]?

    init(_ run: CampaignRun) { self.run = run }

    func begin() { next(after: run.schedule.requests.first?.pause ?? .zero) }

    private func next(after pause: Duration) {
        isWaiting = false
        guard index < run.schedule.requests.count else { return isDone = true }
        run.scheduler.after(pause) { [self] in newRequest() }
    }

    private func finished() {
        guard isWaiting else { return }
        conversation += 1
        index += 1
        next(after: index < run.schedule.requests.count ? run.schedule.requests[index].pause : .zero)
    }

    private func newRequest() {
        guard let request = request() else {
            isWaiting = true
            return finished()
        }
        records.append(Record(request: request))
        isWaiting = true
        run.counter.behaviour = run.schedule.cards[index]
        run.begins(index)
        ask()
    }

    private static let originals: [TransactionType: Set<TransactionType>] = [
        .void: [.sale, .refund, .authorization, .completion, .force], .completion: [.authorization],
        .incrementalAuthorization: [.authorization], .tipAdjust: [.sale],
    ]

    /// The planned request, its original filled in; `nil` when there is none.
    private func request() -> TransactionRequest? {
        let planned = run.schedule.requests[index]
        var request = TransactionRequest(type: planned.type)
        request.requestID = "request-\(String(repeating: "0", count: 8))\(index)"
        request.reference = "R\(index)"
        if planned.partialAllowed { request.parameters["PARTIALAUTH"] = "1" }
        if let kinds = Self.originals[planned.type] {
            let original = records.last { record in
                kinds.contains(record.request.type) && record.told.last?.approval == .approved && record.told.last?.transactionID != nil
            }
            guard let original else { return nil }
            request.originalTransactionID = original.told.last?.transactionID?.description
        } else if planned.type == .refund, planned.repeats {
            // Linked, where there is a sale to give back.
            let sale = records.last { $0.request.type == .sale && $0.told.last?.approval == .approved }
            request.originalTransactionID = sale?.told.last?.transactionID?.description
        }
        switch planned.type {
        case .void, .settlement, .verify, .balanceInquiry: break
        case .tipAdjust: request.tipAmount = planned.amount
        default: request.requestedAmount = planned.amount
        }
        if planned.type == .force { request.authCode = "654321" }
        return request
    }

    private func ask() {
        guard let process = run.process, process.isReady, isConnected else { return }
        conversation += 1
        let (conversation, position) = (conversation, records.count - 1)
        let request = records[position].request
        if records[position].begun == nil { records[position].begun = run.scheduler.now }
        run.note("POS: \(request.type.rawValue) \(request.requestID ?? "")")
        Task { [weak self] in
            let answer = await process.engine.begin(request, peer: Self.peer) { [weak self, weak process] report in
                guard let self, let process, process === self.run.process, conversation == self.conversation, self.isConnected else {
                    return
                }
                if case .final(let final) = report { self.learn(final, position) }
            }
            guard let self, process === run.process, conversation == self.conversation else { return }
            heard(answer, position)
        }
        watch(conversation, position)
    }

    private func heard(_ answer: BeginAnswer, _ position: Int) {
        switch answer {
        case .accepted(let id): records[position].ids.insert(id)
        case .attach(let id):
            records[position].ids.insert(id)
            poll(position)
        case .replay(let recorded):
            records[position].ids.insert(recorded.id)
            if let final = recorded.answer { learn(final, position) } else { poll(position) }
        case .refused(let answer) where answer.result == .busy || answer.result == .terminalNotReady:
            run.note("POS told: \(answer.result)")
            let conversation = conversation
            run.scheduler.after(.seconds(3)) { [self] in if conversation == self.conversation { ask() } }
        case .refused(let answer):
            run.note("POS told: refused \(answer.result) \(answer.errorMessage ?? "")")
            records[position].refused = answer
            finished()
        }
    }

    private func learn(_ final: TransactionAnswer, _ position: Int) {
        run.note("POS told: \(final.result) \(final.approval.map { $0.rawValue } ?? "-") \(final.state.map { $0.rawValue } ?? "-")")
        records[position].told.append(final)
        finished()
    }

    /// After a loss: section 5, `LastTransaction` and the same `requestId` again.
    private func recover() {
        guard isWaiting, let process = run.process, process.isReady, isConnected, !records.isEmpty else { return }
        conversation += 1
        let (conversation, position) = (conversation, records.count - 1)
        let record = records[position]
        guard record.begun != nil else { return ask() }
        if run.schedule.requests[index].repeats { return ask() }
        Task { [weak self] in
            let recorded = await process.engine.transaction(requestID: record.request.requestID ?? "")
            guard let self, process === run.process, conversation == self.conversation else { return }
            if let final = recorded?.answer {
                records[position].ids.insert(recorded?.id ?? TransactionID(""))
                learn(final, position)
            } else if recorded != nil || !process.engine.information.isJournalReadable {
                poll(position)
            } else {
                records[position].isForgotten = true
                run.note("POS told: no such request")
                finished()
            }
        }
    }

    private func poll(_ position: Int) {
        let conversation = conversation
        run.scheduler.after(.seconds(2)) { [self] in if conversation == self.conversation { recover() } }
    }

    private func watch(_ conversation: Int, _ position: Int) {
        run.scheduler.after(Self.longest) { [self] in
            guard conversation == self.conversation, isWaiting, records[position].ids.count == 1 else { return }
            records[position].isLate = true
        }
    }

    // MARK: What happens to it

    func terminalIsGone() { conversation += 1 }

    func terminalIsBack() {
        run.note("the terminal is back")
        recover()
    }

    func journalIsDamaged(_ text: String) {
        damage = text
        isDone = true
    }

    func lose(back: Duration) {
        guard isConnected else { return }
        isConnected = false
        conversation += 1
        tell(.away)
        run.scheduler.after(.seconds(15)) { [self] in if !isConnected { tell(.lost) } }
        run.scheduler.after(back) { [self] in
            isConnected = true
            tell(.there)
            recover()
        }
    }

    private func tell(_ presence: POSPresence) {
        guard let process = run.process, process.isReady, isWaiting, let id = records.last?.ids.first else { return }
        Task { await process.engine.presence(presence, of: id) }
    }

    func cancel() {
        guard let process = run.process, process.isReady, isWaiting, let id = records.last?.ids.first else { return }
        Task { _ = await process.engine.cancel(id) }
    }

    // MARK: Afterwards

    /// Each record with what the terminal says of it now.
    func final() -> [(record: Record, recorded: RecordedTransaction?)] {
        guard let process = run.process else { return records.map { ($0, nil) } }
        found = nil
        Task { [self, records] in
            var all: [RecordedTransaction?] = []
            for record in records { all.append(await process.engine.transaction(requestID: record.request.requestID ?? "")) }
            found = all
        }
        _ = run.scheduler.run(until: run.scheduler.now + .seconds(60)) { found != nil }
        return Array(zip(records, found ?? records.map { _ in nil }))
    }

    func end() { conversation += 1 }
}
