import FoundationEssentials

/// How events stand in the database: a kind, and a body of JSON.
extension TransactionEvent {
    public var kind: String {
        switch self {
        case .accepted: "accepted"
        case .reversalPending: "reversalPending"
        case .intent: "intent"
        case .decided: "decided"
        case .followUp: "followUp"
        case .followed: "followed"
        }
    }

    private struct Change: Codable {
        var index: Int
        var event: FollowUpEvent
    }

    func body() throws(JournalError) -> String {
        switch self {
        case .accepted(let value): try JournalCoding.encode(value)
        case .reversalPending(let value): try JournalCoding.encode(value)
        case .intent(let value): try JournalCoding.encode(value)
        case .decided(let value): try JournalCoding.encode(value)
        case .followUp(let index, let event): try JournalCoding.encode(Change(index: index, event: event))
        case .followed(let value): try JournalCoding.encode(value)
        }
    }

    init(kind: String, body: String) throws(JournalError) {
        switch kind {
        case "accepted": self = .accepted(try JournalCoding.decode(body))
        case "reversalPending": self = .reversalPending(try JournalCoding.decode(body))
        case "intent": self = .intent(try JournalCoding.decode(body))
        case "decided": self = .decided(try JournalCoding.decode(body))
        case "followUp":
            let change: Change = try JournalCoding.decode(body)
            self = .followUp(change.index, change.event)
        case "followed": self = .followed(try JournalCoding.decode(body))
        // Written by the first schema, which knew one reversal and nothing else.
        case "reversalSent": self = .followUp(0, .sent(at: try JournalCoding.decode(body)))
        case "reversalAcknowledged": self = .followUp(0, .acknowledged(try JournalCoding.decode(body)))
        case "reversalFlagged": self = .followUp(0, .flagged(try JournalCoding.decode(body)))
        default: throw JournalError(.damaged, "The journal holds an event of unknown kind '\(kind)'.")
        }
    }
}

/// Bodies of records, as JSON.
enum JournalCoding {
    static func encode(_ value: some Encodable) throws(JournalError) -> String {
        do {
            return String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        } catch {
            throw JournalError(.commitFailed, "A record of type \(type(of: value)) cannot be written.")
        }
    }

    static func decode<Value: Decodable>(_ body: String) throws(JournalError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(body.utf8))
        } catch {
            throw JournalError(.damaged, "A record of type \(Value.self) cannot be read.", remedy: "Restore the journal from a backup.")
        }
    }
}
