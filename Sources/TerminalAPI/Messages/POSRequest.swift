import Terminal

/// One message of a POS, decoded and checked.
struct POSRequest: Sendable, Equatable {
    enum Body: Sendable, Equatable {
        case transaction(TransactionRequest)
        case cancel
        case getInformation
        case lastTransaction
        case getTransaction(TransactionName)
        case subscribe(Set<TerminalEvent.Topic>)
        /// Everything else of section 6.
        case operation(OperationRequest)
        /// Not known, or not built: `200`.
        case unsupported(String)
        /// A known field is malformed: `3`.
        case invalid(FieldError)
    }

    /// As the POS wrote it; the answer echoes it. `Error` when the message has none that could be echoed.
    var operation: String
    var requestID: String?
    var body: Body
}

/// Which field, and which rule it breaks. Never holds the value.
struct FieldError: Error, Sendable, Equatable, CustomStringConvertible {
    var field: String
    var rule: String

    init(_ field: String, _ rule: String) {
        self.field = field
        self.rule = rule
    }

    var description: String { field.isEmpty ? rule : "\(field): \(rule)" }
}
