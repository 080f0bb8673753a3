/// Finds what a follow-up names (pos-protocol, section 4): exactly one match, never a guess.
struct OriginalFinder: Sendable {
    let store: any JournalStore
    let batchNumber: Int
    /// Accepted before this moment an AUTHORIZATION is no longer open (`NUMDAYSAUTH`).
    let authorizationsSince: WallTime

    func find(_ request: TransactionRequest) throws(PlanError) -> JournaledTransaction {
        let type = request.type
        let named: [JournaledTransaction]
        let name: String
        // `originalTransactionID` wins over `originalAuthCode`.
        if let id = request.originalTransactionID {
            name = "originalTransactionID"
            named = try journal { () throws(JournalError) in try store.transaction(TransactionID(id)).map { [$0] } ?? [] }
        } else if let code = request.originalAuthCode {
            name = "originalAuthCode"
            named = try journal { () throws(JournalError) in try store.approved(authCode: code) }
        } else {
            throw .refused(Refusal(.badField, "originalAuthCode or originalTransactionID: \(type.rawValue) needs one of them."))
        }
        var heads: [JournaledTransaction] = []
        for transaction in named where transaction.isApproved {
            let head = try head(of: transaction, for: type)
            if type.profile.originals.contains(head.type), !heads.contains(where: { $0.id == head.id }) { heads.append(head) }
        }
        guard !heads.isEmpty else {
            throw .refused(Refusal(.originalNotRecognised, "\(name): no approved transaction that \(type.rawValue) could follow has it."))
        }
        return try choose(heads, name, type)
    }

    /// A client may know any part of a transaction: its increment, its tip adjustment, the authorization of a completion.
    private func head(of transaction: JournaledTransaction, for type: TransactionType) throws(PlanError) -> JournaledTransaction {
        var head = transaction
        if head.type == .incrementalAuthorization || head.type == .tipAdjust, let id = head.acceptance.original {
            head = try journal { () throws(JournalError) in try store.transaction(id) } ?? head
        }
        // What an AUTHORIZATION became is what is voided or refunded.
        if type == .void || type == .refund, let id = head.completedBy {
            head = try journal { () throws(JournalError) in try store.transaction(id) } ?? head
        }
        return head
    }

    private func choose(_ heads: [JournaledTransaction], _ name: String, _ type: TransactionType) throws(PlanError) -> JournaledTransaction
    {
        var reasons: [String] = []
        var isClosed = false
        let open = heads.filter { head in
            guard let reason = whyNot(head, type) else { return true }
            isClosed = isClosed || reason == .closedBatch
            reasons.append("\(head.id) \(reason.rawValue)")
            return false
        }
        if open.count == 1, let only = open.first { return only }
        if open.count > 1 {
            let ids = open.map(\.id.description).joined(separator: ", ")
            throw .refused(
                Refusal(.originalNotRecognised, "\(name): \(open.count) transactions match: \(ids). Name one by originalTransactionID."))
        }
        let message = "\(name): \(reasons.joined(separator: "; "))."
        throw .refused(Refusal(type == .void && isClosed ? .notAllowed : .originalNotRecognised, message))
    }

    private enum Reason: String {
        case voided = "is voided"
        case completed = "is completed"
        case expired = "is too old"
        case closedBatch = "is in a closed batch"
    }

    /// VOID looks at what is voided too, so that a repeated one is answered like the first; all others at what is open.
    private func whyNot(_ head: JournaledTransaction, _ type: TransactionType) -> Reason? {
        if type == .void { return head.acceptance.batchNumber == batchNumber ? nil : .closedBatch }
        if head.isVoided { return .voided }
        switch type {
        case .completion, .incrementalAuthorization:
            if head.completedBy != nil { return .completed }
            return head.acceptance.at < authorizationsSince ? .expired : nil
        // Tips are adjusted before the batch is closed.
        case .tipAdjust: return head.acceptance.batchNumber == batchNumber ? nil : .closedBatch
        default: return nil
        }
    }

    private func journal<Value>(_ body: () throws(JournalError) -> Value) throws(PlanError) -> Value {
        do throws(JournalError) { return try body() } catch { throw .journal(error) }
    }
}
