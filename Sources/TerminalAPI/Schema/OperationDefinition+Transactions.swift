import JSON
import Terminal

/// Transactions and what is asked about them.
extension OperationDefinition {
    static let transactions: [OperationDefinition] = [
        OperationDefinition(
            "Transaction", kind: .complex, "A payment, or what follows one (section 4).", request: TransactionFields.all,
            response: TransactionAnswerFields.all, results: transactionResults,
            example: [
                "operation": "Transaction", "type": "SALE", "requestedAmount": "500", "uniqueTransactionId": "A1B2C3",
                "reference": "000000000001",
            ]
        ) { fields, requestID throws(FieldError) in
            guard !TransactionFields.asksForUnknownType(fields) else { return .unsupported("type: not one that is supported here") }
            return .transaction(try TransactionFields.read(fields, requestID))
        },
        OperationDefinition(
            "Cancel", alwaysAnswered: true, "Cancels the complex operation that the asking peer owns.",
            results: [.completed, .cancelTooLate, .nothingToCancel], example: ["operation": "Cancel"]
        ) { _, _ in .cancel },
        OperationDefinition(
            "LastTransaction", alwaysAnswered: true,
            "The peer's last accepted transaction, or the terminal's; waits up to 8 s for one that runs (section 5).",
            response: TransactionAnswerFields.all, results: recordedResults + [.noLastTransaction, .busy],
            example: ["operation": "LastTransaction"]
        ) { _, _ in .lastTransaction },
        OperationDefinition(
            "GetTransaction", alwaysAnswered: true, "One transaction, by exactly one of its names.",
            request: [transactionID, uniqueID, reference],
            response: TransactionAnswerFields.all, results: recordedResults + [.originalNotRecognised, .busy],
            example: ["operation": "GetTransaction", "reference": "000000000001"]
        ) { fields, requestID throws(FieldError) in .getTransaction(try transactionName(fields, requestID)) },
        OperationDefinition(
            "GetTransactions", "Pages of the journal, newest first.", request: [batchNumber, from, to, type, state, limit, cursor],
            response: [
                Field(
                    "transactions", .list(0...200, .object(TransactionAnswerFields.listed)), required: true,
                    "As LastTransaction tells them, without receipts."),
                Field("cursor", .string(pattern: nil), "For the next page; absent on the last."),
            ], results: [.completed, .terminalNotReady], example: ["operation": "GetTransactions", "type": "SALE", "limit": "20"]
        ) { fields, _ throws(FieldError) in .operation(.getTransactions(try query(fields))) },
    ]

    private static let transactionResults: [ResultCode] = ResultCode.allCases.filter {
        ![.inProgress, .cancelTooLate, .nothingToCancel, .noLastTransaction, .busy, .badField].contains($0)
    }

    /// Section 2: what is always answered before acceptance is never found again.
    private static let recordedResults = transactionResults.filter { ![.originalNotRecognised, .unsupported].contains($0) }

    private static let transactionID = Field("transactionID", .text(1...64, .identifier), "The terminal's id.")
    private static let uniqueID = Field("uniqueTransactionId", .text(1...30, .alphanumeric), "The POS's id.")
    private static let reference = Field("reference", .text(1...15, .alphanumeric), "The POS's reference.")
    private static let batchNumber = Field("batchNumber", .number(1...999_999), "Of this batch only.")
    private static let from = Field("from", .digits(8...8, as: "YYYYMMDD"), "From this local date on.")
    private static let to = Field("to", .digits(8...8, as: "YYYYMMDD"), "Up to this local date.")
    private static let type = Field("type", .choice(TransactionType.allCases.map(\.rawValue)), "Of this type only.")
    private static let state = Field("state", .choice(TransactionState.allCases.map(\.rawValue)), "In this state only.")
    private static let limit = Field("limit", .number(1...200), "Most transactions in one answer; 50 unless given.")
    private static let cursor = Field("cursor", .text(1...128, .printable), "From the answer before.")

    /// `requestId` names a transaction when nothing else does.
    private static func transactionName(_ fields: FieldReader, _ requestID: String?) throws(FieldError) -> TransactionName {
        let names: [TransactionName?] = [
            try fields.text(transactionID).map { .transactionID(TransactionID($0)) },
            try fields.text(uniqueID).map { .uniqueTransactionID($0) }, try fields.text(reference).map { .reference($0) },
        ]
        let given = names.compactMap { $0 }
        guard given.count <= 1 else { throw FieldError("transactionID", "only one of transactionID, uniqueTransactionId and reference") }
        if let name = given.first { return name }
        guard let requestID else {
            throw FieldError("transactionID", "one of transactionID, uniqueTransactionId, reference and requestId is required")
        }
        return .requestID(requestID)
    }

    private static func query(_ fields: FieldReader) throws(FieldError) -> TransactionQuery {
        var query = TransactionQuery()
        query.batchNumber = try fields.number(batchNumber).map { Int($0) }
        query.from = try fields.text(from)
        query.to = try fields.text(to)
        query.type = try fields.text(type).flatMap(TransactionType.init)
        query.state = try fields.text(state).flatMap(TransactionState.init)
        if let given = try fields.number(limit) { query.limit = Int(given) }
        query.cursor = try fields.text(cursor)
        return query
    }
}
