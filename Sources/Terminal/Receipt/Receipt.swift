import EMV
import Money
import SmartCard

/// A receipt as text for the merchant or the customer, in the language of its reader. Holds nothing that the answer does not: of the card number
/// the last four digits, of the card's dates and its holder nothing.
struct Receipt: Sendable {
    enum Copy: String, Sendable { case merchant, customer }

    static let columns = 40

    var merchantName: String
    /// Street and city; nothing is printed for an empty one.
    var merchantLocation = ""
    var currency: Currency
    var answer: TransactionAnswer
    /// Application label (50) of the card.
    var applicationLabel: String?
    /// Which EMV data is printed, and what is there of it beside the answer.
    var cardRows = DataObjectTable.standard.receipt
    var cardObjects: [BERTLV] = []
    var retrievalReference: String
    var stan: Int
    var signatureLine: Bool
    var lineItems: [LineItem] = []
    /// Given by the POS, for the customer's own books.
    var customerReference: String?
    var purchaseOrder: String?
    /// Included in the amount.
    var tax: Int64?
    var isTaxExempt = false
    /// Lines for a tip and the new total, to be written by hand and followed by TIP_ADJUST.
    var tipLine = false
    /// It was printed before.
    var isDuplicate = false
    var merchantLanguage = Language.english
    var customerLanguage = Language.english

    func text(_ copy: Copy) -> String {
        let body = body(words(copy)).text(columns: Self.columns)
        return answer.settlement == nil ? body + ending(copy) : body
    }

    /// Both copies. What they have in common is laid out once, where their readers have one language.
    var copies: (merchant: String, customer: String) {
        let merchant = body(words(.merchant)).text(columns: Self.columns)
        let customer = customerLanguage == merchantLanguage ? merchant : body(words(.customer)).text(columns: Self.columns)
        return (merchant + ending(.merchant), customer + ending(.customer))
    }

    private func words(_ copy: Copy) -> ReceiptText { ReceiptText(copy == .merchant ? merchantLanguage : customerLanguage) }

    /// Of a settlement all there is.
    private func body(_ words: ReceiptText) -> ReceiptLayout {
        var layout = ReceiptLayout()
        addHead(&layout, words)
        if let settlement = answer.settlement {
            addSettlement(settlement, &layout, words)
            return layout
        }
        addCard(&layout, words)
        layout.blank()
        addAmounts(&layout, words)
        layout.blank()
        addOutcome(&layout, words)
        return layout
    }

    private func ending(_ copy: Copy) -> String {
        let words = words(copy)
        var layout = ReceiptLayout()
        addVerification(&layout, words, copy)
        layout.blank()
        layout.centred(words.text("copy.\(copy.rawValue)"))
        if copy == .customer, isApproved { layout.centred(words.text("retain")) }
        return layout.text(columns: Self.columns)
    }

    // MARK: Parts

    private func addHead(_ layout: inout ReceiptLayout, _ words: ReceiptText) {
        layout.centred(merchantName)
        if !merchantLocation.isEmpty { layout.centred(merchantLocation) }
        layout.pair(date, time)
        layout.pair(words.text("terminal"), answer.terminalID ?? "")
        layout.pair(words.text("merchant"), answer.merchantID ?? "")
        layout.pair("\(words.text("batch")) \((answer.batchNumber ?? 0).digits(6))", "STAN \(stan.digits(6))")
        layout.pair("RRN", retrievalReference)
        if let reference = answer.reference { layout.pair(words.text("reference"), reference) }
        if let invoice = answer.invoice { layout.pair(words.text("invoice"), invoice) }
        if let customerReference { layout.pair(words.text("customerReference"), customerReference) }
        if let purchaseOrder { layout.pair(words.text("purchaseOrder"), purchaseOrder) }
        if isDuplicate { layout.centred(words.text("mark.duplicate")) }
        layout.blank()
    }

    private func addCard(_ layout: inout ReceiptLayout, _ words: ReceiptText) {
        let entry = answer.entryMode.map { words.text("entry.\($0)", else: $0) }
        layout.pair(answer.type.map { words.text("type.\($0.rawValue)") } ?? "", entry ?? "")
        if let brand = answer.cardBrand { layout.pair(words.text("card"), brand) }
        if let account = answer.account {
            layout.pair(words.text("account"), String(repeating: "*", count: 12) + account.suffix(4))
        }
        addCardObjects(&layout, words)
    }

    private func addAmounts(_ layout: inout ReceiptLayout, _ words: ReceiptText) {
        for item in lineItems {
            let quantity = item.quantity.map { " x \($0)" } ?? ""
            layout.pair(item.description + quantity, item.amount.map(money) ?? "")
        }
        if !lineItems.isEmpty { layout.blank() }
        func add(_ key: String, _ value: Int64?) {
            if let value, value > 0 { layout.pair(words.text(key), money(value)) }
        }
        add("amount", answer.requestedAmount)
        if answer.type != .void { add("tax", tax) }
        if isTaxExempt { layout.centred(words.text("taxExempt")) }
        add("tip", answer.tipAmount)
        add("cashback", answer.cashbackAmount)
        add("surcharge", answer.surchargeAmount)
        add("total", answer.totalAmount)
        if let due = stillDue { add("due", due) }
        if let balance = answer.balance.flatMap({ Int64($0) }), balance >= 0 { layout.pair(words.text("balance"), money(balance)) }
    }

    private func addOutcome(_ layout: inout ReceiptLayout, _ words: ReceiptText) {
        layout.centred(words.text(outcome))
        switch answer.state {
        case .voided where answer.type != .void: layout.centred(words.text("mark.voided"))
        case .reversed where isApproved: layout.centred(words.text("mark.reversed"))
        default: break
        }
        if let code = answer.authCode { layout.pair(words.text("approvalCode"), code) }
        if let code = answer.responseCode {
            layout.pair(words.text("response"), [code, answer.hostMessage ?? ""].joined(separator: " "))
        }
    }

    private func addVerification(_ layout: inout ReceiptLayout, _ words: ReceiptText, _ copy: Copy) {
        guard isApproved else { return }
        if let cvm = answer.cvm, let said = words.known("cvm.\(cvm)") { layout.centred(said) }
        guard chargesCardholder else { return }
        if tipLine, (answer.tipAmount ?? 0) == 0 {
            layout.elements += [.blank, .field(words.text("tip")), .blank, .field(words.text("total"))]
        }
        guard signatureLine, copy == .merchant else { return }
        layout.elements += [.blank, .blank, .rule, .centred(words.text("signature")), .paragraph(words.text("agreement"))]
    }

    // MARK: Rules

    private var isApproved: Bool { answer.result == .completed && answer.approval == .approved }

    /// Nobody signs for money that comes back.
    private var chargesCardholder: Bool {
        switch answer.type {
        case .sale, .authorization, .completion, .force, .incrementalAuthorization: true
        default: false
        }
    }

    /// What a partial approval leaves to be paid otherwise.
    private var stillDue: Int64? {
        guard isApproved, let requested = answer.requestedAmount, let authorized = answer.authorizedAmount else { return nil }
        let parts = [requested, answer.tipAmount, answer.cashbackAmount, answer.surchargeAmount].compactMap { $0 }
        guard (parts + [authorized]).allSatisfy({ (0...Amount.largest).contains($0) }) else { return nil }
        let asked = parts.reduce(0, +)
        return authorized < asked ? asked - authorized : nil
    }

    private var outcome: String {
        switch answer.result {
        case .completed where answer.offline == true: "outcome.offline"
        case .completed where stillDue != nil: "outcome.partial"
        case .completed: "outcome.approved"
        case .declinedByCard, .declinedByHost: "outcome.declined"
        case .cancelledByCardholder, .cancelledByPOS: "outcome.cancelled"
        default:
            answer.state == .reversalPending || answer.state == .reversed ? "outcome.notCompletedReversed" : "outcome.notCompleted"
        }
    }

    func money(_ minorUnits: Int64) -> String {
        guard let amount = Amount(minorUnits: Int64(clamping: minorUnits.magnitude), currency: currency) else { return "" }
        return "\(currency) \(minorUnits < 0 ? "-" : "")\(amount.decimalText)"
    }

    private var date: String {
        let text = answer.transactionDate ?? ""
        return text.utf8.count == 8 ? "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))" : text
    }

    private var time: String {
        let text = answer.transactionTime ?? ""
        return text.utf8.count == 6 ? "\(text.prefix(2)):\(text.dropFirst(2).prefix(2)):\(text.suffix(2))" : text
    }
}

/// The words of receipts, in one language: `Texts/receipt.json`.
struct ReceiptText: Sendable {
    let language: Language

    init(_ language: Language) { self.language = language }

    /// A word that the table lacks is its key.
    func text(_ key: String) -> String { known(key) ?? key }
    func text(_ key: String, else other: String) -> String { known(key) ?? other }
    func known(_ key: String) -> String? { Self.table.text(key, language) }

    static let table = TextTable(PackageResources.receipt_json)
}
