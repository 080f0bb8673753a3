import EMV
import Money
import PaymentHost

/// What the engine holds of the transaction it runs. Card data lives here, from the card phase to the decision.
struct RunningTransaction {
    let id: TransactionID
    let acceptance: Acceptance
    let report: @Sendable (TransactionReport) -> Void
    let exchange: ExchangeIdentity
    /// What the card is charged: everything included.
    let amount: Amount
    var machine: TransactionMachine
    var timers: [TransactionMachine.Timer: (generation: Int, task: Task<Void, Never>)] = [:]
    var timerGeneration = 0
    /// The end of the host phase.
    var hostDeadline: ContinuousClock.Instant?

    var kernel: (any CardKernel)?
    /// Answers of an earlier dialogue are no answers of this one.
    var dialogue = 0
    /// Why the last command to the card failed.
    var cardFailure: TransactionMachine.CardEnd?
    var candidates: [ApplicationCandidate] = []
    /// By the card's language preference (5F2D), once it is read.
    var cardLanguage: Language?
    /// Waits for a button.
    var choice: Task<Void, Never>?
    /// What the cardholder is asked to type.
    var pinRequest: PINRequest?
    /// As the pad enciphered it.
    var pin: HostPINData?
    /// Has issuer scripts to send after the decision.
    var scriptKernel: (any CardKernel)?
    /// Cleared as soon as it is on its way to the host.
    var online: OnlineRequest?
    var outcome: KernelOutcome?

    var draft: TransactionAnswer
    var pending: PendingReversal?
    var hostAnswer: HostAnswer?
    var hostFinding: String?
    var decision: DecisionRecord?

    var peer: PeerIdentity { acceptance.peer }
    var request: TransactionRequest { acceptance.request }
    /// Without answer: it runs.
    var recorded: RecordedTransaction { RecordedTransaction(id: id, peer: peer, answer: nil) }
}
