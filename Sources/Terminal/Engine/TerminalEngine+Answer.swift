import EMV
import Hex
import Keys
import PaymentHost
import SmartCard

/// What answer and receipts say of the card.
extension TerminalEngine {
    func cardReference(_ pan: PAN) -> CardReference? {
        guard let hash = try? environment.keys.cardHash(of: pan) else { return nil }
        return CardReference(hash: hash.bytes, bin: pan.firstSix, lastFour: pan.lastFour)
    }

    func addReceipts(_ answer: inout TransactionAnswer, _ current: RunningTransaction) {
        let verification = current.outcome?.receipt.cvm
        addReceipts(
            &answer, retrievalReference: current.exchange.retrievalReference, stan: current.exchange.stan,
            label: current.outcome?.receipt.label, objects: current.cardObjects,
            signatureLine: verification == .signature || verification == .offlinePINAndSignature
                || (current.outcome == nil && answer.cvm == CardholderVerification.signature.rawValue))
    }

    func addReceipts(
        _ answer: inout TransactionAnswer, retrievalReference: String, stan: Int, label: String? = nil, objects: [BERTLV] = [],
        signatureLine: Bool = false
    ) {
        var receipt = Receipt(
            merchantName: environment.configuration.merchantName, currency: environment.configuration.currency, answer: answer,
            applicationLabel: label, retrievalReference: retrievalReference, stan: stan, signatureLine: signatureLine)
        receipt.cardRows = environment.configuration.dataObjects.receipt
        receipt.cardObjects = objects
        receipt.merchantLocation = environment.configuration.merchantLocation
        receipt.lineItems = running?.request.lineItems ?? []
        receipt.customerReference = running?.request.customerReference
        receipt.purchaseOrder = running?.request.purchaseOrder
        receipt.isTaxExempt = running?.request.taxExempt == true
        receipt.tax = running?.plan.tax
        receipt.tipLine = running?.plan.tipQuestion == .onReceipt
        receipt.merchantLanguage = language
        receipt.customerLanguage = texts.language
        // Nobody but the merchant is told of a batch.
        guard answer.settlement == nil else { return answer.merchantReceipt = receipt.text(.merchant) }
        let copies = receipt.copies
        answer.merchantReceipt = copies.merchant
        answer.customerReceipt = copies.customer
    }
}

extension RunningTransaction {
    func learn(_ outcome: KernelOutcome, _ environment: TerminalEngine.Environment) {
        learn(outcome.card, outcome.receipt, environment)
    }

    func learn(_ card: KernelCardData?, _ receipt: KernelReceiptData, _ environment: TerminalEngine.Environment) {
        if let card {
            draft.account = environment.keys.accountMask.formatPreserving(card.pan, batchNumber: acceptance.batchNumber)
            draft.entryMode = EntryMode.chip.rawValue
            let row = environment.configuration.cardBrands.row(aid: receipt.aid, bin: card.pan.firstSix)
            cardType = row?.type
            draft.cardBrand = row?.brand
            draft.cardTypeProcessed = row?.type.processedCode
        }
        guard !receipt.aid.isEmpty else { return }
        cardObjects = receipt.objects
        draft.aid = receipt.aid.hex
        draft.tvr = receipt.tvr.hex
        draft.tsi = receipt.tsi.hex
        draft.preferredName = receipt.preferredName
        draft.cvm = receipt.cvm.rawValue
    }
}

extension HostCardholderAuthentication {
    /// Positions 8 and 9 of field 22.
    init(_ verification: CardholderVerification) {
        self =
            switch verification {
            case .none, .failed: .notAuthenticated
            case .signature: .signature
            case .onlinePIN: .onlinePIN
            case .offlinePIN, .offlinePINAndSignature: .offlinePIN
            }
    }
}
