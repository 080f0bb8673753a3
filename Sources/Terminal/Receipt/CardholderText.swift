import Devices

/// What cardholder and cashier read.
enum CardholderText {
    static let welcome = "Welcome"
    static let cancelButton = "Cancel"

    /// `message` of a Status.
    static func cashier(_ context: StatusContext) -> String {
        switch context {
        case .tip: "Waiting for the tip"
        case .card: "Waiting for the card"
        case .cardEntry: "Waiting for the card number"
        case .applicationSelection: "Waiting for the choice of application"
        case .pin: "Waiting for the PIN"
        case .communication: "Asking the host"
        case .signature: "Waiting for the signature"
        case .removeCard: "Waiting for the card to be removed"
        case .receipt: "Printing the receipt"
        }
    }

    static func cardholder(_ prompt: DisplayMessage.Prompt, amount: String) -> String {
        switch prompt {
        case .welcome: welcome
        case .insertCard: "\(amount)\nPlease insert your card"
        case .processing: "Please wait\nDo not remove your card"
        case .removeCard: "Please remove your card"
        case .chooseApplication: "Please choose"
        case .enterPIN: "\(amount)\nPlease enter your PIN"
        case .approved: "Approved"
        case .declined: "Declined"
        case .cancelled: "Cancelled"
        case .notCompleted: "Not completed"
        }
    }
}

extension TransactionDecision {
    /// What the cardholder learns.
    var prompt: DisplayMessage.Prompt {
        switch result {
        case .completed: .approved
        case .declinedByCard, .declinedByHost: .declined
        case .cancelledByCardholder, .cancelledByPOS: .cancelled
        default: .notCompleted
        }
    }
}
