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
    /// The snapshot is taken when the message is written.
    case information(requestID: String?)
}

extension ErrorCondition {
    /// The condition of a code where it has just one; the most likely where it has more (pos-protocol, section 2).
    init?(_ result: ResultCode) {
        switch result {
        case .completed, .inProgress: return nil
        case .applicationError: self = .internal
        case .cardUnreadable, .deviceFault, .terminalNotReady: self = .deviceUnavailable
        case .badField: self = .invalidField
        case .originalNotRecognised, .nothingToCancel, .noLastTransaction: self = .notFound
        case .busy: self = .busy
        case .cardRemoved: self = .cardRemoved
        case .timeout: self = .timeout
        case .cancelledByCardholder, .cancelledByPOS, .reversedPOSLost: self = .cancelled
        case .cancelTooLate: self = .tooLate
        case .declinedByCard, .declinedByHost: self = .declined
        case .hostUnreachable, .notSent: self = .hostUnreachable
        case .noAnswer, .badAnswer, .outcomeUnknown: self = .outcomeUnknown
        case .anotherCard, .missingCredentials, .notAllowed: self = .notAllowed
        case .unsupported: self = .unsupported
        }
    }
}
