import JSON
import Keys
import Terminal

/// The request fields of `Transaction` (pos-protocol, section 4).
enum TransactionFields {
    static let type = Field("type", .choice(TransactionType.allCases.map(\.rawValue)), required: true, "What is to be done.")
    static let requestedAmount = Field(
        "requestedAmount", .amount, "The amount; not for VOID, SETTLEMENT, balance inquiries and VERIFY.")
    static let tipAmount = Field("tipAmount", .amount, "Tip, added to the amount.")
    static let cashbackAmount = Field("cashbackAmount", .amount, "Cash for the cardholder, added to the amount.")
    static let surchargeAmount = Field("surchargeAmount", .amount, "Surcharge, added to the amount.")
    static let taxAmount = Field("taxAmount", .amount, "Tax, included in the amount.")
    static let uniqueTransactionID = Field(
        "uniqueTransactionId", .text(1...30, .alphanumeric), "Id of the POS; echoed, and compared after a reconnect.")
    static let otherUniqueTransactionID = Field(
        "uniqueTransactionID", .text(1...30, .alphanumeric), "The other spelling of uniqueTransactionId.")
    static let reference = Field("reference", .text(1...15, .alphanumeric), "Reference of the POS, unique in the batch; echoed.")
    static let invoice = Field("invoice", .text(1...6, .alphanumeric), "Invoice number; echoed and printed.")
    static let originalAuthCode = Field(
        "originalAuthCode", .text(1...6, .alphanumeric),
        "Authorization code of the original, for VOID, COMPLETION, INCREMENTAL_AUTHORIZATION, TIP_ADJUST and a linked REFUND.")
    static let originalTransactionID = Field(
        "originalTransactionID", .text(1...64, .identifier), "transactionID of the original; wins over originalAuthCode.")
    static let authCode = Field("authCode", .text(1...6, .alphanumeric), "The voice authorization's code, for FORCE.")
    static let printReceipt = Field("printReceipt", .flag, "Print the receipt at the terminal.")
    static let parameters = Field(
        "parameters", .list(0...32, .object([parameterKey, parameterValue])),
        "Parameters of this request only: TIP asks the cardholder for a tip, PARTIALAUTH allows a partial approval.")
    static let parameterKey = Field("key", .text(1...32, .identifier), required: true, "Name of the parameter.")
    static let parameterValue = Field("value", .prose(atMost: 64), "Its value; TIP and PARTIALAUTH take \"0\" or \"1\".")
    static let cardToken = Field("cardToken", .text(1...64, .identifier), "The host's token, in place of a card.")
    static let expiryDate = Field("expDate", .digits(4...4, as: "YYMM"), "Expiry of the card on file.")
    static let storedCredential = Field("storedCredential", .text(1...16, .identifier), "Stored credential indicator for the host.")
    static let entryModes = Field("entryModes", .words(["chip", "contactless", "swipe", "manual"]), "How a card may come.")
    static let lineItems = Field("lineItems", .list(0...200, .object(LineItemFields.all)), "What was bought, for the receipt.")
    static let customerReference = Field("customerReference", .text(1...25, .printable), "Reference of the customer.")
    static let taxExempt = Field("taxExempt", .flag, "The customer pays no tax.")
    static let purchaseOrder = Field("purchaseOrder", .text(1...25, .printable), "The customer's purchase order.")

    static let all = [
        type, requestedAmount, tipAmount, cashbackAmount, surchargeAmount, taxAmount, uniqueTransactionID, otherUniqueTransactionID,
        reference, invoice, originalAuthCode, originalTransactionID, authCode, printReceipt, parameters, cardToken, expiryDate,
        storedCredential, entryModes, lineItems, customerReference, taxExempt, purchaseOrder,
    ]

    /// Largest amount the card can be charged: n12.
    private static let largestAmount: Int64 = 999_999_999_999

    /// A type as another terminal may have it is not supported (`200`); anything else that is none of ours is malformed (`3`).
    static func asksForUnknownType(_ fields: FieldReader) -> Bool {
        guard case .string(let text) = fields.value(type.name), (1...40).contains(text.utf8.count) else { return false }
        return TransactionType(rawValue: text) == nil && text.utf8.allSatisfy { (0x41...0x5A).contains($0) || $0 == UInt8(ascii: "_") }
    }

    static func read(_ fields: FieldReader, _ requestID: String?) throws(FieldError) -> TransactionRequest {
        guard let type = TransactionType(rawValue: try fields.required(Self.type)) else { throw fields.error(Self.type) }
        var request = TransactionRequest(type: type)
        request.requestID = requestID
        try readAmounts(fields, &request)
        request.uniqueTransactionID = try readUniqueTransactionID(fields)
        request.reference = try fields.text(reference)
        request.invoice = try fields.text(invoice)
        request.originalAuthCode = try fields.text(originalAuthCode)
        request.originalTransactionID = try fields.text(originalTransactionID)
        request.authCode = try fields.text(authCode)
        request.printReceipt = try fields.flag(printReceipt)
        request.parameters = try readParameters(fields)
        if let modes = try fields.words(entryModes), !modes.isEmpty { request.entryModes = Set(modes) }
        try readCardOnFile(fields, &request)
        request.lineItems = try LineItemFields.read(fields, lineItems)
        request.customerReference = try fields.text(customerReference)
        request.taxExempt = try fields.flag(taxExempt)
        request.purchaseOrder = try fields.text(purchaseOrder)
        try checkRequirements(fields, request)
        return request
    }

    private static func readAmounts(_ fields: FieldReader, _ request: inout TransactionRequest) throws(FieldError) {
        let requested = try fields.number(requestedAmount)
        let type = request.type
        switch type.amountPresence {
        case .required:
            guard let requested else { throw fields.error(requestedAmount, "required for \(type.rawValue)") }
            guard requested > 0 else { throw fields.error(requestedAmount, "must not be 0") }
            request.requestedAmount = requested
        case .optional:
            guard requested != 0 else { throw fields.error(requestedAmount, "must not be 0") }
            request.requestedAmount = requested
        case .none:
            // A VOID of a part would be understood as a VOID of the whole.
            guard requested == nil || (type == .verify && requested == 0) else {
                throw fields.error(requestedAmount, "not for \(type.rawValue)")
            }
        }
        request.tipAmount = try fields.number(tipAmount)
        request.cashbackAmount = try fields.number(cashbackAmount)
        request.surchargeAmount = try fields.number(surchargeAmount)
        request.taxAmount = try fields.number(taxAmount)
        // Each is at most n12, so the sum of four cannot overflow.
        let total = [request.requestedAmount, request.tipAmount, request.cashbackAmount, request.surchargeAmount].reduce(0) {
            $0 + ($1 ?? 0)
        }
        guard total <= largestAmount else { throw fields.error(requestedAmount, "with tip, cashback and surcharge at most 12 digits") }
    }

    /// Both spellings are read; a client that sends both must mean the same.
    private static func readUniqueTransactionID(_ fields: FieldReader) throws(FieldError) -> String? {
        let id = try fields.text(uniqueTransactionID)
        let other = try fields.text(otherUniqueTransactionID)
        guard let id, let other, id != other else { return id ?? other }
        throw fields.error(uniqueTransactionID, "differs from uniqueTransactionID")
    }

    private static func readCardOnFile(_ fields: FieldReader, _ request: inout TransactionRequest) throws(FieldError) {
        request.cardToken = try fields.text(cardToken)
        request.expiryDate = try fields.text(expiryDate)
        request.storedCredential = try fields.text(storedCredential)
        if let month = request.expiryDate?.suffix(2), !("01"..."12").contains(String(month)) {
            throw fields.error(expiryDate, "YYMM with a month from 01 to 12")
        }
        guard let token = request.cardToken else {
            if request.expiryDate != nil { throw fields.error(expiryDate, "only with cardToken") }
            return
        }
        // It is kept and echoed: a card number must not come in by this door.
        if (12...19).contains(token.utf8.count), passesLuhn(token) { throw fields.error(cardToken, "must not be a card number") }
        if request.entryModes != nil { throw fields.error(cardToken, "not together with entryModes") }
        guard request.type.takesCard else { throw fields.error(cardToken, "not for \(request.type.rawValue)") }
    }

    private static func checkRequirements(_ fields: FieldReader, _ request: TransactionRequest) throws(FieldError) {
        let type = request.type
        if type.needsOriginal, request.originalAuthCode == nil, request.originalTransactionID == nil {
            throw fields.error(originalAuthCode, "required for \(type.rawValue), or originalTransactionID")
        }
        if type == .force, request.authCode == nil { throw fields.error(authCode, "required for \(type.rawValue)") }
        if type == .tipAdjust, request.tipAmount == nil { throw fields.error(tipAmount, "required for \(type.rawValue)") }
    }

    private static func readParameters(_ fields: FieldReader) throws(FieldError) -> [String: String] {
        var values: [String: String] = [:]
        for entry in try fields.objects(parameters) ?? [] {
            let key = try entry.required(parameterKey)
            guard values[key] == nil else { throw entry.error(parameterKey, "may stand only once") }
            switch key {
            case "TIP", "PARTIALAUTH":
                let flag = Field(parameterValue.name, .flag, "")
                guard let value = try entry.flag(flag) else { continue }
                values[key] = value ? "1" : "0"
            default: values[key] = try entry.parameterValue(parameterValue)
            }
        }
        return values
    }
}

extension FieldReader {
    /// A parameter's value: a text, or a JSON integer.
    func parameterValue(_ field: Field) throws(FieldError) -> String? {
        if case .integer(let number) = value(field.name) { return String(number) }
        return try text(field)
    }
}

/// One line of what is bought.
enum LineItemFields {
    static let description = Field("description", .prose(atMost: 128), required: true, "What it is.")
    static let quantity = Field("quantity", .quantity, "Pieces or weight.")
    static let unitPrice = Field("unitPrice", .amount, "Price of one.")
    static let amount = Field("amount", .amount, "Price of all.")
    static let all = [description, quantity, unitPrice, amount]

    static func read(_ fields: FieldReader, _ list: Field) throws(FieldError) -> [LineItem]? {
        guard let entries = try fields.objects(list) else { return nil }
        var items: [LineItem] = []
        for entry in entries {
            items.append(
                LineItem(
                    description: try entry.required(description), quantity: try entry.text(quantity),
                    unitPrice: try entry.number(unitPrice),
                    amount: try entry.number(amount)))
        }
        return items.isEmpty ? nil : items
    }
}

/// What each type asks of its request (pos-protocol, section 4).
extension TransactionType {
    enum AmountPresence: Sendable { case required, optional, none }

    var amountPresence: AmountPresence {
        switch self {
        case .sale, .authorization, .refund, .incrementalAuthorization, .force, .giftRedemption, .giftIssuance, .giftActivation,
            .giftForceRedemption, .giftForceIssuance, .giftForceActivation:
            .required
        case .completion, .tipAdjust, .giftDeactivation, .giftReactivation: .optional
        case .void, .settlement, .balanceInquiry, .giftBalanceInquiry, .verify: .none
        }
    }

    /// Follows an original, which must be named.
    var needsOriginal: Bool {
        switch self {
        case .void, .completion, .incrementalAuthorization, .tipAdjust: true
        default: false
        }
    }

    /// A card, or its token, is charged or asked.
    var takesCard: Bool { !needsOriginal && self != .settlement }
}
