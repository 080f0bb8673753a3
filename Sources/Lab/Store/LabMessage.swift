import Devices
import JSON

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
    /// Lab to terminal: a button of the display.
    case press(String)

    public var bytes: [UInt8] {
        let value: JSONValue =
            switch self {
            case .ready(let port, let tlsPort): ["kind": "ready", "port": .integer(Int64(port)), "tlsPort": .integer(Int64(tlsPort))]
            case .display(let message):
                [
                    "kind": "display", "prompt": .string(message.prompt.rawValue), "text": .string(message.text),
                    "buttons": .array(message.buttons.map(JSONValue.string)),
                ]
            case .armed(let point): ["kind": "armed", "point": point.map(JSONValue.string) ?? .null]
            case .arm(let point): ["kind": "arm", "point": point.map(JSONValue.string) ?? .null]
            case .press(let button): ["kind": "press", "button": .string(button)]
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
            guard let prompt = value["prompt"]?.string.flatMap(DisplayMessage.Prompt.init), let text = value["text"]?.string else {
                return nil
            }
            self = .display(DisplayMessage(prompt, text: text, buttons: value["buttons"]?.array?.compactMap(\.string) ?? []))
        case "armed": self = .armed(value["point"]?.string)
        case "arm": self = .arm(value["point"]?.string)
        case "press":
            guard let button = value["button"]?.string else { return nil }
            self = .press(button)
        default: return nil
        }
    }
}
