import Testing

@testable import Lab

/// Plays requests into the books as the simulator does: the books' own verdict first, else approved.
struct LedgerScript {
    static let terminal = "TERM0001"
    var ledger = HostLedger()

    static func key(_ messageType: String, _ stan: Int, terminal: String = terminal) -> HostExchangeKey {
        HostExchangeKey(
            terminal: terminal, messageType: messageType, stan: String(String(1_000_000 + stan).dropFirst()), dateTime: "260728120000")
    }

    /// Sends a request and says what was answered. `approve` is the amount the issuer approves where the books leave it free, `nil` declines.
    @discardableResult
    mutating func send(
        _ messageType: String, _ stan: Int, amount: Int64 = 0, approve: Int64?? = .none, processing: String = "000000",
        function: String = "200",
        reason: String = "", original: HostExchangeKey? = nil, batch: String = "000001", terminal: String = terminal,
        partialAllowed: Bool = false,
        reportedNet: Int64? = nil, approvalCode: String? = nil
    ) -> LedgerDecision {
        let kinds: [String: LedgerRequest.Kind] = [
            "100": .authorization, "200": .financial, "220": .advice, "221": .advice, "420": .reversal, "421": .reversal,
            "520": .reconciliation, "521": .reconciliation, "804": .network,
        ]
        let request = LedgerRequest(
            kind: kinds[String(messageType.dropFirst())] ?? .network, key: Self.key(messageType, stan, terminal: terminal),
            original: original, retrievalReference: "RRN\(stan)", batch: batch, account: original == nil ? "476173******0119" : "",
            processingCode: processing, functionCode: function, reasonCode: reason, amount: amount, currency: "840",
            approvalCode: approvalCode, partialApprovalAllowed: partialAllowed, reportedNet: reportedNet)
        let decision: LedgerDecision =
            switch ledger.verdict(on: request) {
            case .repeated(let first): first
            case .decided(let own): own
            case .open:
                if let approved = approve ?? .some(amount) {
                    LedgerDecision(
                        actionCode: approved < amount ? "002" : "000", isApproved: true, amount: approved,
                        approvalCode: ledger.nextApprovalCode(batch: batch))
                } else {
                    .refused("100")
                }
            }
        ledger.record(request, decision)
        return decision
    }

    func transaction(_ messageType: String, _ stan: Int) throws -> LedgerTransaction {
        try #require(ledger[Self.key(messageType, stan)], "no \(messageType) with STAN \(stan) in the books")
    }
}
