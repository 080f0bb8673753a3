import Terminal
import Testing

@testable import TerminalAPI

/// A desk in virtual time. Every action is kept until a test takes it; what a test does not expect, it sees.
struct DeskHarness {
    var desk: POSDesk
    var now: Duration = .seconds(1000)

    init(
        connectionLimit: Int = 8, queueLimit: Int = 16, rate: RequestRate = RequestRate(burst: 1_000_000, perSecond: 1_000_000)
    ) {
        desk = POSDesk(connectionLimit: connectionLimit, queueLimit: queueLimit, rate: rate)
    }

    static let till = PeerIdentity("192.0.2.1")
    static let other = PeerIdentity("192.0.2.2")
    static let id = TransactionID("T1")

    @discardableResult
    mutating func on(_ event: POSDesk.Event) -> [POSDesk.Action] { desk.on(event, at: now) }

    /// Lets time pass as the shell would: stopping at every moment the desk asked to be woken.
    mutating func pass(_ duration: Duration) -> [POSDesk.Action] {
        let end = now + duration
        var actions: [POSDesk.Action] = []
        var wakes = 0
        while let next = desk.nextWake(after: now), next <= end {
            now = max(now, next)
            actions += desk.on(.time, at: now)
            wakes += 1
            guard wakes < 100_000 else {
                Issue.record("the desk wants to be woken again and again at \(now)")
                break
            }
        }
        now = end
        return actions
    }

    mutating func connect(_ number: Int, _ peer: PeerIdentity = till, isTrusted: Bool = false) -> ConnectionID {
        let connection = ConnectionID(number: number)
        #expect(on(.connected(connection, peer, isTrusted: isTrusted)).isEmpty)
        return connection
    }

    mutating func request(
        _ connection: ConnectionID, _ body: POSRequest.Body, operation: String = "Transaction", requestID: String? = nil
    ) -> [POSDesk.Action] {
        on(.request(connection, POSRequest(operation: operation, requestID: requestID, body: body)))
    }

    static func sale(_ amount: Int64 = 500, requestID: String? = nil) -> TransactionRequest {
        var request = TransactionRequest(type: .sale)
        request.requestedAmount = amount
        request.uniqueTransactionID = "U1"
        request.requestID = requestID
        return request
    }

    static func approved(_ result: ResultCode = .completed) -> TransactionAnswer {
        var answer = TransactionAnswer(result: result)
        answer.type = .sale
        answer.transactionID = id
        return answer
    }

    /// Starts a sale and has it accepted. Returns the operation's number.
    mutating func startSale(_ connection: ConnectionID, requestID: String? = nil) -> Int {
        let request = Self.sale(requestID: requestID)
        let actions = self.request(connection, .transaction(request), requestID: requestID)
        guard case .begin(let operation, request, _) = actions.first, actions.count == 1 else {
            Issue.record("expected begin, got \(actions)")
            return 0
        }
        #expect(on(.begun(operation: operation, .accepted(Self.id))).isEmpty)
        return operation
    }

    mutating func lastTransaction(_ connection: ConnectionID) -> (inquiry: Int, actions: [POSDesk.Action]) {
        let actions = request(connection, .lastTransaction, operation: "LastTransaction")
        for case .lookUpLast(let inquiry, _) in actions { return (inquiry, actions) }
        Issue.record("expected lookUpLast, got \(actions)")
        return (0, actions)
    }

    var running: RecordedTransaction { RecordedTransaction(id: Self.id, peer: Self.till, answer: nil) }

    mutating func bytes(_ connection: ConnectionID) -> [POSDesk.Action] { on(.bytesArrived(connection)) }
}

extension [POSDesk.Action] {
    var withoutPings: [POSDesk.Action] { filter { if case .ping = $0 { false } else { true } } }
    var pinged: [ConnectionID] { compactMap { if case .ping(let connection) = $0 { connection } else { nil } } }
    var presences: [POSPresence] { compactMap { if case .presence(let presence, _) = $0 { presence } else { nil } } }
    /// Result codes sent to a connection.
    func results(to connection: ConnectionID) -> [ResultCode] {
        compactMap {
            guard case .send(connection, let message) = $0 else { return nil }
            switch message {
            case .result(_, let result, _, _), .refusal(_, let result, _, _, _): return result
            case .transaction(_, let answer, _, _): return answer.result
            case .status: return .inProgress
            case .operation(_, let answer, _): return answer.result
            case .information, .event: return .completed
            }
        }
    }
}
