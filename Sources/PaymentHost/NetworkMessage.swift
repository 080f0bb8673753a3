/// Network messages the link sends by itself; the raw value is the key of the dialect's function codes.
public enum NetworkFunction: String, Sendable, Hashable, CaseIterable {
    case signOn, signOff, echo
    /// Asks for a new MAC key under the key encryption key.
    case keyChange

    /// What every dialect has a code for; the key change is for hosts that do it.
    static let always: [NetworkFunction] = [.signOn, .signOff, .echo]
}

/// What a network message needs from outside: a trace number never used before in the batch, and the time.
public struct NetworkStamp: Sendable, Hashable {
    public var stan: Int
    public var dateTimes: WireDateTimes

    public init(stan: Int, dateTimes: WireDateTimes) {
        self.stan = stan
        self.dateTimes = dateTimes
    }
}

/// The wall clock as messages write it.
public struct WireDateTimes: Sendable, Hashable {
    /// Field 12, YYMMDDhhmmss.
    public var local: String
    /// Field 7, MMDDhhmmss UTC.
    public var transmission: String

    public init(local: String, transmission: String) {
        self.local = local
        self.transmission = transmission
    }
}
