import FoundationEssentials

/// How events stand in the database: a kind, and a body of JSON.
extension TransactionEvent {
    public var kind: String {
        switch self {
        case .accepted: "accepted"
        case .reversalPending: "reversalPending"
        case .decided: "decided"
        case .reversalSent: "reversalSent"
        case .reversalAcknowledged: "reversalAcknowledged"
        case .reversalFlagged: "reversalFlagged"
        }
    }

    func body() throws(JournalError) -> String {
        switch self {
        case .accepted(let value): try Self.encode(value)
        case .reversalPending(let value): try Self.encode(value)
        case .decided(let value): try Self.encode(value)
        case .reversalSent(let value): try Self.encode(value)
        case .reversalAcknowledged(let value): try Self.encode(value)
        case .reversalFlagged(let value): try Self.encode(value)
        }
    }

    init(kind: String, body: String) throws(JournalError) {
        switch kind {
        case "accepted": self = .accepted(try Self.decode(body))
        case "reversalPending": self = .reversalPending(try Self.decode(body))
        case "decided": self = .decided(try Self.decode(body))
        case "reversalSent": self = .reversalSent(at: try Self.decode(body))
        case "reversalAcknowledged": self = .reversalAcknowledged(try Self.decode(body))
        case "reversalFlagged": self = .reversalFlagged(try Self.decode(body))
        default: throw JournalError(.damaged, "The journal holds an event of unknown kind '\(kind)'.")
        }
    }

    private static func encode(_ value: some Encodable) throws(JournalError) -> String {
        do {
            return String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        } catch {
            throw JournalError(.commitFailed, "A record of type \(type(of: value)) cannot be written.")
        }
    }

    private static func decode<Value: Decodable>(_ body: String) throws(JournalError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(body.utf8))
        } catch {
            throw JournalError(.damaged, "A record of type \(Value.self) cannot be read.", remedy: "Restore the journal from a backup.")
        }
    }
}
