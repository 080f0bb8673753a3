import Seeds
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Connections: limits and life (pos-protocol, section 1)")
struct POSDeskConnectionTests {
    @Test("the ninth connection is accepted and the longest-idle one without an operation is closed 1001")
    func eviction() {
        var desk = DeskHarness()
        for number in 1...8 {
            _ = desk.connect(number)
            _ = desk.pass(.seconds(1))
        }
        _ = desk.startSale(ConnectionID(number: 1))
        _ = desk.bytes(ConnectionID(number: 2))
        let actions = desk.on(.connected(ConnectionID(number: 9), DeskHarness.other, isTrusted: false))
        #expect(actions == [.close(ConnectionID(number: 3), .goingAway, "replaced by a newer connection")])
        #expect(desk.desk.connections.count == 8)
    }

    @Test("when every connection has an operation, the newcomer is turned away")
    func allOccupied() {
        var desk = DeskHarness(connectionLimit: 2)
        let a = desk.connect(1)
        let b = desk.connect(2)
        _ = desk.startSale(a)
        _ = desk.lastTransaction(b)
        let actions = desk.on(.connected(ConnectionID(number: 3), DeskHarness.till, isTrusted: false))
        #expect(actions == [.close(ConnectionID(number: 3), .tryAgainLater, "too many connections")])
        #expect(desk.request(ConnectionID(number: 3), .getInformation).isEmpty)
    }

    @Test("from 23 h 55 min a connection takes no new Transaction (20 maintenance), but everything else")
    func maintenance() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.pass(.seconds(23 * 3600 + 55 * 60) - .milliseconds(1))
        let operation = desk.startSale(a)
        desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        _ = desk.pass(.milliseconds(1))
        let actions = desk.request(a, .transaction(DeskHarness.sale()))
        guard case .send(a, .refusal("Transaction", .terminalNotReady, .maintenance, _, nil)) = actions.first, actions.count == 1 else {
            Issue.record("got \(actions)")
            return
        }
        #expect(desk.request(a, .getInformation, operation: "GetInformation").results(to: a) == [.completed])
    }

    @Test("at 24 hours a connection is closed 1001, connection lifetime")
    func lifetime() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        #expect(desk.pass(.seconds(24 * 3600 - 1)).isEmpty)
        #expect(desk.pass(.seconds(1)) == [.close(a, .goingAway, "connection lifetime")])
    }

    @Test("seventeen unanswered requests of one connection: dropped; another connection is not touched")
    func flood() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2, DeskHarness.other)
        for _ in 0..<16 { _ = desk.lastTransaction(a) }
        _ = desk.lastTransaction(b)
        #expect(desk.request(a, .lastTransaction, operation: "LastTransaction") == [.drop(a)])
        #expect(desk.desk.inquiries.count == 1)
        #expect(desk.request(b, .getInformation).results(to: b) == [.completed])
    }

    @Test("shutdown closes all connections, and the owner of a running transaction is lost")
    func shutdown() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        _ = desk.startSale(a)
        #expect(
            desk.on(.shutdown(.goingAway, "terminal restart")) == [
                .close(a, .goingAway, "terminal restart"), .close(b, .goingAway, "terminal restart"), .presence(.lost, DeskHarness.id),
            ])
        #expect(
            desk.on(.connected(ConnectionID(number: 3), DeskHarness.till, isTrusted: false)) == [
                .close(ConnectionID(number: 3), .goingAway, "terminal restart")
            ])
    }

    @Test("whatever the order of events, the desk never spins, never answers a connection that is gone and knows who is connected")
    func randomEvents() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<300 {
            var desk = DeskHarness(connectionLimit: 4)
            var open: Set<ConnectionID> = []
            var begins: [Int] = []
            var inquiries: [Int] = []
            var cancels: [Int] = []
            var number = 0
            for _ in 0..<120 {
                let connection = open.randomElement(using: &random) ?? ConnectionID(number: 0)
                var actions: [POSDesk.Action]
                switch Int.random(in: 0..<12, using: &random) {
                case 0:
                    number += 1
                    open.insert(ConnectionID(number: number))
                    actions = desk.on(
                        .connected(
                            ConnectionID(number: number), Bool.random(using: &random) ? DeskHarness.till : DeskHarness.other,
                            isTrusted: false))
                case 1:
                    open.remove(connection)
                    actions = desk.on(.disconnected(connection))
                case 2: actions = desk.bytes(connection)
                case 3, 4:
                    let id = Bool.random(using: &random) ? "0123456789abcdef" : nil
                    actions = desk.request(connection, .transaction(DeskHarness.sale(requestID: id)), requestID: id)
                case 5: actions = desk.request(connection, .cancel, operation: "Cancel")
                case 6: actions = desk.request(connection, .lastTransaction, operation: "LastTransaction")
                case 7:
                    guard let operation = begins.last else { continue }
                    actions = desk.on(
                        .begun(
                            operation: operation,
                            Bool.random(using: &random) ? .accepted(DeskHarness.id) : .refused(TransactionAnswer(result: .unsupported))))
                case 8:
                    guard let operation = begins.last else { continue }
                    actions = desk.on(.report(operation: operation, .final(DeskHarness.approved())))
                case 9:
                    guard let inquiry = inquiries.randomElement(using: &random) else { continue }
                    actions = desk.on(.lookedUp(inquiry: inquiry, Bool.random(using: &random) ? desk.running : nil))
                case 10:
                    guard let cancel = cancels.randomElement(using: &random) else { continue }
                    actions = desk.on(
                        .cancelAnswered(cancel: cancel, [.cancelled, .tooLate, .nothingToCancel][Int.random(in: 0..<3, using: &random)]))
                default: actions = desk.pass(.milliseconds(Int.random(in: 0..<30_000, using: &random)))
                }
                for action in actions {
                    switch action {
                    case .begin(let operation, _, _): begins.append(operation)
                    case .lookUpLast(let inquiry, _): inquiries.append(inquiry)
                    case .cancel(let cancel, _): cancels.append(cancel)
                    case .close(let connection, _, _), .drop(let connection): open.remove(connection)
                    case .send(let connection, _), .ping(let connection): #expect(open.contains(connection))
                    case .presence, .lookUp, .perform, .abandon, .restart: break
                    }
                }
                #expect(Set(desk.desk.connections.keys) == open)
            }
        }
    }
}
