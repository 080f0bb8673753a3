import EMV
import Money
import PaymentHost
import SmartCard

/// What the engine holds of the transaction it runs. Card data lives here, from the card phase to the decision.
///
/// A class, since it is large and looked at in every step; it never leaves the engine.
final class RunningTransaction {
    let id: TransactionID
    let acceptance: Acceptance
    let report: @Sendable (TransactionReport) -> Void
    var plan: TransactionPlan
    /// Of its first message to the host.
    let exchange: ExchangeIdentity
    /// 1220s of the original that have not left and shall not, should this be decided 0: taken out of the queue meanwhile.
    let held: [(id: FollowUpID, followUp: FollowUp)]
    var machine: TransactionMachine
    var timers: [TransactionMachine.Timer: (generation: Int, scheduled: ScheduledAction)] = [:]
    var timerGeneration = 0
    /// The end of the host phase.
    var hostDeadline: ContinuousClock.Instant?

    var kernel: (any CardKernel)?
    /// Answers of an earlier dialogue are no answers of this one.
    var dialogue = 0
    /// The card has answered a command: what goes wrong now is no fallback.
    var hasAnswered = false
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
    /// For receipts.
    var cardObjects: [BERTLV] = []
    var cardType: CardBrandTable.CardType?
    /// What goes to the host of the card.
    var presented: PresentedCard?
    var outcome: KernelOutcome?

    /// Read and not taken yet.
    var swipe: SwipedCard?
    var tap: TappedCard?
    var keyed: TypedCard?
    var failedTaps = 0

    var draft: TransactionAnswer
    var pending: PendingReversal?
    var intent: IntentRecord?
    var hostAnswer: HostAnswer?
    var hostFinding: String?
    var decision: DecisionRecord?

    init(
        id: TransactionID, acceptance: Acceptance, report: @escaping @Sendable (TransactionReport) -> Void, plan: TransactionPlan,
        exchange: ExchangeIdentity, held: [(id: FollowUpID, followUp: FollowUp)], machine: TransactionMachine, draft: TransactionAnswer
    ) {
        self.id = id
        self.acceptance = acceptance
        self.report = report
        self.plan = plan
        self.exchange = exchange
        self.held = held
        self.machine = machine
        self.draft = draft
    }

    /// What the card is charged: everything included.
    var amount: Amount { plan.amount }
    var peer: PeerIdentity { acceptance.peer }
    var request: TransactionRequest { acceptance.request }
    /// Without answer: it runs.
    var recorded: RecordedTransaction { RecordedTransaction(id: id, peer: peer, answer: nil) }
}
