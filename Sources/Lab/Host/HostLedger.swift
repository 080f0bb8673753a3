import PaymentHost

/// The books of the host: what every exchange left behind, by the rules of `host-protocol` ("What a 1430/1230 means to the ledger"). A pure value;
/// what it is told is repeatable, so a file of what it was told gives the same books again.
public struct HostLedger: Sendable {
    public private(set) var messages: [LedgerMessage] = []
    public private(set) var transactions: [LedgerTransaction] = []
    private var positions: [HostExchangeKey: Int] = [:]
    private var answers: [HostExchangeKey: LedgerDecision] = [:]
    private var approvalCodes: [String: Set<String>] = [:]
    /// Batches that balanced, by terminal.
    private var reconciled: [String: Set<String>] = [:]
    /// By root: it and everything that replaced or incremented it, in order of arrival.
    private var families: [Int: [Int]] = [:]
    private let approvalCodeSeed: Int

    /// - Parameter approvalCodeSeed: where the approval codes of a batch begin, so that books begun anew do not repeat the last ones.
    public init(approvalCodeSeed: Int = 123_456) { self.approvalCodeSeed = Int(approvalCodeSeed.magnitude % 900_000) }

    /// What the books themselves say to a request, before any rule is asked.
    public enum Verdict: Sendable, Hashable {
        /// It was here before: it is answered as the first was, and moves nothing.
        case repeated(LedgerDecision)
        /// Decided by the books alone.
        case decided(LedgerDecision)
        /// An 1100 or 1200 that the issuer is free to approve or decline.
        case open
    }

    public func verdict(on request: LedgerRequest) -> Verdict {
        if request.kind != .network, let first = answers[request.key] { return .repeated(first) }
        switch request.kind {
        case .network: return .decided(LedgerDecision(actionCode: "800", isApproved: true))
        case .reversal: return .decided(reversalDecision(request))
        case .reconciliation: return .decided(reconciliationDecision(request))
        case .authorization, .financial, .advice:
            // A reversal of it came first: it must not count any more.
            if positions[request.key] != nil { return .decided(.refused(HostActionCode.invalidTransaction)) }
            if request.kind == .advice { return .decided(adviceDecision(request)) }
            if request.isIncrement, openRoot(of: request) == nil { return .decided(.refused(HostActionCode.noSuchOriginal)) }
            return .open
        }
    }

    /// Enters a request and what was decided on it. A request already entered changes nothing.
    public mutating func record(_ request: LedgerRequest, _ decision: LedgerDecision) {
        guard request.kind == .network || answers[request.key] == nil else { return }
        if request.kind != .network { answers[request.key] = decision }
        if let code = decision.approvalCode ?? request.approvalCode { approvalCodes[request.batch, default: []].insert(code) }
        switch request.kind {
        case .authorization, .financial, .advice: enter(request, decision)
        case .reversal: reverse(request)
        case .reconciliation: if decision.isApproved { reconciled[request.key.terminal, default: []].insert(request.batch) }
        case .network: break
        }
    }

    public mutating func record(_ message: LedgerMessage) { messages.append(message) }

    // MARK: Reading

    public subscript(key: HostExchangeKey) -> LedgerTransaction? { positions[key].map { transactions[$0] } }

    /// Net of each batch, minor units, refunds negative; holds count nothing.
    public var netByBatch: [String: Int64] {
        transactions.reduce(into: [:]) { $0[$1.batch, default: 0] += $1.net }
    }

    public func net(batch: String, terminal: String) -> Int64 {
        transactions.reduce(0) { $0 + ($1.batch == batch && $1.key.terminal == terminal ? $1.net : 0) }
    }

    /// What a token stands for, masked; `nil` for one that this host never gave out.
    func account(of token: String) -> String? { transactions.last { $0.cardToken == token }?.account }

    func giftCard(_ token: String) -> HostGiftCard { HostGiftCard(token: token, transactions) }

    /// What is left of a card's limit, minor units: postings and holds count.
    func available(_ token: String, limit: Int64) -> Int64 {
        transactions.reduce(limit) { $0 - ($1.cardToken == token && HostGiftCard.Operation(type: $1.type) == nil ? $1.net + $1.hold : 0) }
    }

    public func isUsed(approvalCode: String, batch: String) -> Bool { approvalCodes[batch]?.contains(approvalCode) ?? false }

    /// The next approval code (field 38): six digits, unlike all others of the batch, those that terminals made themselves included.
    public func nextApprovalCode(batch: String) -> String {
        let used = approvalCodes[batch] ?? []
        // 7 is coprime to the 900 000 numbers 100000…999999, so the walk meets every one before it meets one twice.
        var candidate = approvalCodeSeed + (used.count * 7) % 900_000
        for _ in 0...used.count {
            let code = String(100_000 + candidate % 900_000)
            if !used.contains(code) { return code }
            candidate += 7
        }
        return String(100_000 + candidate % 900_000)
    }

    // MARK: Decisions of the books

    private func reversalDecision(_ request: LedgerRequest) -> LedgerDecision {
        guard let original = request.original, let position = positions[original], transactions[position].state != .unknownOriginal else {
            return .refused(HostActionCode.noSuchOriginal)
        }
        return LedgerDecision(actionCode: HostActionCode.reversalAccepted, isApproved: true)
    }

    private func reconciliationDecision(_ request: LedgerRequest) -> LedgerDecision {
        let net = net(batch: request.batch, terminal: request.key.terminal)
        guard request.reportedNet == net else {
            return LedgerDecision(actionCode: HostActionCode.notBalanced, isApproved: false, net: net)
        }
        return LedgerDecision(actionCode: HostActionCode.balanced, isApproved: true)
    }

    /// An advice tells what has happened, so it is accepted; only what it is to replace must be there. Private function codes (6xx: batch upload)
    /// tell the host what it may have missed, so they post without an original too.
    private func adviceDecision(_ request: LedgerRequest) -> LedgerDecision {
        if request.original != nil, openRoot(of: request) == nil, !(request.functionCode.hasPrefix("6") && !knowsOriginal(of: request)) {
            return .refused(HostActionCode.noSuchOriginal)
        }
        return LedgerDecision(actionCode: HostActionCode.approved, isApproved: true, amount: request.amount)
    }

    private func knowsOriginal(of request: LedgerRequest) -> Bool { request.original.map { positions[$0] != nil } ?? false }

    /// The exchange that an increment or advice belongs to, if it is approved and neither reversed nor voided.
    private func openRoot(of request: LedgerRequest) -> Int? {
        guard let original = request.original, let position = positions[original] else { return nil }
        let root = transactions[position].root
        return transactions[root].state == .approved ? root : nil
    }
}

// MARK: Entering

extension HostLedger {
    private mutating func enter(_ request: LedgerRequest, _ decision: LedgerDecision) {
        // 56 of a linked refund only refers to the sale; it replaces nothing.
        let root = request.isIncrement || request.kind == .advice ? openRoot(of: request) : nil
        let role: LedgerTransaction.Role =
            switch (request.kind, root) {
            case _ where request.isInquiry: .inquiry
            case (.authorization, .some): .increment
            case (.advice, .some): .replacement
            default: .original
            }
        let position = positions[request.key] ?? transactions.count
        var entry = LedgerTransaction(
            key: request.key, retrievalReference: request.retrievalReference, batch: batch(of: request), account: request.account,
            cardToken: request.cardToken,
            type: LedgerTransaction.type(kind: request.kind, function: request.functionCode, processing: request.processingCode),
            state: decision.isApproved ? .approved : .declined,
            amount: decision.amount * LedgerTransaction.sign(processing: request.processingCode), role: role, root: root ?? position,
            isUnwantedPartial: decision.isApproved && decision.amount < request.amount && !request.partialApprovalAllowed)
        if role == .replacement, request.functionCode.hasPrefix("6") { entry.type = "TIP_ADJUST" }
        if role == .replacement, request.functionCode == FunctionCode.tipAdjust, let root {
            let holder =
                (families[root] ?? []).last { transactions[$0].state == .approved && transactions[$0].role == .replacement } ?? root
            entry.isLate = isClosed(transactions[holder].batch, request.key.terminal)
            entry.batch = open(from: transactions[holder].batch, request.key.terminal)
        }
        if entry.account.isEmpty, let referred = root ?? request.original.flatMap({ positions[$0] }) {
            entry.account = transactions[referred].account
            entry.cardToken = transactions[referred].cardToken
        }
        if position < transactions.count { transactions[position] = entry } else { transactions.append(entry) }
        positions[request.key] = position
        if families[entry.root]?.contains(position) != true { families[entry.root, default: []].append(position) }
        settle(entry.root)
    }

    /// An advice for a batch that has balanced counts in the next one that has not.
    private func batch(of request: LedgerRequest) -> String {
        guard request.kind == .advice, !request.functionCode.hasPrefix("6") else { return request.batch }
        return open(from: request.batch, request.key.terminal)
    }

    private func isClosed(_ batch: String, _ terminal: String) -> Bool { reconciled[terminal]?.contains(batch) ?? false }

    private func open(from first: String, _ terminal: String) -> String {
        var batch = first
        while isClosed(batch, terminal), let number = Int(batch), number < 999_999 {
            batch = String(repeating: "0", count: max(0, batch.utf8.count - String(number + 1).utf8.count)) + String(number + 1)
        }
        return batch
    }

    private mutating func reverse(_ request: LedgerRequest) {
        guard let original = request.original else { return }
        guard let position = positions[original] else { return remember(original, of: request) }
        guard transactions[position].state == .approved else { return }
        // The original takes all that replaced or incremented it along; an increment or replacement goes alone.
        let named = transactions[position].root == position ? families[position] ?? [position] : [position]
        for index in named where transactions[index].state == .approved {
            // 4000 is a VOID, or a partial approval that nobody wanted.
            let isVoid = request.reasonCode == HostReasonCode.cancelled && !transactions[position].isUnwantedPartial
            transactions[index].state = isVoid ? .voided : .reversed
        }
        settle(transactions[position].root)
    }

    /// 914: the original may still be on its way, and must not count when it comes.
    private mutating func remember(_ original: HostExchangeKey, of request: LedgerRequest) {
        let kind: LedgerRequest.Kind =
            switch original.messageType.dropFirst() {
            case "100": .authorization
            case "220": .advice
            default: .financial
            }
        positions[original] = transactions.count
        transactions.append(
            LedgerTransaction(
                key: original, retrievalReference: request.retrievalReference, batch: request.batch, account: request.account,
                cardToken: request.cardToken, type: LedgerTransaction.type(kind: kind, function: "", processing: request.processingCode),
                state: .unknownOriginal,
                amount: 0, role: .original, root: transactions.count, isUnwantedPartial: false))
    }

    /// Works out what each exchange of one family is worth now: of the original, its increments and what replaced it, the last replacement that
    /// stands counts alone; without one the original and its increments count.
    private mutating func settle(_ root: Int) {
        let family = families[root] ?? []
        for index in family {
            transactions[index].net = 0
            transactions[index].hold = 0
        }
        let standing = family.filter { transactions[$0].state == .approved }
        guard standing.contains(root) else { return }
        let replacements = standing.filter { transactions[$0].role == .replacement }
        if !replacements.isEmpty {
            // Each takes the place of the one before, in the books too; a late one leaves that its amount, and has the difference.
            var holder: Int? = isHold(transactions[root].key) ? nil : root
            var settled: Int64 = 0
            for replacement in replacements {
                if transactions[replacement].isLate, let before = holder {
                    transactions[before].net = transactions[before].amount - settled
                    settled = transactions[before].amount
                }
                holder = replacement
            }
            if let holder { transactions[holder].net = transactions[holder].amount - settled }
            return
        }
        for index in standing where transactions[index].role != .inquiry {
            if isHold(transactions[index].key) {
                transactions[index].hold = transactions[index].amount
            } else {
                transactions[index].net = transactions[index].amount
            }
        }
    }

    /// 1100 (1987: 0100) is a hold, all else posts.
    private func isHold(_ key: HostExchangeKey) -> Bool { key.messageType.dropFirst() == "100" }
}
