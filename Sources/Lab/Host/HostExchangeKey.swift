/// What names one exchange for ever: who sent it, as what, under which number, and when. A follow-up carries it in field 56 (1987: 90).
public struct HostExchangeKey: Sendable, Hashable {
    /// Field 41 without padding.
    public var terminal: String
    /// As first sent: a repeat (1421) has the type of what it repeats (1420).
    public var messageType: String
    /// Field 11, six digits.
    public var stan: String
    /// Field 12, YYMMDDhhmmss local; in a dialect of 1987 field 7, MMDDhhmmss UTC.
    public var dateTime: String

    public init(terminal: String, messageType: String, stan: String, dateTime: String) {
        self.terminal = terminal
        self.messageType = Self.firstSent(messageType)
        self.stan = stan
        self.dateTime = dateTime
    }

    /// The message origin, last digit of the type: odd is a repeat (ISO 8583:1993, 4.1.4).
    public static func isRepeat(_ messageType: String) -> Bool {
        guard let last = messageType.utf8.last, (0x30...0x39).contains(last) else { return false }
        return last & 1 == 1
    }

    private static func firstSent(_ messageType: String) -> String {
        guard isRepeat(messageType), let last = messageType.utf8.last else { return messageType }
        return messageType.dropLast() + String(last - 0x31)
    }
}
