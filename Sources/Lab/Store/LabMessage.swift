import Devices
import JSON
import Terminal

/// What the terminal process and the lab tell each other beside USB, as JSON on the bus socket's side channel.
public enum LabMessage: Sendable, Hashable {
    /// Terminal to lab: it listens.
    case ready(port: Int, tlsPort: Int)
    /// Terminal to lab: the cardholder display shows this.
    case display(DisplayMessage)
    /// Terminal to lab: this point is armed (`nil`: none is).
    case armed(String?)
    /// Lab to terminal: end yourself, as by `kill -9`, at this point; `nil` disarms.
    case arm(String?)
    /// Lab to terminal: what the cardholder did at the display.
    case answer(CardholderAnswer)

    public var bytes: [UInt8] {
        let value: JSONValue =
            switch self {
            case .ready(let port, let tlsPort): ["kind": "ready", "port": .integer(Int64(port)), "tlsPort": .integer(Int64(tlsPort))]
            case .display(let message): ["kind": "display", "message": .object(message.json)]
            case .armed(let point): ["kind": "armed", "point": point.map(JSONValue.string) ?? .null]
            case .arm(let point): ["kind": "arm", "point": point.map(JSONValue.string) ?? .null]
            case .answer(let answer): ["kind": "answer", "answer": .object(answer.json)]
            }
        return value.bytes
    }

    /// `nil` for anything that is not such a message.
    public init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes) else { return nil }
        switch value["kind"]?.string {
        case "ready":
            guard let port = value["port"]?.integer, let tlsPort = value["tlsPort"]?.integer else { return nil }
            self = .ready(port: Int(port), tlsPort: Int(tlsPort))
        case "display":
            guard let message = value["message"]?.object.flatMap(DisplayMessage.init(json:)) else { return nil }
            self = .display(message)
        case "armed": self = .armed(value["point"]?.string)
        case "arm": self = .arm(value["point"]?.string)
        case "answer":
            guard let answer = value["answer"]?.object.flatMap(CardholderAnswer.init(json:)) else { return nil }
            self = .answer(answer)
        default: return nil
        }
    }
}
