import JSON
import PaymentHost

/// What an operation that is not a transaction came to.
public struct OperationAnswer: Sendable, Hashable {
    public enum Content: Sendable, Hashable {
        case none
        case parameters([TerminalParameters.Setting])
        case transactions([TransactionAnswer], cursor: String?)
        /// The text of the button pressed.
        case button(String)
        /// What the cardholder entered, confirmed (`1`, `0`) or chose.
        case answer(String)
        /// PNG.
        case signature([UInt8])
        case card(CardRead)
        /// PEM of a certificate request.
        case certificateRequest(String)
        case certificate(fingerprint: String, expires: WallTime)
        /// The terminal ends when this has been told.
        case restart(RestartMoment)
        /// As `Diagnostics` writes it.
        case diagnosis(JSONObject)
    }

    /// A card that pays nothing. The number is masked unless its range is on the whitelist.
    public struct CardRead: Sendable, Hashable {
        public var account: String
        public var entryMode: String
        public var isClear: Bool

        public init(account: String, entryMode: String, isClear: Bool) {
            self.account = account
            self.entryMode = entryMode
            self.isClear = isClear
        }
    }

    public var result: ResultCode
    public var condition: ErrorCondition?
    /// Also with `0`, where something is to be said.
    public var message: String?
    public var content: Content

    public init(_ content: Content = .none, message: String? = nil) {
        result = .completed
        self.message = message
        self.content = content
    }

    public init(_ result: ResultCode, _ condition: ErrorCondition? = nil, _ message: String) {
        self.result = result
        self.condition = condition ?? result.condition
        self.message = message
        content = .none
    }
}

/// What happened, for a POS that asked to be told (`Subscribe`).
public enum TerminalEvent: Sendable, Hashable {
    public enum Topic: String, Sendable, CaseIterable { case device, host, card, maintenance }

    case device(TerminalInformation.Device)
    case host(HostLinkState)
    /// Whether a card is in the slot.
    case card(isPresent: Bool)
    /// What is about to happen, for people.
    case maintenance(String)

    public var topic: Topic {
        switch self {
        case .device: .device
        case .host: .host
        case .card: .card
        case .maintenance: .maintenance
        }
    }
}
