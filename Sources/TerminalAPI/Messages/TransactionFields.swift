import JSON
import Terminal

/// The request fields of `Transaction` (pos-protocol, section 4).
struct TransactionFields {
    private let fields: FieldReader

    init(_ fields: FieldReader) { self.fields = fields }

    private static let entryModes: Set<String> = ["chip", "contactless", "swipe", "manual"]
    /// Largest amount the card can be charged: n12.
    private static let largestAmount: Int64 = 999_999_999_999
    private static let parameterLimit = 32

    func request(_ requestID: String?) throws(FieldError) -> TransactionRequest {
        guard let type = fields.value("type") else { throw FieldError("type", "required") }
        guard let type = type.string.flatMap(TransactionType.init(rawValue:)) else {
            throw FieldError("type", "one of \(TransactionType.allCases.map(\.rawValue).joined(separator: " "))")
        }
        var request = TransactionRequest(type: type)
        request.requestID = requestID
        try readAmounts(&request)
        request.uniqueTransactionID = try uniqueTransactionID()
        request.reference = try fields.text("reference", 1...15, .alphanumeric)
        request.invoice = try fields.text("invoice", 1...6, .alphanumeric)
        request.originalAuthCode = try fields.text("originalAuthCode", 1...6, .alphanumeric)
        request.originalTransactionID = try fields.text("originalTransactionID", 1...64, .identifier)
        request.authCode = try fields.text("authCode", 1...6, .alphanumeric)
        request.printReceipt = try fields.flag("printReceipt")
        request.parameters = try parameters()
        request.entryModes = try entryModes()
        return request
    }

    private func readAmounts(_ request: inout TransactionRequest) throws(FieldError) {
        let requested = try fields.amount("requestedAmount")
        switch AmountRule(request.type) {
        case .required:
            guard let requested else { throw FieldError("requestedAmount", "required for \(request.type.rawValue)") }
            guard requested > 0 else { throw FieldError("requestedAmount", "must not be 0") }
            request.requestedAmount = requested
        case .optional:
            guard requested != 0 else { throw FieldError("requestedAmount", "must not be 0") }
            request.requestedAmount = requested
        case .none:
            // A VOID of a part would be understood as a VOID of the whole.
            guard requested == nil || requested == 0 else { throw FieldError("requestedAmount", "not for \(request.type.rawValue)") }
        }
        request.tipAmount = try fields.amount("tipAmount")
        request.cashbackAmount = try fields.amount("cashbackAmount")
        request.surchargeAmount = try fields.amount("surchargeAmount")
        request.taxAmount = try fields.amount("taxAmount")
        // Each is at most n12, so the sum of four cannot overflow.
        let total = [request.requestedAmount, request.tipAmount, request.cashbackAmount, request.surchargeAmount].reduce(0) {
            $0 + ($1 ?? 0)
        }
        guard total <= Self.largestAmount else {
            throw FieldError("requestedAmount", "with tip, cashback and surcharge at most 12 digits")
        }
    }

    /// Both spellings are read; a client that sends both must mean the same.
    private func uniqueTransactionID() throws(FieldError) -> String? {
        let id = try fields.text("uniqueTransactionId", 1...30, .alphanumeric)
        let other = try fields.text("uniqueTransactionID", 1...30, .alphanumeric)
        guard let id, let other, id != other else { return id ?? other }
        throw FieldError("uniqueTransactionId", "differs from uniqueTransactionID")
    }

    private func parameters() throws(FieldError) -> [String: String] {
        guard let value = fields.value("parameters") else { return [:] }
        guard let list = value.array, list.count <= Self.parameterLimit else {
            throw FieldError("parameters", "a list of up to \(Self.parameterLimit) objects with key and value")
        }
        var parameters: [String: String] = [:]
        for element in list {
            guard let object = element.object else { throw FieldError("parameters", "a list of objects with key and value") }
            let reader = FieldReader(object: object, path: "parameters.")
            guard let key = try reader.text("key", 1...32, .identifier) else { throw FieldError("parameters.key", "required") }
            guard parameters[key] == nil else { throw FieldError("parameters.key", "may stand only once") }
            switch key {
            case "TIP", "PARTIALAUTH":
                guard let flag = try reader.flag("value") else { continue }
                parameters[key] = flag ? "1" : "0"
            default:
                switch reader.value("value") {
                case .string(let text) where text.utf8.count <= 64: parameters[key] = text
                case .integer(let number): parameters[key] = String(number)
                case nil: continue
                default: throw FieldError("parameters.value", "a string of up to 64 bytes")
                }
            }
        }
        return parameters
    }

    /// A list of strings, or one string with the modes separated by spaces or commas.
    private func entryModes() throws(FieldError) -> Set<String>? {
        guard let value = fields.value("entryModes") else { return nil }
        let rule = FieldError("entryModes", "a subset of chip contactless swipe manual")
        let modes: [String]
        switch value {
        case .array(let elements):
            modes = elements.compactMap(\.string)
            guard modes.count == elements.count else { throw rule }
        case .string(let text): modes = text.split { $0 == " " || $0 == "," }.map(String.init)
        default: throw rule
        }
        guard modes.allSatisfy(Self.entryModes.contains) else { throw rule }
        return modes.isEmpty ? nil : Set(modes)
    }
}

/// Whether a transaction type takes a `requestedAmount`.
private enum AmountRule {
    case required, optional, none

    init(_ type: TransactionType) {
        switch type {
        case .sale, .authorization, .refund, .incrementalAuthorization, .force, .giftRedemption, .giftIssuance, .giftActivation,
            .giftForceRedemption, .giftForceIssuance, .giftForceActivation:
            self = .required
        case .completion, .tipAdjust, .giftDeactivation, .giftReactivation: self = .optional
        case .void, .settlement, .balanceInquiry, .giftBalanceInquiry, .verify: self = .none
        }
    }
}
