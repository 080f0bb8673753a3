extension ResultCode {
    /// `errorCondition` of pos-protocol, section 2; `nil` for 0 and 60. For 1 and 20, of which there are several, the commonest.
    public var condition: ErrorCondition? {
        switch self {
        case .completed, .inProgress: nil
        case .applicationError: .internal
        case .cardUnreadable, .deviceFault, .terminalNotReady: .deviceUnavailable
        case .badField: .invalidField
        case .originalNotRecognised, .nothingToCancel, .noLastTransaction: .notFound
        case .busy: .busy
        case .cardRemoved: .cardRemoved
        case .timeout: .timeout
        case .cancelledByCardholder, .cancelledByPOS, .reversedPOSLost: .cancelled
        case .cancelTooLate: .tooLate
        case .declinedByCard, .declinedByHost: .declined
        case .hostUnreachable, .notSent: .hostUnreachable
        case .noAnswer, .badAnswer, .outcomeUnknown: .outcomeUnknown
        case .anotherCard, .missingCredentials, .notAllowed: .notAllowed
        case .unsupported: .unsupported
        }
    }
}
