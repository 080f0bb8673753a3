import Terminal

/// One WebSocket connection for as long as the server runs; numbers are not used again.
struct ConnectionID: Hashable, Sendable, Comparable {
    var number: Int
    static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.number < right.number }
}

/// The desk where POS connections and the terminal meet: who is connected, whose operation runs, who may cancel it, who waits for its outcome and
/// whether anybody is still there (pos-protocol, sections 1, 2 and 5). No I/O, no clock, no tasks: events and the time go in, actions come out.
struct POSDesk: Sendable {
    enum Event: Sendable {
        /// Trusted: on loopback, or with a client certificate.
        case connected(ConnectionID, PeerIdentity, isTrusted: Bool)
        case disconnected(ConnectionID)
        case bytesArrived(ConnectionID)
        case request(ConnectionID, POSRequest)
        /// `nextWake` has come.
        case time
        case begun(operation: Int, BeginAnswer)
        case report(operation: Int, TransactionReport)
        case cancelAnswered(cancel: Int, CancelAnswer)
        /// A step of an operation that is not a transaction.
        case step(operation: Int, StatusContext, message: String)
        case performed(operation: Int, OperationAnswer)
        case happened(TerminalEvent)
        case lookedUp(inquiry: Int, RecordedTransaction?)
        /// The journal cannot be read.
        case cannotLookUp(inquiry: Int)
        case shutdown(CloseCode, String)

        /// `false` for what only moves deadlines back: `nextWake` need not be asked.
        var bringsDeadlines: Bool {
            switch self {
            case .bytesArrived: false
            case .request(_, let request): if case .getInformation = request.body { false } else { true }
            default: true
            }
        }
    }

    enum Action: Sendable, Equatable {
        case send(ConnectionID, POSMessage)
        case ping(ConnectionID)
        /// The connection is gone for the desk from here on.
        case close(ConnectionID, CloseCode, String)
        /// Ended without a word: the peer does not take what is sent to it.
        case drop(ConnectionID)
        /// The terminal's answer comes back as `.begun`, its reports as `.report`.
        case begin(operation: Int, TransactionRequest, PeerIdentity)
        case cancel(cancel: Int, TransactionID)
        case presence(POSPresence, TransactionID)
        case lookUpLast(inquiry: Int, PeerIdentity)
        case lookUp(inquiry: Int, TransactionName)
        /// The answer comes back as `.performed`, its steps as `.step`.
        case perform(operation: Int, OperationRequest, PeerIdentity, isTrusted: Bool)
        /// The operation is to end soon; its answer no longer matters.
        case abandon(operation: Int)
        /// The terminal ends, in order.
        case restart
    }

    struct Connection: Sendable {
        var peer: PeerIdentity
        var isTrusted: Bool
        var since: Duration
        /// When a byte last arrived.
        var lastByte: Duration
        /// The oldest ping that no byte has followed.
        var pingedAt: Duration?
        var suspectSince: Duration?
    }

    /// The one operation that runs, from the request to its final message.
    struct Operation: Sendable {
        enum Phase: Sendable, Equatable {
            /// The terminal has not answered `begin` yet.
            case beginning
            case running(TransactionID)
            /// Not a transaction.
            case performing(isComplex: Bool)
        }
        var number: Int
        var name: String
        var requestID: String?
        /// Of a transaction.
        var request: TransactionRequest?
        var owner: ConnectionID
        var peer: PeerIdentity
        var attachments: [ConnectionID] = []
        var phase = Phase.beginning
        /// Reports that overtook the answer to `begin`.
        var early: [TransactionReport] = []
        /// A final that waits until `Cancel` is answered, so that the answer comes first.
        var final: TransactionAnswer?
        /// Not a transaction, and cancelled or nobody's any more: its final is `12`.
        var isAbandoned = false
        var presence = POSPresence.there
        var nextPing: Duration

        var id: TransactionID? {
            if case .running(let id) = phase { id } else { nil }
        }
        var listeners: [ConnectionID] { [owner] + attachments }
    }

    struct PendingCancel: Sendable {
        var connection: ConnectionID
        var requestID: String?
        var deadline: Duration
        /// The terminal was asked.
        var passedOn = false
    }

    /// A `LastTransaction`, `GetTransaction` or `Diagnose` not yet answered.
    struct Inquiry: Sendable {
        enum Question: Sendable { case last, named, diagnosis }

        var connection: ConnectionID
        var operationName: String
        var requestID: String?
        var deadline: Duration
        /// A running transaction whose outcome it waits for.
        var held: TransactionID?
        var question: Question
        /// `LastTransaction` waits for the outcome, the others do not.
        var mayWait: Bool { question == .last }
    }

    let times: POSTimes
    let connectionLimit: Int
    let queueLimit: Int

    var connections: [ConnectionID: Connection] = [:]
    var operation: Operation?
    var cancels: [Int: PendingCancel] = [:]
    var inquiries: [Int: Inquiry] = [:]
    var subscriptions: [ConnectionID: Set<TerminalEvent.Topic>] = [:]
    var rate: RequestRate
    /// The last outcome told, for a look-up that was answered just before it.
    var lastFinal: (id: TransactionID, answer: TransactionAnswer)?
    var isShutDown = false
    private var lastNumber = 0
    private var actions: [Action] = []

    init(times: POSTimes = POSTimes(), connectionLimit: Int = 8, queueLimit: Int = 16, rate: RequestRate = RequestRate()) {
        self.rate = rate
        self.times = times
        self.connectionLimit = connectionLimit
        self.queueLimit = queueLimit
    }

    mutating func on(_ event: Event, at now: Duration) -> [Action] {
        switch event {
        case .connected(let connection, let peer, let isTrusted): connected(connection, peer, isTrusted, now)
        case .disconnected(let connection): disconnected(connection, now)
        case .bytesArrived(let connection): bytesArrived(connection, now)
        case .request(let connection, let request): requested(connection, request, now)
        case .time: timePassed(now)
        case .begun(let number, let answer): begun(number, answer, now)
        case .report(let number, let report): reported(number, report, now)
        case .cancelAnswered(let number, let answer): cancelAnswered(number, answer)
        case .step(let number, let context, let text): stepped(number, context, text)
        case .performed(let number, let answer): performed(number, answer)
        case .happened(let event): happened(event)
        case .lookedUp(let number, let record): lookedUp(number, record)
        case .cannotLookUp(let number): answerInquiry(number, .terminalNotReady)
        case .shutdown(let code, let reason): shutDown(code, reason)
        }
        updatePresence(now)
        defer { actions.removeAll() }
        return actions
    }

    mutating func act(_ action: Action) { actions.append(action) }

    mutating func send(_ connection: ConnectionID, _ message: POSMessage) {
        if connections[connection] != nil { act(.send(connection, message)) }
    }

    /// Numbers operations, cancels and inquiries, so that a late answer finds nothing rather than something else.
    mutating func newNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }
}
