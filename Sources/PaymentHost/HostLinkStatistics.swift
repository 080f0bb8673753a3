/// What the link has been through since the start, for GetInformation, Diagnose and metrics. Counters only grow.
public struct HostLinkStatistics: Sendable, Hashable {
    /// Where it is connected or connecting to.
    public internal(set) var address: HostLinkConfiguration.Address?
    /// Connections that were signed on.
    public internal(set) var connections = 0
    /// Attempts at an address that came to nothing.
    public internal(set) var failedAttempts = 0
    /// Connections that ended while they were up.
    public internal(set) var losses = 0
    /// Why the last attempt or connection failed; safe to show.
    public internal(set) var lastFailure: String?
    /// End of the certificate that the host showed last, seconds since 1970; `nil` without TLS.
    public internal(set) var certificateEnd: Int?
    /// From the last echo to its answer.
    public internal(set) var lastEcho: Duration?
    /// Exchanges by how they ended (pos-protocol, results 21 to 24).
    public internal(set) var answered = 0
    public internal(set) var notConnected = 0
    public internal(set) var notSent = 0
    public internal(set) var unanswered = 0
    public internal(set) var badAnswers = 0
    /// Answers without effect: to an exchange that had been given up, to one that was answered before, and to nothing that was asked.
    public internal(set) var late = 0
    public internal(set) var duplicates = 0
    public internal(set) var unmatched = 0
    /// Changes of the MAC key, and those that left it as it was.
    public internal(set) var keyChanges = 0
    public internal(set) var failedKeyChanges = 0
    /// Why the last one failed; safe to show. `nil` once one succeeds.
    public internal(set) var lastKeyChangeFailure: String?
    /// Check value of the MAC key in force, hexadecimal.
    public internal(set) var keyCheckValue: String?

    public init() {}

    mutating func count(_ outcome: HostOutcome) {
        switch outcome {
        case .answered: answered += 1
        case .notConnected: notConnected += 1
        case .notSent: notSent += 1
        case .noAnswer: unanswered += 1
        case .badAnswer: badAnswers += 1
        }
    }
}
