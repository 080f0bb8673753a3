import Terminal

@testable import TerminalAPI

/// Fields: of requests what each one does, of answers where its value comes from. A field inside another has its own test or the outer one's.
extension Coverage {
    private static let amounts =
        "Amounts: the host gets the sum of amount, tip, cash back and surcharge; tax is included; cash back has a code of its own"
    private static let whole = "test_an_approved_sale_has_every_field_that_a_pos_needs"
    private static let linked = "No match: 4; no name: 3; two matches: 4, saying which; originalTransactionID wins"
    private static let token = "A token in place of a card: no card is asked for"
    private static let tax =
        "TAXPERCENT: tax included in the amount goes to the host unless the POS gives it or the customer pays none; printed"
    private static let tip = "TIP 1: Status Tip, the cardholder's choice before the card; host, answer and receipts have the sum"
    private static let partial = "A partial approval that nobody allowed: 19, 4000; one that was allowed: 0"
    private static let books = "Line items, customer reference and purchase order of the request stand on both receipts"
    private static let parts = "line items arrive with their parts; a bad one is named with its place"
    private static let named = "GetTransaction finds a transaction by each of its names, running or recorded"
    private static let pages = "GetTransactions: newest first, in pages that neither repeat nor skip, whatever is asked for"
    private static let cursor = "GetTransactions: a cursor of nobody's, or of another order, is refused"
    private static let shownText = "a text without buttons is shown at once and taken away after its time"
    private static let buttons = "Display with buttons answers the button pressed; another text, another screen are no answer"
    private static let list = "the list of what is bought: set, add, remove, clear"
    private static let sums = "LineItems: subtotal, tax and total stand below the lines as they were given, each until it is given again"
    private static let asks = "the POS's text, options and prompt are what the cardholder reads, for as long as the POS says"
    private static let reads =
        "ReadCard: the POS's prompt is shown, its time and entry modes go to the reader; one that nobody offers is 20"
    private static let masks = "ReadCard masks every number but those of the whitelist, and never tells a payment card's"
    private static let prints = "a document is printed, aligned, wrapped and cut, as often as asked for"
    private static let last = "the last receipt is the peer's; without one 97"
    private static let parameters =
        "parameters: a bad value is 3 and names the rule; unknown keys are 0 and named; security needs the right"
    private static let request = "GenerateCsr: openssl reads every part of the subject and every name that the POS gave"
    private static let imported = "the certificate for the last request is used at once and by the next start"
    private static let trusted = "an authority installed is trusted beside the others, once; a leaf is refused"
    private static let written = "what answers besides transactions is written under the contract's names"
    private static let settled =
        "Totals: approved 1200s and accepted 1220s by type and brand, voids on their own; declined and reversed ones in neither"
    private static let information = "GetInformation has exactly the contract's shape, values as strings"
    private static let diagnosis = "test_diagnose_says_what_is_wrong_while_a_sale_runs"
    private static let declined = "Declined by the host: 19 with its code and words, no approval code, nothing due"
    private static let voided = "VOID of a sale by its approval code: one 1420 naming the 1200, 0, voided, the original's codes and amounts"

    static let requests: [String: [String: String]] = [
        "Transaction": [
            "type": "Types that follow something up, without saying what: 3, and nothing is recorded",
            "requestedAmount": "No amount, amount 0 and a sum that no field can carry: 3", "tipAmount": amounts, "cashbackAmount": amounts,
            "surchargeAmount": amounts, "taxAmount": tax, "uniqueTransactionId": whole,
            "uniqueTransactionID": "the two spellings of uniqueTransactionId must not differ",
            "reference": "A reference is taken by an approved, unreversed transaction of the same type and batch", "invoice": whole,
            "originalAuthCode": linked, "originalTransactionID": linked,
            "authCode":
                "FORCE: reads the card, sends a 1220 with it and the voice authorization's code; the card is kept enciphered until the 1230",
            "printReceipt": "printReceipt: both copies on paper, after the answer", "parameters": tip, "parameters.value": partial,
            "cardToken": token, "expDate": token, "storedCredential": token, "entryModes": "test_entry_modes_are_honoured",
            "lineItems": books, "lineItems.unitPrice": parts, "customerReference": books, "purchaseOrder": books, "taxExempt": tax,
        ],
        "GetTransaction": ["transactionID": whole, "uniqueTransactionId": named, "reference": named],
        "GetTransactions": [
            "batchNumber": pages, "from": pages, "to": pages, "type": pages, "state": pages, "limit": pages, "cursor": cursor,
        ],
        "Display": [
            "text": shownText, "lines": shownText, "timeout": "nobody answers: 10 at the time limit", "buttons": buttons,
        ],
        "LineItems": ["action": list, "items": list, "subtotal": sums, "tax": sums, "total": sums],
        "Input": [
            "kind": "Input: free prompts take a choice only; what is typed answers a prompt of the table",
            "promptId": "what is typed must be of the prompt's kind and length, and never a card number", "text": asks, "options": asks,
            "timeout": asks,
        ],
        "GetSignature": ["prompt": asks, "timeout": asks],
        "ReadCard": ["prompt": reads, "timeout": reads, "entryModes": reads],
        "PrintText": ["text": prints, "lines": prints, "copies": prints, "cut": prints],
        "PrintLastReceipt": ["copy": last],
        "GetParameter": ["parameters": parameters],
        "SetParameter": ["parameters": "a bad value of a known key is refused, and none of the others is set"],
        "Subscribe": ["events": "events go to the connections that asked for their topic, until they ask for none or are gone"],
        "Restart": ["when": "Restart is told before the terminal ends"],
        "GenerateCsr": [
            "commonName": request, "subjectAltNames": request, "organization": request, "organizationalUnit": request, "locality": request,
            "state": request, "country": request,
        ],
        "ImportCertificate": ["certificate": imported], "InstallTrustCertificate": ["certificate": trusted],
    ]

    static let answers: [String: [String: String]] = [
        "Transaction": transaction,
        "LastTransaction": transaction.mapValues { _ in asked }, "GetTransaction": transaction.mapValues { _ in asked },
        "GetTransactions": ["transactions": written, "cursor": pages],
        "Display": ["button": buttons],
        "Input": ["answer": "confirm answers 1 or 0 in every language"],
        "GetSignature": ["signature": "a signature becomes a PNG whose parts check, as wide as it may be"],
        "ReadCard": ["account": masks, "entryMode": masks],
        "GetInformation": ["information": information, "information.devices": "test_every_device_is_told_to_the_pos"],
        "GetParameter": ["parameters": parameters], "SetParameter": ["parameters": parameters],
        "Diagnose": ["diagnosis": diagnosis, "diagnosis.reversals": "test_diagnose_lists_a_reversal_that_is_due"],
        "GenerateCsr": ["csr": request],
        "ImportCertificate": ["fingerprint": imported, "expires": imported],
        "InstallTrustCertificate": ["fingerprint": trusted, "expires": written],
    ]

    private static let transaction: [String: String] = [
        "type": whole, "approval": whole, "responseCode": declined, "hostMessage": declined, "requestedAmount": whole,
        "authorizedAmount": whole, "tipAmount": tip, "cashbackAmount": amounts, "surchargeAmount": amounts, "totalAmount": tip,
        "authCode": whole, "originalAuthCode": voided, "transactionID": whole, "uniqueTransactionId": whole, "reference": whole,
        "invoice": whole, "batchNumber": settled, "terminalID": whole, "merchantID": whole,
        "account": "test_account_keeps_first_six_and_last_four_has_the_same_length_and_fails_luhn",
        "expDate": "a typed card: number and expiry to the host without a track, Manual, stars and expDate to the POS, a line to sign on",
        "cardBrand": whole, "cardTypeProcessed": "test_a_gift_card_is_one", "entryMode": "test_a_tap_is_contactless", "AID": whole,
        "TVR": "test_offline_data_authentication_ends_as_the_cards_name_says", "TSI": whole, "preferredName": whole,
        "cvm": "test_a_card_ends_as_its_name_says", "cardToken": whole,
        "balance": "test_a_balance_inquiry_charges_nothing_and_tells_the_balance", "transactionDate": whole, "transactionTime": whole,
        "offline": "Host out of reach: 0, offline, offlineQueued, a code of the terminal's own; then one 1220 with the card, 1004",
        "state": "A replay tells the state of now: reversalPending becomes reversed", "batchJulianDay": settled, "totals": settled,
        "salesCount": settled, "salesAmount": settled, "refundsCount": settled, "refundsAmount": settled, "voidsCount": settled,
        "voidsAmount": settled, "netAmount": settled, "leftBehind": "What cannot go does not hold the batch up, and is listed",
        "merchantReceipt": whole, "customerReceipt": whole,
        "replayed": "test_a_request_repeated_under_its_id_is_answered_as_before_and_charged_once",
    ]

    /// Every field of a message, those inside others by their path, with the test of each.
    static func fields(_ fields: [Field], _ tests: [String: String], under path: String = "", _ outer: String? = nil) -> [(String, String?)]
    {
        fields.flatMap { field in
            let name = path + field.name
            let test = tests[name] ?? outer
            return [(name, test)] + Self.fields(inside(field.format), tests, under: name + ".", test)
        }
    }

    private static func inside(_ format: FieldFormat) -> [Field] {
        switch format {
        case .object(let fields): fields
        case .list(_, let element): inside(element)
        default: []
        }
    }
}
