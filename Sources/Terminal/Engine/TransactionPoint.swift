/// Named moments of a transaction at which a rehearsal may end the process (lab control interface, `POST /lab/terminal`). "After" a commit means
/// after its sync; `afterAnswer`, `afterReversalAnswer` and `afterAdviceAnswer` are: received, before any commit.
public enum TransactionPoint: String, Sendable, Hashable, CaseIterable {
    case afterAccept
    /// Also the intent commit.
    case afterPending
    case beforeSend
    case afterSend
    case afterAnswer
    case afterSecondGenerateAC
    case afterDecision
    case beforeReply
    case afterReply
    case beforeReversalSend
    case afterReversalSend
    case afterReversalAnswer
    case afterReversalAck
    case afterAdviceSend
    case afterAdviceAnswer
    case beforeBatchRoll
    case afterBatchRoll
    case afterReconciliationSend
    case afterReconciliationAnswer
}
