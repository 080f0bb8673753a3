import Terminal

@testable import TerminalAPI

/// What is no operation's own: what heads every message, Status, Event, Error, the types of a Transaction and the parameters.
extension Coverage {
    private static let limits =
        "CARDTIMEOUT, CARDHOLDERTIMEOUT and HOSTTIMEOUT hold for the next transaction: 10, 10 and 23 at their seconds"
    private static let offline = "Limits: amount, total, count, age; PIN, debit and cash back never"
    private static let gift = "Gift types: a 1200 with their own processing code; forced ones a 1220"
    private static let inquiry = "Inquiries: a 1100 with function 108; silence is 23 without any reversal"
    private static let status = "Status is written under the contract's names, in every context"
    private static let event = "events are written under the contract's names"

    static let heads: [String: String] = [
        "operation": "the answer goes to the asker, with the request's name and id",
        "result": "approved and an authorization code never stand beside a result other than 0",
        "errorCondition": "errorCondition of every result code is one that the contract gives it; 0 and 60 have none",
        "errorMessage": "a declined approval stands beside its result, and the terminal's own condition wins",
        "requestId": "The same requestId: attaches while it runs, replays when it has ended, and is 3 with other fields; for 48 hours",
    ]

    static let contexts: [StatusContext: String] = [
        .tip: "TIP 1: Status Tip, the cardholder's choice before the card; host, answer and receipts have the sum",
        .card: "Without a card: Status Card, and 60 and 75 s begin",
        .cardEntry: "a typed card: number and expiry to the host without a track, Manual, stars and expDate to the POS, a line to sign on",
        .applicationSelection: "CARDHOLDERTIMEOUT at the choice of application: 10",
        .pin: "the cashier sees Pin, the cardholder is asked, then the dialogue goes on",
        .communication: "Communication is sent when the pending reversal is being committed; the first byte comes after that commit",
        .signature: "GetSignature: Status Signature, then the cardholder is asked",
        .removeCard: "The card of the last customer never pays: RemoveCard first, then Card, then the next card is read",
        .receipt: "printReceipt: both copies on paper, after the answer",
    ]

    static let messages: [(name: String, fields: [Field], tests: [String: String])] = [
        ("Status", OperationDefinition.status, Dictionary(uniqueKeysWithValues: OperationDefinition.status.map { ($0.name, status) })),
        ("Event", OperationDefinition.event, Dictionary(uniqueKeysWithValues: OperationDefinition.event.map { ($0.name, event) })),
    ]

    static let errors: [ResultCode: String] = [
        .badField: "what cannot be read is answered with operation Error and 3, and the connection stays",
        .busy: "a peer that floods is refused what reaches the terminal; its heartbeat, its Cancel and other peers are not",
    ]

    static let types: [TransactionType: String] = [
        .sale: "Approved: 0 with the approval code, everything in its order, two commits on the critical path",
        .authorization: "AUTHORIZATION is a 1100 with function 100; silence is reversed",
        .completion: "COMPLETION: a 1220 replacing the hold, 201 for its amount and 202 for another, the hold's approval code",
        .refund: "REFUND with a card: a 1200 with processing code 20",
        .void: "VOID of a sale by its approval code: one 1420 naming the 1200, 0, voided, the original's codes and amounts",
        .settlement:
            "Totals: approved 1200s and accepted 1220s by type and brand, voids on their own; declined and reversed ones in neither",
        .balanceInquiry: inquiry, .verify: inquiry, .giftBalanceInquiry: inquiry,
        .incrementalAuthorization:
            "INCREMENTAL_AUTHORIZATION: a 1100 with function 106 for the increment, naming the hold, without card; silence reverses it alone",
        .force:
            "FORCE: reads the card, sends a 1220 with it and the voice authorization's code; the card is kept enciphered until the 1230",
        .tipAdjust:
            "TIP_ADJUST: a 1220 with function 690 for the new total, naming the sale; the next one starts from there; VOID undoes all",
        .giftRedemption: gift, .giftIssuance: gift, .giftActivation: gift, .giftForceRedemption: gift, .giftForceIssuance: gift,
        .giftForceActivation: gift, .giftDeactivation: gift, .giftReactivation: gift,
    ]

    static let parameterKind = "every known key has its standard, which is itself a value of its kind"
    static let parameterRefused = "a bad value of a known key is refused, and none of the others is set"
    static let parameterKept = "what was set is there after a restart; the configuration's standards hold until then"

    static let parameterEffects: [String: String] = [
        "HWVENDORID": "HWVENDORID goes to the host as the vendor's id, once a POS has set one",
        "TAXPERCENT":
            "TAXPERCENT: tax included in the amount goes to the host unless the POS gives it or the customer pays none; printed",
        "STATICTIP": "STATICTIP is added to a SALE without a tip, and to no other",
        "TIPEXCEED": "TIPEXCEED: more than that share must be confirmed; no asks again",
        "LANG": "the language of a POS's choice holds for the next question",
        "ENGVAR": "ENGVAR: British English where Britain writes otherwise, else as in America; other languages are as they are",
        "NUMLOGDAYS": "test_log_files_are_kept_for_numlogdays_besides_today",
        "NUMBATCHSAVEDAYS": "NUMBATCHSAVEDAYS: what a settled batch holds is found for so many days, and no longer",
        "NUMDAYSAUTH": "After NUMDAYSAUTH an authorization is not open",
        "TIP": "The request's own TIP wins over the parameter; a tipAmount is not asked again; other types are not asked",
        "TIPCHOICES": "TIPCHOICES: the percentages that the cardholder is offered",
        "CARDTIMEOUT": limits, "CARDHOLDERTIMEOUT": limits, "HOSTTIMEOUT": limits,
        "SAFENABLED": "Host out of reach: 0, offline, offlineQueued, a code of the terminal's own; then one 1220 with the card, 1004",
        "SAFAMOUNTLIMIT": offline, "SAFCOUNTLIMIT": offline, "SAFTOTALLIMIT": offline, "SAFHOURS": offline,
        "REFUNDLIMIT": "test_refunds_without_an_original_have_limits", "REFUNDDAYLIMIT": "test_refunds_without_an_original_have_limits",
        "SETTLETIME": "At SETTLETIME the open batch is settled by itself, an empty one is not",
        "RESTARTTIME": "test_the_daily_restart_is_announced_and_the_terminal_is_back_in_service",
    ]
}
