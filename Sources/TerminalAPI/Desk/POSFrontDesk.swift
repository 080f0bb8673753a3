import JSON
import Logging
import NIOCore
import Terminal

/// Carries out what `POSDesk` decides: sockets on one side, the terminal on the other. Lives on one event loop.
final class POSFrontDesk {
    private var desk: POSDesk
    private let terminal: any PaymentTerminal
    private let operations: any OperationPerforming
    /// Operations under way that are no transactions.
    private var tasks: [Int: Task<Void, Never>] = [:]
    private let clock: any ServerClock
    private let loop: any EventLoop
    private let logger: Logger
    private let encoder = POSMessageEncoder()
    private var times: InformationTimes
    /// The last heartbeat; a POS sends the same bytes each time.
    private var askedMessage: ByteBuffer?
    private var askedRequest: POSRequest?
    /// The last answer to one; within a second most are the same.
    private var heartbeat: (revision: Int, moment: InformationTimes.Moment, answer: OutgoingFrame)?
    private var connections: [ConnectionID: WebSocketHandler] = [:]
    private var lastConnection = 0
    private var armed: (at: Duration, cancel: @Sendable () -> Void)?
    private var mayBeDueEarlier = false
    private var backlog: [POSDesk.Action] = []
    private var isPerforming = false
    /// Presence must reach the terminal in order, so it goes through one stream.
    private let presence: AsyncStream<(POSPresence, TransactionID)>.Continuation

    init(
        configuration: POSServerConfiguration, terminal: any PaymentTerminal, operations: any OperationPerforming, clock: any ServerClock,
        logger: Logger, loop: any EventLoop, presence: AsyncStream<(POSPresence, TransactionID)>.Continuation
    ) {
        desk = POSDesk(
            times: configuration.times, connectionLimit: configuration.connectionLimit, queueLimit: configuration.queueLimit,
            rate: RequestRate(burst: configuration.requestBurst, perSecond: configuration.requestsPerSecond))
        times = InformationTimes(clock: clock)
        self.terminal = terminal
        self.operations = operations
        self.clock = clock
        self.logger = logger
        self.loop = loop
        self.presence = presence
    }

    func open(_ connection: WebSocketHandler, peer: PeerIdentity, isTrusted: Bool) -> ConnectionID {
        lastConnection += 1
        let id = ConnectionID(number: lastConnection)
        connections[id] = connection
        logger.info("POS connected", metadata: ["connection": "\(id.number)", "peer": "\(peer)"])
        handle(.connected(id, peer, isTrusted: isTrusted))
        return id
    }

    func closed(_ id: ConnectionID) {
        if connections.removeValue(forKey: id) != nil { logger.info("POS gone", metadata: ["connection": "\(id.number)"]) }
        handle(.disconnected(id))
    }

    func received(_ message: ByteBuffer, from id: ConnectionID) {
        if let askedMessage, askedMessage == message, let askedRequest { return handle(.request(id, askedRequest)) }
        let request = POSRequestDecoder.decode(message.readableBytesView)
        if case .getInformation = request.body, request.requestID == nil {
            askedMessage = ByteBuffer(bytes: message.readableBytesView)
            askedRequest = request
        }
        handle(.request(id, request))
    }

    func handle(_ event: POSDesk.Event) {
        let now = clock.now
        let actions = desk.on(event, at: now)
        if event.bringsDeadlines { mayBeDueEarlier = true }
        // Carrying out an action can bring the next event at once, such as a dropped connection; its actions come after those already due.
        guard !isPerforming else { return backlog.append(contentsOf: actions) }
        isPerforming = true
        for action in actions { perform(action) }
        var next = 0
        while next < backlog.count {
            perform(backlog[next])
            next += 1
        }
        if next > 0 { backlog.removeAll(keepingCapacity: true) }
        isPerforming = false
        if mayBeDueEarlier { arm(now) }
    }

    private func perform(_ action: POSDesk.Action) {
        switch action {
        case .send(let id, let message): connections[id]?.send(encode(message))
        case .ping(let id): connections[id]?.ping()
        case .close(let id, let code, let reason):
            logger.info(
                "POS connection closed", metadata: ["connection": "\(id.number)", "code": "\(code.rawValue)", "reason": "\(reason)"])
            connections[id]?.close(code, reason)
        case .drop(let id):
            logger.warning("POS connection dropped: too many messages wait", metadata: ["connection": "\(id.number)"])
            connections[id]?.drop()
        case .begin(let operation, let request, let peer): begin(operation, request, peer)
        case .cancel(let cancel, let id):
            ask { terminal, answer in answer(.cancelAnswered(cancel: cancel, await terminal.cancel(id))) }
        case .presence(let now, let id): presence.yield((now, id))
        case .lookUpLast(let inquiry, let peer):
            ask { terminal, answer in answer(Self.found(await terminal.lastTransaction(of: peer), inquiry, terminal)) }
        case .lookUp(let inquiry, let name):
            ask { terminal, answer in answer(Self.found(await terminal.transaction(name), inquiry, terminal)) }
        case .perform(let operation, let request, let peer, let isTrusted): perform(operation, request, peer, isTrusted)
        case .restart: operations.restart()
        case .abandon(let operation): tasks[operation]?.cancel()
        }
    }

    /// Nothing found in a journal that cannot be read is no answer: a POS that was told so would sell again.
    private static func found(_ record: RecordedTransaction?, _ inquiry: Int, _ terminal: any PaymentTerminal) -> POSDesk.Event {
        record == nil && !terminal.information.isJournalReadable ? .cannotLookUp(inquiry: inquiry) : .lookedUp(inquiry: inquiry, record)
    }

    private func begin(_ operation: Int, _ request: TransactionRequest, _ peer: PeerIdentity) {
        let (loop, bound) = (loop, NIOLoopBound(self, eventLoop: loop))
        ask { terminal, answer in
            let begun = await terminal.begin(request, peer: peer) { report in
                loop.execute { bound.value.handle(.report(operation: operation, report)) }
            }
            answer(.begun(operation: operation, begun))
        }
    }

    private func perform(_ operation: Int, _ request: OperationRequest, _ peer: PeerIdentity, _ isTrusted: Bool) {
        let (operations, loop, bound) = (operations, loop, NIOLoopBound(self, eventLoop: loop))
        tasks[operation] = Task {
            let answer = await operations.perform(request, peer: peer, isTrusted: isTrusted) { context, text in
                loop.execute { bound.value.handle(.step(operation: operation, context, message: text)) }
            }
            loop.execute {
                bound.value.tasks[operation] = nil
                bound.value.handle(.performed(operation: operation, answer))
            }
        }
    }

    /// Asks the terminal off the loop; the answer comes back on it.
    private func ask(
        _ question: @escaping @Sendable (any PaymentTerminal, _ answer: @Sendable (POSDesk.Event) -> Void) async -> Void
    ) {
        let (terminal, loop, bound) = (terminal, loop, NIOLoopBound(self, eventLoop: loop))
        Task { await question(terminal) { event in loop.execute { bound.value.handle(event) } } }
    }

    private func encode(_ message: POSMessage) -> OutgoingFrame {
        let moment = times.moment
        guard case .information(requestID: nil) = message else { return encode(message, at: moment) }
        let revision = terminal.informationRevision
        if let heartbeat, heartbeat.revision == revision, heartbeat.moment == moment { return heartbeat.answer }
        let answer = encode(message, at: moment)
        heartbeat = (revision, moment, answer)
        return answer
    }

    private func encode(_ message: POSMessage, at moment: InformationTimes.Moment) -> OutgoingFrame {
        OutgoingFrame(
            .text,
            encoder.encode(message) {
                let information = terminal.information
                return (information, times.told(at: moment, nextRestart: information.nextRestart))
            })
    }

    /// One timer for the desk, moved only when something is due earlier.
    private func arm(_ now: Duration) {
        mayBeDueEarlier = false
        guard let next = desk.nextWake(after: now) else { return }
        if let armed, armed.at <= next { return }
        armed?.cancel()
        let bound = NIOLoopBound(self, eventLoop: loop)
        armed = (next, clock.wake(loop, after: max(.zero, next - now)) { bound.value.wake() })
    }

    private func wake() {
        armed = nil
        handle(.time)
    }
}

/// One POS connection's way to the front desk.
final class POSConnection: WebSocketSession {
    private let frontDesk: POSFrontDesk
    private let peer: PeerIdentity
    private let isTrusted: Bool
    private var id: ConnectionID?

    init(frontDesk: POSFrontDesk, peer: PeerIdentity, isTrusted: Bool) {
        self.frontDesk = frontDesk
        self.peer = peer
        self.isTrusted = isTrusted
    }

    func opened(_ connection: WebSocketHandler) { id = frontDesk.open(connection, peer: peer, isTrusted: isTrusted) }

    func bytesArrived() {
        if let id { frontDesk.handle(.bytesArrived(id)) }
    }

    func received(_ message: ByteBuffer, isText: Bool) {
        if let id { frontDesk.received(message, from: id) }
    }

    func closed() {
        if let id { frontDesk.closed(id) }
        id = nil
    }
}
