import Money
import PaymentHost

/// A request as the terminal will carry it out, decided before acceptance.
struct TransactionPlan: Sendable {
    let profile: TransactionProfile
    /// Field 4.
    var amount: Amount
    /// The request's, or what STATICTIP or the cardholder made of it.
    var tip: Int64?
    /// The request's, or by TAXPERCENT.
    var tax: Int64?
    /// What becomes of a wish for a tip.
    var tipQuestion = TipQuestion.none
    var entry: TransactionMachine.Entry
    /// What it follows up.
    var original: JournaledTransaction?
    /// Of a COMPLETION that is voided: its AUTHORIZATION.
    var hold: JournaledTransaction?
    /// 1220s of the original and of what followed it that are not over.
    var outstanding: [(id: FollowUpID, followUp: FollowUp)] = []
    /// The VOID that this one repeats.
    var replayed: JournaledTransaction?
    /// What falls on other transactions once this one is decided 0.
    var effects: [FollowingEffect] = []

    /// Field 3: cash back is a kind of its own (host-protocol, "Fields").
    func processingCode(_ request: TransactionRequest) -> String {
        let isCashback = profile.processing == .goods && (request.cashbackAmount ?? 0) > 0
        return (isCashback ? ProcessingCode.cashback : profile.processing).text()
    }
}

/// Why a request is answered before acceptance.
struct Refusal: Error, Sendable, Hashable {
    var result: ResultCode
    var condition: ErrorCondition?
    var message: String

    init(_ result: ResultCode, _ message: String, condition: ErrorCondition? = nil) {
        self.result = result
        self.message = message
        self.condition = condition
    }
}

enum PlanError: Error, Sendable {
    case refused(Refusal)
    case journal(JournalError)
}
