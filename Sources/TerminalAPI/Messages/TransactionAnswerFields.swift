import JSON
import Terminal

/// The fields of a transaction's final answer (pos-protocol, section 4): one table that writes them and describes them.
enum TransactionAnswerFields {
    private struct Entry: Sendable {
        let field: Field
        let value: @Sendable (TransactionAnswer) -> JSONValue?

        init(_ name: String, _ format: FieldFormat, _ meaning: String, _ value: @escaping @Sendable (TransactionAnswer) -> JSONValue?) {
            field = Field(name, format, meaning)
            self.value = value
        }

        init(_ name: String, _ format: FieldFormat, _ meaning: String, text: @escaping @Sendable (TransactionAnswer) -> String?) {
            self.init(name, format, meaning) { text($0).map(JSONValue.string) }
        }

        /// Minor units.
        init(_ name: String, _ meaning: String, amount: @escaping @Sendable (TransactionAnswer) -> Int64?) {
            self.init(name, .string(pattern: "^-?[0-9]{1,15}$"), meaning) { amount($0).map { .string(String($0)) } }
        }

        init(_ name: String, _ meaning: String, settlement: @escaping @Sendable (SettlementReport) -> Int64) {
            self.init(name, .string(pattern: "^-?[0-9]{1,15}$"), meaning) { $0.settlement.map { .string(String(settlement($0))) } }
        }
    }

    private static let free = FieldFormat.string(pattern: nil)
    private static let hex = FieldFormat.string(pattern: "^([0-9A-F]{2})+$")

    static let all: [Field] = entries.map(\.field) + [replayed]
    /// In `GetTransactions`: with the transaction's own result, without receipts.
    static let listed: [Field] =
        [OperationDefinition.result, OperationDefinition.errorCondition, OperationDefinition.errorMessage]
        + entries.filter { !receipts.contains($0.field.name) }.map(\.field)
    static let replayed = Field("replayed", .choice(["1"]), "The answer was recorded before, under the same requestId.")
    private static let receipts: Set<String> = ["merchantReceipt", "customerReceipt"]

    static func append(_ answer: TransactionAnswer, to object: inout JSONObject) {
        for entry in entries {
            if let value = entry.value(answer) { object.append(entry.field.name, value) }
        }
    }

    /// One of several.
    static func listed(_ answer: TransactionAnswer) -> JSONValue {
        var object = JSONObject()
        object.append("result", .string(String(answer.result.rawValue)))
        if answer.result != .completed { object.append("errorCondition", (answer.errorCondition ?? answer.result.condition)?.rawValue) }
        object.append("errorMessage", answer.errorMessage)
        for entry in entries where !receipts.contains(entry.field.name) {
            if let value = entry.value(answer) { object.append(entry.field.name, value) }
        }
        return .object(object)
    }

    /// As messages to the host, their ledger and receipts write it: six digits.
    static func batchText(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }

    private static let entries: [Entry] = [
        .init("type", .choice(TransactionType.allCases.map(\.rawValue)), "Of the request.", text: { $0.type?.rawValue }),
        // Section 3: `approved` and an authorization code only ever stand beside result 0.
        .init(
            "approval", .choice(["approved", "declined"]), "Absent when nothing was decided.",
            text: { $0.result == .completed || $0.approval == .declined ? $0.approval?.rawValue : nil }),
        .init("responseCode", free, "The host's.", text: \.responseCode),
        .init("hostMessage", free, "The host's, for people.", text: \.hostMessage),
        .init("requestedAmount", "Of the request.", amount: \.requestedAmount),
        .init("authorizedAmount", "What the card is charged, tip included.", amount: \.authorizedAmount),
        .init("tipAmount", "Part of the total.", amount: \.tipAmount),
        .init("cashbackAmount", "Part of the total.", amount: \.cashbackAmount),
        .init("surchargeAmount", "Part of the total.", amount: \.surchargeAmount),
        .init("totalAmount", "What the card is charged, tip included.", amount: \.totalAmount),
        .init(
            "authCode", free, "Authorization code of the host; only with result 0.", text: { $0.result == .completed ? $0.authCode : nil }),
        .init("originalAuthCode", free, "Of the original that this followed.", text: \.originalAuthCode),
        .init("transactionID", .text(1...64, .identifier), "The terminal's id.", text: { $0.transactionID?.description }),
        .init("uniqueTransactionId", .text(1...30, .alphanumeric), "Of the request.", text: \.uniqueTransactionID),
        .init("reference", .text(1...15, .alphanumeric), "Of the request.", text: \.reference),
        .init("invoice", .text(1...6, .alphanumeric), "Of the request.", text: \.invoice),
        .init("batchNumber", .string(pattern: "^[0-9]{6,}$"), "The batch it is in.", text: { $0.batchNumber.map(batchText) }),
        .init("terminalID", free, "Given by the acquirer.", text: \.terminalID),
        .init("merchantID", free, "Given by the acquirer.", text: \.merchantID),
        .init("account", .string(pattern: "^[0-9*]{8,19}$"), "Never the card number: the middle is altered or masked.", text: \.account),
        .init("expDate", .digits(4...4, as: "YYMM"), "Of a card keyed by hand.", text: \.expiryDate),
        .init("cardBrand", free, "By the table of brands.", text: \.cardBrand),
        .init(
            "cardTypeProcessed", .choice(["1", "2", "3", "4"]), "1 credit, 2 debit, 3 gift, 4 EBT.",
            text: { $0.cardTypeProcessed.map { String($0) } }),
        .init(
            "entryMode", .choice(["Contactless", "Chip", "Swiped", "Chip_Swiped", "Manual"]), "How the card came.", text: \.entryMode),
        .init("AID", hex, "Application of the chip (4F).", text: \.aid),
        .init("TVR", hex, "Terminal verification results (95).", text: \.tvr),
        .init("TSI", hex, "Transaction status information (9B).", text: \.tsi),
        .init("preferredName", free, "Name of the chip's application.", text: \.preferredName),
        .init("cvm", free, "How the cardholder was verified.", text: \.cvm),
        .init("cardToken", free, "The host's token for the card.", text: \.cardToken),
        .init("balance", free, "As the host told it.", text: \.balance),
        .init("transactionDate", .digits(8...8, as: "YYYYMMDD"), "Local.", text: \.transactionDate),
        .init("transactionTime", .digits(6...6, as: "hhmmss"), "Local.", text: \.transactionTime),
        .init("offline", .choice(["1"]), "Approved by store and forward.", text: { $0.offline == true ? "1" : nil }),
        .init(
            "state", .choice(TransactionState.allCases.map(\.rawValue)), "Where it stands now; absent when nothing reached the host.",
            text: { $0.state?.rawValue }),
        .init(
            "batchJulianDay", .string(pattern: "^[0-9]{3}$"), "Day of the year of the settlement.",
            text: { $0.settlement.map { String(String(1000 + $0.batchJulianDay % 1000).suffix(3)) } }),
        .init(
            "totals", .list(0...1000, .object(totalFields)), "By type and brand.",
            { $0.settlement.map { .array($0.totals.map(total)) } }),
        .init("salesCount", "Of the batch settled.", settlement: { Int64($0.salesCount) }),
        .init("salesAmount", "Of the batch settled.", settlement: \.salesAmount),
        .init("refundsCount", "Of the batch settled.", settlement: { Int64($0.refundsCount) }),
        .init("refundsAmount", "Of the batch settled.", settlement: \.refundsAmount),
        .init("voidsCount", "Of the batch settled.", settlement: { Int64($0.voidsCount) }),
        .init("voidsAmount", "Of the batch settled.", settlement: \.voidsAmount),
        .init("netAmount", "Sales less refunds.", settlement: \.netAmount),
        .init(
            "leftBehind", .list(0...1000, .text(1...64, .identifier)),
            "Transactions whose reversal or advice could not go before the settlement.",
            { answer in
                guard let left = answer.settlement?.leftBehind, !left.isEmpty else { return nil }
                return .array(left.map { .string($0.description) })
            }),
        .init("merchantReceipt", free, "Ready-made text.", text: \.merchantReceipt),
        .init("customerReceipt", free, "Ready-made text.", text: \.customerReceipt),
    ]

    private static let totalFields: [Field] = [
        Field("type", .choice(TransactionType.allCases.map(\.rawValue)), required: true, "Transaction type."),
        Field("brand", free, required: true, "Card brand."),
        Field("count", .string(pattern: "^[0-9]+$"), required: true, "How many."),
        Field("amount", .string(pattern: "^-?[0-9]+$"), required: true, "Their sum."),
    ]

    private static func total(_ total: SettlementReport.Total) -> JSONValue {
        [
            "type": .string(total.type.rawValue), "brand": .string(total.brand), "count": .string(String(total.count)),
            "amount": .string(String(total.amount)),
        ]
    }
}
