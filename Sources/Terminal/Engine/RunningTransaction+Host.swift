import Keys
import Money
import PaymentHost
import SmartCard

/// What the card phase gave for the host. Lives to the decision.
struct PresentedCard: Sendable {
    /// `nil` once it is on its way and nothing else needs it.
    var card: HostCard?
    var entryMode: EntryMode
    var authentication: HostCardholderAuthentication
    var pin: HostPINData?
    /// What is kept after the decision; `nil` when the terminal cannot read the number.
    var reference: CardReference?

    mutating func forgetSecrets() {
        pin = nil
        card = nil
    }
}

extension RunningTransaction {
    var processingCode: String { plan.processingCode(request) }

    /// Field 22 of messages without a card of their own is the original's.
    var entryMode: EntryMode { presented?.entryMode ?? plan.original?.posting?.entryMode ?? .manual }

    /// The 1100 or 1200.
    func financialRequest(functionCode: String) -> FinancialRequest {
        let token = request.cardToken.map {
            HostCard.token($0, expiry: request.expiryDate, storedCredential: request.storedCredential)
        }
        return FinancialRequest(
            exchange: exchange, functionCode: functionCode, processingCode: processingCode, amount: amount, tip: part(plan.tip),
            cashback: part(request.cashbackAmount), surcharge: part(request.surchargeAmount), tax: part(plan.tax),
            card: presented?.card ?? token, entryMode: entryMode, authentication: presented?.authentication ?? .notAuthenticated,
            pin: presented?.pin, original: plan.original?.posting?.exchange,
            originalApprovalCode: plan.original?.decision?.answer.authCode, batchNumber: acceptance.batchNumber,
            partialApprovalAllowed: machine.rules.partialApprovalAllowed, invoice: request.invoice, reference: request.reference)
    }

    func part(_ value: Int64?) -> Amount? { value.flatMap { $0 > 0 ? .init(minorUnits: $0, currency: amount.currency) : nil } }

    /// The 1220 of FORCE or store and forward.
    func advice(
        _ exchange: ExchangeIdentity, reason: AdviceRequest.Reason, approvalCode: String, hasCard: Bool
    ) -> AdviceRecord {
        var record = AdviceRecord(
            exchange: exchange, functionCode: FunctionCode.financial, reason: reason, processingCode: processingCode, amount: amount,
            entryMode: entryMode, authentication: presented?.authentication ?? .notAuthenticated, approvalCode: approvalCode,
            batchNumber: acceptance.batchNumber, hasCard: hasCard)
        record.tip = part(plan.tip)
        record.cashback = part(request.cashbackAmount)
        record.surcharge = part(request.surchargeAmount)
        record.tax = part(plan.tax)
        record.invoice = request.invoice
        record.reference = request.reference
        return record
    }

    /// The card as a 1220 carries it: with the card's last cryptogram in place of the one that asked for the host.
    var cardForAdvice: HostCard? {
        guard let presented else {
            return request.cardToken.map { .token($0, expiry: request.expiryDate, storedCredential: request.storedCredential) }
        }
        guard case .clear(var data) = presented.card, let last = outcome?.finalICCData, !last.isEmpty else { return presented.card }
        data.iccData = ICCData.merging(data.iccData ?? [], with: last)
        return .clear(data)
    }
}

/// Field 55 as a sequence of data objects.
enum ICCData {
    /// Objects of `new` in place of those of `old` with the same tag, else behind them. What cannot be parsed stays as it is.
    static func merging(_ old: [UInt8], with new: [UInt8]) -> [UInt8] {
        guard let before = try? BERTLV.parse(old), let after = try? BERTLV.parse(new) else { return old.isEmpty ? new : old }
        let kept = before.map { object in after.last { $0.tag == object.tag } ?? object }
        let added = after.filter { object in !before.contains { $0.tag == object.tag } }
        return (kept + added).encoded
    }
}
