import Terminal
import Testing

@testable import TerminalAPI

@Suite("LastTransaction and GetTransaction")
struct POSDeskInquiryTests {
    @Test(
        "the last transaction is answered under the inquiry's name, with that transaction's result",
        arguments: ["LastTransaction", "GetTransaction"])
    func ended(_ operation: String) throws {
        let definition = try #require(OperationDefinition.byName[operation])
        for result in definition.results where ![.noLastTransaction, .busy, .originalNotRecognised].contains(result) {
            var desk = DeskHarness()
            let a = desk.connect(1)
            let name = TransactionName.reference("R")
            let body = operation == "LastTransaction" ? POSRequest.Body.lastTransaction : .getTransaction(name)
            let actions = desk.request(a, body, operation: operation)
            let inquiry: Int
            switch (operation, actions.first) {
            case ("LastTransaction", .lookUpLast(let number, DeskHarness.till)): inquiry = number
            case ("GetTransaction", .lookUp(let number, name)): inquiry = number
            default:
                Issue.record("\(actions)")
                return
            }
            let record = RecordedTransaction(id: DeskHarness.id, peer: DeskHarness.till, answer: DeskHarness.approved(result))
            #expect(
                desk.on(.lookedUp(inquiry: inquiry, record)) == [
                    .send(a, .transaction(operation: operation, DeskHarness.approved(result), requestID: nil, replayed: false))
                ])
        }
    }

    @Test("none: 97")
    func none() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let (inquiry, _) = desk.lastTransaction(a)
        #expect(desk.on(.lookedUp(inquiry: inquiry, nil)).results(to: a) == [.noLastTransaction])
    }

    @Test("LastTransaction with a journal that cannot be read: 20, never that there is none")
    func unreadableJournal() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let (inquiry, _) = desk.lastTransaction(a)
        #expect(desk.on(.cannotLookUp(inquiry: inquiry)).results(to: a) == [.terminalNotReady])
    }

    @Test("held: the outcome that falls within 8 s is answered, and the asker is there although the owner is gone")
    func held() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        #expect(desk.on(.disconnected(a)).presences == [.lost])
        let b = desk.connect(2)
        let (inquiry, actions) = desk.lastTransaction(b)
        #expect(actions.presences == [.there])
        #expect(desk.on(.lookedUp(inquiry: inquiry, desk.running)).isEmpty)
        for _ in 0..<3 {
            #expect(desk.pass(.seconds(2)) == [.ping(b)])
            _ = desk.bytes(b)
        }
        #expect(desk.pass(.milliseconds(1999)).isEmpty)
        let final = desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        #expect(
            final == [.send(b, .transaction(operation: "LastTransaction", DeskHarness.approved(), requestID: nil, replayed: false))])
    }

    @Test("held 8 s without an outcome: 5, and the asker no longer counts")
    func heldTooLong() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.startSale(a)
        desk.on(.disconnected(a))
        let b = desk.connect(2)
        let (inquiry, _) = desk.lastTransaction(b)
        desk.on(.lookedUp(inquiry: inquiry, desk.running))
        for _ in 0..<3 {
            #expect(desk.pass(.seconds(2)).withoutPings.isEmpty)
            _ = desk.bytes(b)
        }
        #expect(desk.pass(.milliseconds(1999)).withoutPings.isEmpty)
        let actions = desk.pass(.milliseconds(1))
        #expect(actions.results(to: b) == [.busy])
        #expect(actions.presences == [.lost])
    }

    @Test("a held asker is pinged like the owner")
    func heldIsPinged() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.startSale(a)
        desk.on(.disconnected(a))
        let b = desk.connect(2)
        let (inquiry, _) = desk.lastTransaction(b)
        desk.on(.lookedUp(inquiry: inquiry, desk.running))
        #expect(desk.pass(.seconds(2)).pinged == [b])
    }

    @Test("a look-up answered just before the outcome gets the outcome")
    func race() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        let (inquiry, _) = desk.lastTransaction(a)
        desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        #expect(desk.on(.lookedUp(inquiry: inquiry, desk.running)).results(to: a) == [.completed])
    }

    @Test("one that runs without this desk knowing: 5, not silence")
    func unknownRunning() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let (inquiry, _) = desk.lastTransaction(a)
        #expect(desk.on(.lookedUp(inquiry: inquiry, desk.running)).results(to: a) == [.busy])
    }

    @Test("a terminal that never answers a look-up: 5 after 8 s")
    func lookUpSilent() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let (inquiry, _) = desk.lastTransaction(a)
        #expect(desk.pass(.seconds(8)).results(to: a) == [.busy])
        #expect(desk.on(.lookedUp(inquiry: inquiry, nil)).isEmpty)
    }

    @Test("an asker that is gone is not answered")
    func askerGone() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        let b = desk.connect(2)
        let (inquiry, _) = desk.lastTransaction(b)
        desk.on(.lookedUp(inquiry: inquiry, desk.running))
        desk.on(.disconnected(b))
        #expect(desk.on(.report(operation: operation, .final(DeskHarness.approved()))).results(to: b).isEmpty)
    }

    @Test("GetTransaction: not found 4, running 5 at once, ended as LastTransaction")
    func getTransaction() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        func ask(_ desk: inout DeskHarness, _ record: RecordedTransaction?) -> [ResultCode] {
            let actions = desk.request(
                a, .getTransaction(.requestID("0123456789abcdef")), operation: "GetTransaction", requestID: "0123456789abcdef")
            guard case .lookUp(let inquiry, .requestID("0123456789abcdef")) = actions.last else {
                Issue.record("expected lookUp, got \(actions)")
                return []
            }
            return desk.on(.lookedUp(inquiry: inquiry, record)).results(to: a)
        }
        #expect(ask(&desk, nil) == [.originalNotRecognised])
        let record = RecordedTransaction(id: DeskHarness.id, peer: DeskHarness.till, answer: DeskHarness.approved())
        #expect(ask(&desk, record) == [.completed])
        _ = desk.startSale(a)
        #expect(ask(&desk, desk.running) == [.busy])
    }
}
