/// A message as the books keep it: nothing of the card but first six and last four digits.
public struct LedgerMessage: Sendable, Hashable {
    public enum Direction: String, Sendable, Hashable {
        /// From the terminal.
        case received = "in"
        /// To the terminal.
        case sent = "out"
    }

    /// RFC 3339, UTC, milliseconds.
    public var time: String
    public var direction: Direction
    public var messageType: String
    public var stan: String
    /// By field number, masked; binary fields in hexadecimal.
    public var fields: [Int: String]

    public init(time: String, direction: Direction, messageType: String, stan: String, fields: [Int: String]) {
        self.time = time
        self.direction = direction
        self.messageType = messageType
        self.stan = stan
        self.fields = fields
    }
}
