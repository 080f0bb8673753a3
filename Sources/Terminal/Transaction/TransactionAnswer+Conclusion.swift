import Money
import PaymentHost

extension TransactionAnswer {
    /// What a transaction without a card of its own says of the original's. The amounts of a VOID are the original's too.
    init(following original: JournaledTransaction, as type: TransactionType) {
        self.init(result: .applicationError)
        guard let answer = original.decision?.answer else { return }
        account = answer.account
        cardBrand = answer.cardBrand
        cardTypeProcessed = answer.cardTypeProcessed
        entryMode = answer.entryMode
        cardToken = answer.cardToken
        originalAuthCode = answer.authCode
        guard type == .void else { return }
        requestedAmount = answer.requestedAmount
        tipAmount = original.currentTip
        cashbackAmount = answer.cashbackAmount
        surchargeAmount = answer.surchargeAmount
    }

    /// Makes the draft the answer of the decision. `host` is what the host said, `amount` what it was asked for, `authCode` the terminal's or the
    /// original's where the host gives none.
    mutating func conclude(_ decision: TransactionDecision, host: HostAnswer?, amount: Amount?, authCode: String? = nil) {
        result = decision.result
        approval = type == .settlement ? nil : decision.approval
        state = decision.state
        errorCondition = decision.result.condition
        errorMessage = decision.result.explanation
        switch decision.result {
        case .completed:
            responseCode = host?.responseCode
            hostMessage = host?.message
            // Section 3: `authCode` is absent unless the result is 0.
            self.authCode = host?.approvalCode ?? authCode
            let charged = host?.isPartial == true ? host?.amount ?? amount : amount
            // Section 4: both are what the card is charged, tip included; nothing for what moves nothing.
            authorizedAmount = charged.flatMap { $0.minorUnits > 0 ? $0.minorUnits : nil }
            totalAmount = authorizedAmount
            cardToken = host?.cardToken ?? cardToken
            balance = host?.balance
        case .declinedByHost:
            responseCode = host?.responseCode
            hostMessage = host?.message
            if decision.reversal == .cancelled { errorMessage = "The host approved only a part of the amount; that was reversed." }
        case .noAnswer where decision.reversal == nil: errorMessage = "No answer from the host."
        case .badAnswer where decision.reversal == nil: errorMessage = "Bad answer from the host."
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
        case .anotherCard: "This is not the card of the original transaction."
        case .outcomeUnknown: "Not finished in time; it goes on by itself."
        case .reversedPOSLost: "Approved, and reversed because the connection to the point of sale was lost."
        default: "The transaction ended with \(rawValue)."
        }
    }
}
