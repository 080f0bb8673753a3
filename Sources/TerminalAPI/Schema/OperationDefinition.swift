import JSON
import Terminal

/// One operation of the protocol: what decodes its request, describes its messages and names its results. The documents in `docs/protocol` are
/// written from this table.
struct OperationDefinition: Sendable {
    /// Section 2.
    enum Kind: String, Sendable {
        /// One request, one response.
        case simple
        /// One request, any number of `Status`, one final.
        case complex
    }

    let name: String
    let kind: Kind
    /// Answered also while another operation runs.
    let isAlwaysAnswered: Bool
    /// Needs loopback or a client certificate (section 1).
    let needsTrust: Bool
    let meaning: String
    /// Besides `operation` and `requestId`.
    let request: [Field]
    /// Besides `operation`, `result`, `errorCondition`, `errorMessage` and `requestId`.
    let response: [Field]
    /// Results besides those that any message can get.
    let results: [ResultCode]
    /// A request that a test sends and the documents show.
    let example: JSONValue
    let read: @Sendable (FieldReader, _ requestID: String?) throws(FieldError) -> POSRequest.Body

    init(
        _ name: String, kind: Kind = .simple, alwaysAnswered: Bool = false, needsTrust: Bool = false, _ meaning: String,
        request: [Field] = [], response: [Field] = [], results: [ResultCode], example: JSONValue,
        read: @escaping @Sendable (FieldReader, _ requestID: String?) throws(FieldError) -> POSRequest.Body
    ) {
        self.name = name
        self.kind = kind
        isAlwaysAnswered = alwaysAnswered
        self.needsTrust = needsTrust
        self.meaning = meaning
        self.request = request
        self.response = response
        self.results = results
        self.example = example
        self.read = read
    }

    static let all: [OperationDefinition] = transactions + cardholder + terminal + certificates

    static let byName = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }

    /// With those that any request can get: a bad field and, unless it is always answered, another operation running.
    var allResults: [ResultCode] {
        Set(results + [.badField] + (isAlwaysAnswered ? [] : [.busy])).sorted { $0.rawValue < $1.rawValue }
    }

    static let operation = Field("operation", .text(1...64, .printable), required: true, "Names the operation; a response echoes it.")
    static let requestID = Field("requestId", .text(16...64, .identifier), "Echoed in every message of this request.")
    static let result = Field(
        "result", .choice(ResultCode.allCases.filter { $0 != .inProgress }.map { String($0.rawValue) }), required: true,
        "How it ended (section 3).")
    static let errorCondition = Field(
        "errorCondition", .choice(ErrorCondition.allCases.map(\.rawValue)), "Accompanies every result but 0.")
    static let errorMessage = Field("errorMessage", .string(pattern: nil), "For the developer and the log.")

    static let responseHead = [operation, result, errorCondition, errorMessage, requestID]

    /// `Status`: a step of a complex operation.
    static let status: [Field] = [
        Field("operation", .choice(["Status"]), required: true, "Always Status."),
        Field("context", .choice(StatusContext.allCases.map(\.rawValue)), required: true, "The step."),
        Field("result", .choice(["60"]), required: true, "In progress."),
        Field("message", .string(pattern: nil), required: true, "For the cashier."),
        Field("uniqueTransactionId", .text(1...30, .alphanumeric), "Of the request."),
        Field("reference", .text(1...15, .alphanumeric), "Of the request."),
        requestID,
    ]
}
