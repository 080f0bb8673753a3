import Terminal

@testable import TerminalAPI

/// libFuzzer on the desk where connections, operations and the terminal meet: any sequence of events keeps its invariants.
public func runSession(_ bytes: UnsafeBufferPointer<UInt8>) {
    var script = Script(bytes)
    var desk = POSDesk()
    var now = Duration.seconds(1)
    var connected: Set<ConnectionID> = []
    var nextConnection = 0
    var begun: [Int] = []
    var performing: [Int] = []
    var inquiries: [Int] = []
    var cancels: [Int] = []
    let peers = [PeerIdentity("a"), PeerIdentity("b")]
    let id = TransactionID("T")

    while let choice = script.next() {
        let event: POSDesk.Event
        let connection = ConnectionID(number: Int(script.next() ?? 0) % max(1, nextConnection))
        switch choice % 13 {
        case 0:
            event = .connected(ConnectionID(number: nextConnection), peers[connection.number % 2], isTrusted: choice > 128)
            connected.insert(ConnectionID(number: nextConnection))
            nextConnection += 1
        case 1:
            event = .disconnected(connection)
            connected.remove(connection)
        case 2: event = .bytesArrived(connection)
        case 3, 4: event = .request(connection, script.request())
        case 5: event = .begun(operation: begun.last ?? 0, choice > 128 ? .accepted(id) : .refused(TransactionAnswer(result: .unsupported)))
        case 6:
            event = .report(
                operation: begun.last ?? 0, choice > 64 ? .final(TransactionAnswer(result: .completed)) : .status(.card, message: ""))
        case 7: event = .cancelAnswered(cancel: cancels.last ?? 0, choice > 128 ? .cancelled : .tooLate)
        case 8: event = .performed(operation: performing.last ?? 0, OperationAnswer())
        case 9:
            event = .lookedUp(inquiry: inquiries.last ?? 0, choice > 128 ? RecordedTransaction(id: id, peer: peers[0], answer: nil) : nil)
        case 10: event = .happened(.host(.down))
        case 11:
            now += .milliseconds(Int(choice) * 200)
            event = .time
        default: event = .step(operation: performing.last ?? 0, .card, message: "")
        }
        var finished = 0
        for action in desk.on(event, at: now) {
            switch action {
            case .send(let to, _), .ping(let to): precondition(connected.contains(to), "told a connection that is gone")
            case .close(let closed, _, _), .drop(let closed): precondition(connected.remove(closed) != nil, "closed twice")
            case .begin(let number, _, _):
                begun.append(number)
                finished += 1
            case .perform(let number, let request, _, _):
                performing.append(number)
                if request != .diagnose { finished += 1 }
            case .cancel(let number, _): cancels.append(number)
            case .lookUp(let number, _), .lookUpLast(let number, _): inquiries.append(number)
            case .presence, .abandon, .restart: break
            }
        }
        precondition(finished <= 1, "two operations at once")
        precondition(desk.connections.count <= desk.connectionLimit)
        precondition(desk.nextWake(after: now) != nil || desk.connections.isEmpty)
    }
}

/// The fuzzer's bytes, one after the other.
private struct Script {
    private var bytes: UnsafeBufferPointer<UInt8>.Iterator

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes.makeIterator() }

    mutating func next() -> UInt8? { bytes.next() }

    mutating func request() -> POSRequest {
        let bodies: [POSRequest.Body] = [
            .transaction(TransactionRequest(type: .sale)), .cancel, .getInformation, .lastTransaction, .getTransaction(.reference("R")),
            .subscribe([.host]), .operation(.diagnose), .operation(.getParameters(keys: [])),
            .operation(.input(.init(.confirm(text: "?"), seconds: 5))), .invalid(FieldError("x", "y")), .unsupported("x"),
        ]
        return POSRequest(operation: "X", requestID: nil, body: bodies[Int(next() ?? 0) % bodies.count])
    }
}
