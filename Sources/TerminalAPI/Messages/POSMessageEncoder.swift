import Hex
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
            TransactionAnswerFields.append(answer, to: &object)
            if replayed { object.append("replayed", "1") }
        case .status(let context, let text, let uniqueTransactionID, let reference, let requestID):
            object.append("operation", "Status")
            object.append("context", .string(context.rawValue))
            object.append("result", .string(String(ResultCode.inProgress.rawValue)))
            object.append("message", .string(text))
            object.append("uniqueTransactionId", uniqueTransactionID)
            object.append("reference", reference)
            object.append("requestId", requestID)
        case .operation(let operation, let answer, let requestID):
            Self.head(&object, operation, answer.result, answer.condition, answer.message, requestID)
            Self.append(answer.content, to: &object)
        case .event(let event): Self.append(event, to: &object)
        case .information(let requestID):
            Self.head(&object, "GetInformation", .completed, nil, nil, requestID)
            let (terminal, times) = information()
            object.append("information", InformationFields.value(terminal, times))
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

    private static func append(_ content: OperationAnswer.Content, to object: inout JSONObject) {
        switch content {
        case .none, .restart: break
        case .parameters(let settings):
            object.append("parameters", .array(settings.map { ["key": .string($0.key), "value": .string($0.value)] }))
        case .transactions(let answers, let cursor):
            object.append("transactions", .array(answers.map(TransactionAnswerFields.listed)))
            object.append("cursor", cursor)
        case .button(let text): object.append("button", .string(text))
        case .answer(let text): object.append("answer", .string(text))
        case .signature(let png): object.append("signature", .string(Base64.text(png)))
        case .card(let card):
            object.append("account", .string(card.account))
            object.append("entryMode", .string(card.entryMode))
        case .certificateRequest(let pem): object.append("csr", .string(pem))
        case .certificate(let fingerprint, let expires):
            object.append("fingerprint", .string(fingerprint))
            object.append("expires", .string(LocalTime.rfc3339(expires.milliseconds / 1000)))
        case .diagnosis(let report): object.append("diagnosis", .object(report))
        }
    }

    private static func append(_ event: TerminalEvent, to object: inout JSONObject) {
        object.append("operation", "Event")
        object.append("event", .string(event.topic.rawValue))
        switch event {
        case .device(let device): object.append("device", InformationFields.value(device))
        case .host(let state): object.append("hostState", .string(state.rawValue))
        case .card(let isPresent): object.append("card", .string(isPresent ? "present" : "absent"))
        case .maintenance(let text): object.append("message", .string(text))
        }
    }
}
