import JSON
import Terminal

/// From a message to its JSON text: every value a string, under the contract's names.
struct POSMessageEncoder: Sendable {
    /// What `GetInformation` tells of time; the terminal's snapshot has the rest.
    struct Times: Sendable, Equatable {
        /// RFC 3339.
        var dateTime: String
        var uptimeSeconds: Int64
        /// RFC 3339.
        var nextRestart: String
    }

    func encode(_ message: POSMessage, information: () -> (TerminalInformation, Times)) -> [UInt8] {
        var object = JSONObject()
        switch message {
        case .result(let operation, let result, let text, let requestID):
            Self.head(&object, operation, result, result.condition, text, requestID)
        case .refusal(let operation, let result, let condition, let text, let requestID):
            Self.head(&object, operation, result, condition, text, requestID)
        case .transaction(let operation, let answer, let requestID, let replayed):
            Self.head(&object, operation, answer.result, answer.errorCondition, answer.errorMessage, requestID)
            Self.append(answer, to: &object)
            if replayed { object.append("replayed", "1") }
        case .status(let context, let text, let uniqueTransactionID, let reference, let requestID):
            object.append("operation", "Status")
            object.append("context", .string(context.rawValue))
            object.append("result", .string(String(ResultCode.inProgress.rawValue)))
            object.append("message", .string(text))
            object.append("uniqueTransactionId", uniqueTransactionID)
            object.append("reference", reference)
            object.append("requestId", requestID)
        case .information(let requestID):
            Self.head(&object, "GetInformation", .completed, nil, nil, requestID)
            let (terminal, times) = information()
            object.append("information", Self.information(terminal, times))
        }
        return JSONValue.object(object).bytes
    }

    private static func head(
        _ object: inout JSONObject, _ operation: String, _ result: ResultCode, _ condition: ErrorCondition?, _ text: String?,
        _ requestID: String?
    ) {
        object.append("operation", .string(operation))
        object.append("result", .string(String(result.rawValue)))
        if result != .completed { object.append("errorCondition", (condition ?? result.condition)?.rawValue) }
        object.append("errorMessage", text)
        object.append("requestId", requestID)
    }

    /// As messages to the host, their ledger and receipts write it: six digits.
    private static func batchText(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }

    private static func append(_ answer: TransactionAnswer, to object: inout JSONObject) {
        func add(_ name: String, _ text: String?) { object.append(name, text) }
        func add(_ name: String, _ number: (some BinaryInteger)?) { object.append(name, number.map { String($0) }) }
        let completed = answer.result == .completed
        add("type", answer.type?.rawValue)
        // Section 3: `approved` and an authorization code only ever stand beside result 0.
        if completed || answer.approval == .declined { add("approval", answer.approval?.rawValue) }
        add("responseCode", answer.responseCode)
        add("hostMessage", answer.hostMessage)
        add("requestedAmount", answer.requestedAmount)
        add("authorizedAmount", answer.authorizedAmount)
        add("tipAmount", answer.tipAmount)
        add("cashbackAmount", answer.cashbackAmount)
        add("surchargeAmount", answer.surchargeAmount)
        add("totalAmount", answer.totalAmount)
        if completed { add("authCode", answer.authCode) }
        add("originalAuthCode", answer.originalAuthCode)
        add("transactionID", answer.transactionID?.description)
        add("uniqueTransactionId", answer.uniqueTransactionID)
        add("reference", answer.reference)
        add("invoice", answer.invoice)
        add("batchNumber", answer.batchNumber.map(batchText))
        add("terminalID", answer.terminalID)
        add("merchantID", answer.merchantID)
        add("account", answer.account)
        add("cardBrand", answer.cardBrand)
        add("cardTypeProcessed", answer.cardTypeProcessed)
        add("entryMode", answer.entryMode)
        add("AID", answer.aid)
        add("TVR", answer.tvr)
        add("TSI", answer.tsi)
        add("preferredName", answer.preferredName)
        add("cvm", answer.cvm)
        add("cardToken", answer.cardToken)
        add("balance", answer.balance)
        add("transactionDate", answer.transactionDate)
        add("transactionTime", answer.transactionTime)
        if answer.offline == true { add("offline", "1") }
        add("state", answer.state?.rawValue)
        add("merchantReceipt", answer.merchantReceipt)
        add("customerReceipt", answer.customerReceipt)
    }

    private static func information(_ terminal: TerminalInformation, _ times: Times) -> JSONValue {
        var object = JSONObject()
        object.append("model", .string(terminal.model))
        object.append("serialNumber", .string(terminal.serialNumber))
        object.append("applicationName", .string(terminal.applicationName))
        object.append("applicationVersion", .string(terminal.applicationVersion))
        object.append("terminalID", .string(terminal.terminalID))
        object.append("merchantID", .string(terminal.merchantID))
        object.append("dateTime", .string(times.dateTime))
        object.append("uptimeSeconds", .string(String(times.uptimeSeconds)))
        object.append("nextRestart", .string(times.nextRestart))
        object.append("batchNumber", .string(batchText(terminal.batchNumber)))
        object.append("state", .string(terminal.activity.rawValue))
        object.append("hostState", .string(terminal.hostState.rawValue))
        object.append("pendingReversals", .string(String(terminal.pendingReversals)))
        object.append("offlineCount", .string(String(terminal.offlineCount)))
        object.append(
            "devices",
            .array(
                terminal.devices.map { device in
                    var entry = JSONObject()
                    entry.append("kind", .string(device.kind.rawValue))
                    entry.append("model", .string(device.model))
                    entry.append("serialNumber", device.serialNumber ?? "")
                    entry.append("state", .string(device.state.rawValue))
                    return .object(entry)
                }))
        return .object(object)
    }
}
