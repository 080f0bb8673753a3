import Terminal

@testable import TerminalAPI

/// Which test shows what of every operation: every field of its request and of its answer, and every result that it can have. Here are the
/// results; `docs/protocol/coverage.md` is written from all of it.
enum Coverage {
    /// Tests by their names, as they stand in the sources.
    static let malformed = "every known field that is malformed is 3 and named"
    static let examples = "the example of every operation is a request of it"
    static let live = "test_the_answer_to_every_example_is_as_the_schema_says"
    static let busy = "one operation at a time: any other gets 5 while one runs, whichever kind, from any connection"
    static let asked = "the last transaction is answered under the inquiry's name, with that transaction's result"
    private static let flood =
        "a peer that floods is refused what reaches the terminal; its heartbeat, its Cancel and other peers are not"
    private static let journal =
        "a journal that cannot be read: GetTransactions and PrintLastReceipt are 20 `internal`, never that there is nothing"
    private static let failing = "a certificate operation that fails here is 1, one that is refused 3, both in words"
    private static let transaction: [ResultCode: String] = [
        .completed: "Approved: 0 with the approval code, everything in its order, two commits on the critical path",
        .applicationError: "Power cut at each point of a sale: the journal alone says what to do",
        .cardUnreadable: "A card still talking when all cardholder time is over cannot be read: 2",
        .originalNotRecognised: "No match: 4; no name: 3; two matches: 4, saying which; originalTransactionID wins",
        .busy: "a second Transaction, from any connection, gets 5 at once with the request's id only",
        .cardRemoved: "A card removed during the dialogue: 9; the reader gone: 202", .timeout: "Nobody presents a card: 10 after 60 s",
        .cancelledByCardholder: "Choice of application: the button decides; Cancel there is 11; without buttons the first is taken",
        .cancelledByPOS: "Cancel before the card: 0, then 12; Cancel with the host: 13, then the outcome; after it: 14",
        .declinedByCard: "Card AAC after the host's approval: 17, reversed with 4007, approval code and the card's data; then `reversed`",
        .declinedByHost: "Declined by the host: 19 with its code and words, no approval code, nothing due",
        .terminalNotReady: "No reader: 20; a missing terminal id: 83; no reader for the entry modes asked for: 20",
        .hostUnreachable: "Unreachable 21 and not sent 22 leave no reversal; a bad answer is 24 and 4020",
        .notSent: "Unreachable 21 and not sent 22 leave no reversal; a bad answer is 24 and 4020",
        .noAnswer: "The host is silent: 23, reversed with 4021, repeated as 1421 with the same STAN and times until acknowledged",
        .badAnswer: "A partial approval of nothing, of everything or of more is a bad answer: 24, 4020",
        .anotherCard: "Linked REFUND with entryModes reads the card: the same is taken, another is 26 and the host is not asked",
        .missingCredentials: "No reader: 20; a missing terminal id: 83; no reader for the entry modes asked for: 20",
        .unsupported: "a type that is written like one but is none of ours is 200, whatever else is wrong; anything else in its place is 3",
        .notAllowed: "A match only in a closed batch: 201",
        .deviceFault: "A card removed during the dialogue: 9; the reader gone: 202",
        .outcomeUnknown:
            "No answer: 203 with the frozen batch; the 1521 carries the frozen totals; SETTLEMENT continues that batch and freezes nothing",
        .reversedPOSLost: "POS lost during host contact and approved: 204, 4013; back in time: 0, nothing due",
    ]

    private static let dialogue: [ResultCode: String] = [
        .completed: "Display with buttons answers the button pressed; another text, another screen are no answer",
        .timeout: "nobody answers: 10 at the time limit",
        .cancelledByCardholder: "Display with buttons answers the button pressed; another text, another screen are no answer",
        .cancelledByPOS: "Cancel of a complex operation: 0 first, then 12, whatever the cardholder still did",
        .terminalNotReady: "a display that cannot ask: 20, and nothing is shown",
    ]

    private static let rights = "Restart and certificates need loopback or a client certificate"

    private static let last: [ResultCode: String] = transaction.mapValues { _ in asked }.merging([
        .noLastTransaction: "none: 97", .busy: "held 8 s without an outcome: 5, and the asker no longer counts",
    ]) { $1 }

    private static let named: [ResultCode: String] = transaction.mapValues { _ in asked }.merging([
        .originalNotRecognised: "GetTransaction: not found 4, running 5 at once, ended as LastTransaction",
        .busy: "GetTransaction: not found 4, running 5 at once, ended as LastTransaction",
    ]) { $1 }

    private static let signature: [ResultCode: String] = dialogue.merging([
        .completed: "a signature becomes a PNG whose parts check, as wide as it may be"
    ]) { $1 }

    private static let reading: [ResultCode: String] = dialogue.merging([
        .completed: "ReadCard masks every number but those of the whitelist, and never tells a payment card's",
        .cardUnreadable: "a card that cannot be read is 2",
    ]) { $1 }

    private static let input: [ResultCode: String] = dialogue.merging([.completed: "confirm answers 1 or 0 in every language"]) { $1 }

    private static let byOperation: [String: [ResultCode: String]] = [
        "Transaction": transaction,
        "LastTransaction": last,
        "GetTransaction": named,
        "GetTransactions": [
            .completed: "what answers besides transactions is written under the contract's names", .terminalNotReady: journal,
            .badField: "GetTransactions: a cursor of nobody's, or of another order, is refused",
        ],
        "Cancel": [
            .completed: "the answer 0 comes before the 12, even when the terminal reports the 12 first",
            .cancelTooLate: "Cancel is answered within 1 s, 13 when the terminal has said nothing",
            .nothingToCancel: "nothing to cancel: 14",
        ],
        "GetInformation": [.completed: "GetInformation has exactly the contract's shape, values as strings"],
        "GetParameter": [
            .completed: "parameters: a bad value is 3 and names the rule; unknown keys are 0 and named; security needs the right"
        ],
        "SetParameter": [
            .completed: "parameters: a bad value is 3 and names the rule; unknown keys are 0 and named; security needs the right",
            .notAllowed: "parameters: a bad value is 3 and names the rule; unknown keys are 0 and named; security needs the right",
            .applicationError: "parameters that cannot be stored: 1, and nothing is changed",
        ],
        "Subscribe": [.completed: "events go to the connections that asked for their topic, until they ask for none or are gone"],
        "Restart": [.completed: "Restart is told before the terminal ends", .notAllowed: rights],
        "Diagnose": [
            .completed: "Diagnose is answered while another operation runs, and times out by itself",
            .timeout: "Diagnose is answered while another operation runs, and times out by itself", .busy: flood,
        ],
        "Display": dialogue, "Input": input,
        "GetSignature": signature,
        "ReadCard": reading,
        "LineItems": [
            .completed: "the list of what is bought: set, add, remove, clear",
            .badField: "what is bought stays on the display behind every question, until it is cleared",
        ],
        "PrintText": [
            .completed: "no printer 20, a printer's fault 202, a printed text 0",
            .terminalNotReady: "no printer 20, a printer's fault 202, a printed text 0",
            .deviceFault: "no printer 20, a printer's fault 202, a printed text 0",
        ],
        "PrintLastReceipt": [
            .completed: "the last receipt is the peer's; without one 97",
            .noLastTransaction: "the last receipt is the peer's; without one 97", .terminalNotReady: journal,
            .deviceFault: "no printer 20, a printer's fault 202, a printed text 0",
        ],
        "GenerateCsr": [
            .completed: "openssl reads subject and names of the request and verifies its signature", .notAllowed: rights,
            .applicationError: failing,
        ],
        "ImportCertificate": [
            .completed: "a certificate replaced is shown to new connections, the others go on", .notAllowed: rights,
            .applicationError: failing,
            .badField: "without a request, for another request's key, or garbage: refused, and nothing changes",
        ],
        "InstallTrustCertificate": [
            .completed: "an authority installed is trusted beside the others, once; a leaf is refused", .notAllowed: rights,
            .applicationError: failing, .badField: "only an authority can be trusted, one at a time",
        ],
    ]

    /// The test of one result of one operation; `nil` when nobody has thought of it.
    static func test(_ operation: OperationDefinition, _ result: ResultCode) -> String? {
        if let named = byOperation[operation.name]?[result] { return named }
        return result == .badField ? malformed : result == .busy ? busy : nil
    }
}
