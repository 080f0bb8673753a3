import Terminal

/// One message to a POS.
enum POSMessage: Sendable, Equatable {
    /// An answer without fields of its own; with `5`, nothing that could be mistaken for the running transaction's (pos-protocol, section 2).
    case result(operation: String, ResultCode, errorMessage: String?, requestID: String?)
    /// The same with a condition that the code alone does not tell.
    case refusal(operation: String, ResultCode, ErrorCondition, errorMessage: String, requestID: String?)
    /// A transaction's final answer, or the same asked for later under another operation's name.
    case transaction(operation: String, TransactionAnswer, requestID: String?, replayed: Bool)
    case status(StatusContext, message: String, uniqueTransactionID: String?, reference: String?, requestID: String?)
    case operation(String, OperationAnswer, requestID: String?)
    case event(TerminalEvent)
    /// The snapshot is taken when the message is written.
    case information(requestID: String?)
}
