import Money
import PaymentHost

@testable import Terminal

/// Journal entries with as little in them as the rules need.
enum JournalSamples {
    static let dollar = Currency(numericCode: 840, alphabeticCode: "USD", exponent: 2)
    static let time = WallTime(milliseconds: 1_795_384_089_000)

    static func accepted(
        _ id: String, peer: String = "till", requestID: String? = nil, reference: String? = nil, unique: String? = nil, at: WallTime = time,
        batch: Int = 1, date: String = "20261122"
    ) -> JournalEntry {
        var request = TransactionRequest(type: .sale)
        request.requestedAmount = 500
        request.requestID = requestID
        request.reference = reference
        request.uniqueTransactionID = unique
        var draft = TransactionAnswer(result: .applicationError)
        draft.transactionDate = date
        return .transaction(
            TransactionID(id),
            .accepted(
                Acceptance(
                    peer: PeerIdentity(peer), request: request, at: at, batchNumber: batch, draft: draft)))
    }

    static func pending(_ id: String, stan: Int = 1) -> JournalEntry {
        .transaction(TransactionID(id), .reversalPending(pendingReversal(stan)))
    }

    static func pendingReversal(_ stan: Int = 1) -> PendingReversal {
        var draft = TransactionAnswer(result: .applicationError)
        draft.account = "476173xxxxxx0010"
        return PendingReversal(
            exchange: ExchangeIdentity(
                mti: "1200", stan: stan, localDateTime: "261122214809", transmissionDateTime: "1122214809",
                retrievalReference: "632621000001"),
            reversalSTAN: stan + 1, processingCode: "000000", amount: .zero(dollar), entryMode: .chip, batchNumber: 1,
            card: CardReference(hash: Array(repeating: 7, count: 32), bin: "476173", lastFour: "0010"), draft: draft, at: time)
    }

    static func decided(_ id: String, _ decision: TransactionDecision, authCode: String? = nil) -> JournalEntry {
        var answer = TransactionAnswer(result: .applicationError)
        answer.conclude(decision, host: nil, amount: Amount(minorUnits: 500, currency: dollar), authCode: authCode)
        let reversal = decision.reversal.map {
            pendingReversal().reversal($0, localDateTime: "261122214839", transmissionDateTime: "1122214839")
        }
        return .transaction(
            TransactionID(id),
            .decided(DecisionRecord(answer: answer, followUps: reversal.map { [FollowUp(.reversal($0))] } ?? [], at: time)))
    }

    static func sent(_ id: String, _ index: Int = 0) -> JournalEntry { .transaction(TransactionID(id), .followUp(index, .sent(at: time))) }

    static func acknowledged(_ id: String, _ code: String = "400", _ index: Int = 0) -> JournalEntry {
        .transaction(TransactionID(id), .followUp(index, .acknowledged(HostReply(actionCode: code, at: time))))
    }

    static func flagged(_ id: String, _ index: Int = 0) -> JournalEntry {
        .transaction(TransactionID(id), .followUp(index, .flagged(HostReply(actionCode: "904", at: time))))
    }

    static let approved = TransactionDecision(.completed, hostContact: true)
    static let silent = TransactionDecision(.noAnswer, reversal: .noAnswer, hostContact: true)
}
