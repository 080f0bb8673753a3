import JSON

/// Plays the terminal to a point of sale and judges it, by what it does on the wire and by what its tester reports that it told its cashier. A value
/// without I/O or clock: events and the time go in, actions come out.
public struct Certification: Sendable {
    public typealias ConnectionID = Int

    public enum Event: Sendable {
        case connected(ConnectionID)
        case message(ConnectionID, String)
        /// By either side.
        case closed(ConnectionID)
        /// `sale` is a `uniqueTransactionId` or `reference`.
        case outcome(sale: String, ReportedOutcome)
        /// `nextWake` has come.
        case time
        /// Nothing more will be played.
        case end
    }

    public enum Action: Sendable, Equatable {
        case send(ConnectionID, JSONValue)
        case close(ConnectionID, code: UInt16, reason: String)
        /// The connection ends without a word.
        case cut(ConnectionID)
        /// For the person who watches.
        case say(String)
        case finished
    }

    /// One sale that is being played.
    struct Sale: Sendable {
        var scenario: CertificationScenario
        var connection: ConnectionID
        var request: JSONValue
        /// A Cancel was answered 13.
        var cancelRefused = false
        /// How often LastTransaction was asked since the cut.
        var asked = 0
        var isCut = false
    }

    struct Step: Sendable {
        var at: Duration
        var action: Action
        /// The sale is over with it.
        var endsSale = false
    }

    /// How long one unit of the scenarios' pauses is; 1 s for people.
    public var unit = Duration.seconds(1)
    /// A POS that sends nothing for so long has left.
    public var patience = Duration.seconds(180)

    public internal(set) var verdicts: [CertificationPoint: CertificationVerdict] = [:]
    public private(set) var isFinished = false
    var open: Set<ConnectionID> = []
    var running: Sale?
    var steps: [Step] = []
    var remaining = CertificationScenario.allCases[...]
    /// Sales by both their ids, for reports that come later.
    var played: [String: CertificationScenario] = [:]
    var lastAnswer: JSONValue?
    /// When 5 was answered.
    var busySince: Duration?
    var refreshDue = false
    /// The sale after which the next message shows that the POS lives.
    var survived: CertificationScenario?
    private var lastEvent: Duration = .zero
    private var endsAt: Duration?
    private var actions: [Action] = []

    public init() {}

    public mutating func on(_ event: Event, at now: Duration) -> [Action] {
        guard !isFinished else { return [] }
        switch event {
        case .connected(let connection): connected(connection)
        case .message(let connection, let text): received(text, from: connection, now)
        case .closed(let connection): closed(connection, now)
        case .outcome(let sale, let outcome): reported(sale, outcome)
        case .time: break
        case .end: finish()
        }
        switch event {
        case .time: break
        default: lastEvent = now
        }
        carryOut(now)
        if remaining.isEmpty, running == nil, steps.isEmpty, endsAt == nil {
            // Time for the last report.
            endsAt = now + unit * 5
        }
        if let endsAt, now >= endsAt { finish() }
        if now - lastEvent >= patience { finish() }
        defer { actions = [] }
        return actions
    }

    public var nextWake: Duration? {
        guard !isFinished else { return nil }
        return ([lastEvent + patience, endsAt] + steps.map(\.at)).compactMap { $0 }.min()
    }

    // MARK: Actions

    mutating func act(_ action: Action) { actions.append(action) }

    mutating func send(_ connection: ConnectionID, _ message: JSONValue) {
        if open.contains(connection) { act(.send(connection, message)) }
    }

    private mutating func carryOut(_ now: Duration) {
        while let index = steps.firstIndex(where: { $0.at <= now }) {
            let step = steps.remove(at: index)
            if case .send(let connection, let message) = step.action {
                send(connection, message)
                if step.endsSale { lastAnswer = message }
            } else {
                act(step.action)
                switch step.action {
                case .cut(let connection):
                    open.remove(connection)
                    running?.isCut = true
                case .close(let connection, _, _): open.remove(connection)
                default: break
                }
            }
            if step.endsSale { saleEnded() }
        }
    }

    private mutating func finish() {
        guard !isFinished else { return }
        judgeEnd()
        isFinished = true
        act(.finished)
    }

    // MARK: Verdicts

    /// What was seen first stands, but a failure outweighs what passed before.
    mutating func pass(_ point: CertificationPoint) {
        if verdicts[point] == nil { verdicts[point] = .passed }
    }

    mutating func fail(_ point: CertificationPoint, _ what: String) {
        if case .failed = verdicts[point] { return }
        verdicts[point] = .failed(what)
        act(.say("✗ \(point.rawValue): \(what)"))
    }
}
