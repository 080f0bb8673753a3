import Money
import PaymentHost

extension TransactionAnswer {
    /// Makes the draft the answer of the decision. `host` is what the host said, `amount` what it was asked for.
    mutating func conclude(_ decision: TransactionDecision, host: HostAnswer?, amount: Amount?) {
        result = decision.result
        approval = decision.approval
        state = decision.state
        errorCondition = decision.result.condition
        errorMessage = decision.result.explanation
        switch decision.result {
        case .completed:
            responseCode = host?.responseCode
            hostMessage = host?.message
            // Section 3: `authCode` is absent unless the result is 0.
            authCode = host?.approvalCode
            let charged = host?.isPartial == true ? host?.amount ?? amount : amount
            // Section 4: both are what the card is charged, tip included.
            authorizedAmount = charged?.minorUnits
            totalAmount = charged?.minorUnits
            cardToken = host?.cardToken
            balance = host?.balance
        case .declinedByHost:
            responseCode = host?.responseCode
            hostMessage = host?.message
            if decision.reversal == .cancelled { errorMessage = "The host approved only a part of the amount; that was reversed." }
        default: break
        }
    }
}

extension ResultCode {
    /// `errorMessage` of a decision.
    var explanation: String? {
        switch self {
        case .completed: nil
        case .cardUnreadable: "The card could not be read."
        case .cardRemoved: "The card was removed too early."
        case .timeout: "Nobody presented a card in time."
        case .cancelledByCardholder: "Cancelled by the cardholder."
        case .cancelledByPOS: "Cancelled by the point of sale."
        case .declinedByCard: "Declined by the card."
        case .declinedByHost: "Declined by the host."
        case .hostUnreachable: "The host could not be reached; nothing was sent."
        case .notSent: "The request could not be sent."
        case .noAnswer: "No answer from the host; a reversal is due."
        case .badAnswer: "Bad answer from the host; a reversal is due."
        case .deviceFault: "The card reader failed."
        case .reversedPOSLost: "Approved, and reversed because the connection to the point of sale was lost."
        default: "The transaction ended with \(rawValue)."
        }
    }
}
