import Devices
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Operations that are no transactions, and events (pos-protocol, sections 2 and 6)")
struct POSDeskOtherOperationTests {
    private static let question = OperationRequest.input(.init(.confirm(text: "?"), seconds: 30))

    private func perform(
        _ desk: inout DeskHarness, _ connection: ConnectionID, _ asked: OperationRequest, _ name: String = "Input"
    ) -> (number: Int, actions: [POSDesk.Action]) {
        let actions = desk.request(connection, .operation(asked), operation: name, requestID: "0123456789abcdef")
        for case .perform(let number, asked, _, _) in actions { return (number, actions) }
        Issue.record("expected perform, got \(actions)")
        return (0, actions)
    }

    @Test("the answer goes to the asker, with the request's name and id")
    func answered() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let (number, _) = perform(&desk, a, Self.question)
        #expect(
            desk.on(.step(operation: number, .signature, message: "S")) == [
                .send(
                    a,
                    .status(.signature, message: "S", uniqueTransactionID: nil, reference: nil, requestID: "0123456789abcdef"))
            ])
        let answer = OperationAnswer(.answer("1"))
        #expect(
            desk.on(.performed(operation: number, answer)) == [.send(a, .operation("Input", answer, requestID: "0123456789abcdef"))])
        _ = desk.startSale(a)
    }

    @Test("one operation at a time: any other gets 5 while one runs, whichever kind, from any connection")
    func busy() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2, DeskHarness.other)
        let (number, _) = perform(&desk, a, .getParameters(keys: []), "GetParameter")
        #expect(desk.request(b, .operation(.lineItems(.init(.clear))), operation: "LineItems").results(to: b) == [.busy])
        #expect(desk.request(b, .transaction(DeskHarness.sale())).results(to: b) == [.busy])
        #expect(desk.request(a, .subscribe([.host]), operation: "Subscribe").results(to: a) == [.busy])
        desk.on(.performed(operation: number, OperationAnswer()))
        _ = desk.startSale(b)
        #expect(desk.request(a, .operation(.print(.init(lines: []))), operation: "PrintText").results(to: a) == [.busy])
    }

    @Test("Diagnose is answered while another operation runs, and times out by itself")
    func diagnose() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.startSale(a)
        let (number, _) = perform(&desk, a, .diagnose, "Diagnose")
        #expect(desk.on(.performed(operation: number, OperationAnswer())).results(to: a) == [.completed])
        _ = perform(&desk, a, .diagnose, "Diagnose")
        #expect(desk.pass(.seconds(30)).results(to: a) == [.timeout])
    }

    @Test("Cancel of a complex operation: 0 first, then 12, whatever the cardholder still did")
    func cancel() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let (number, _) = perform(&desk, a, Self.question)
        let actions = desk.request(a, .cancel, operation: "Cancel")
        #expect(actions.results(to: a) == [.completed])
        #expect(actions.last == .abandon(operation: number))
        #expect(desk.on(.performed(operation: number, OperationAnswer(.answer("1")))).results(to: a) == [.cancelledByPOS])
    }

    @Test("a simple operation cannot be cancelled, and nobody else's can: 14")
    func cancelRefused() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2, DeskHarness.other)
        let (number, _) = perform(&desk, a, .getParameters(keys: []), "GetParameter")
        #expect(desk.request(a, .cancel, operation: "Cancel").results(to: a) == [.nothingToCancel])
        desk.on(.performed(operation: number, OperationAnswer()))
        _ = perform(&desk, a, Self.question)
        #expect(desk.request(b, .cancel, operation: "Cancel").results(to: b) == [.nothingToCancel])
    }

    @Test("a complex operation whose POS is lost is ended; the terminal is free when it has ended")
    func lost() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        let (number, _) = perform(&desk, a, Self.question)
        #expect(desk.on(.disconnected(a)) == [.abandon(operation: number)])
        #expect(desk.request(b, .transaction(DeskHarness.sale())).results(to: b) == [.busy])
        #expect(desk.on(.performed(operation: number, OperationAnswer())).isEmpty)
        _ = desk.startSale(b)
    }

    @Test("the terminal hears who is trusted: loopback or a client certificate")
    func trust() {
        for isTrusted in [true, false] {
            var desk = DeskHarness()
            let a = desk.connect(1, isTrusted: isTrusted)
            let actions = desk.request(a, .operation(.restart(.idle)), operation: "Restart")
            guard case .perform(_, .restart(.idle), DeskHarness.till, isTrusted) = actions.first else {
                Issue.record("\(actions)")
                continue
            }
        }
    }

    @Test("Restart is told before the terminal ends")
    func restart() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let (number, _) = perform(&desk, a, .restart(.now), "Restart")
        let actions = desk.on(.performed(operation: number, OperationAnswer(.restart(.now))))
        #expect(actions.results(to: a) == [.completed] && actions.last == .restart)
    }

    @Test("events go to the connections that asked for their topic, until they ask for none or are gone")
    func events() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        #expect(desk.on(.happened(.host(.down))).isEmpty)
        #expect(desk.request(a, .subscribe([.host, .card]), operation: "Subscribe").results(to: a) == [.completed])
        _ = desk.request(b, .subscribe([.card]), operation: "Subscribe")
        #expect(desk.on(.happened(.host(.down))) == [.send(a, .event(.host(.down)))])
        _ = desk.startSale(a)
        #expect(desk.on(.happened(.card(isPresent: true))).count == 2)
        desk.on(.disconnected(b))
        #expect(desk.on(.happened(.card(isPresent: false))) == [.send(a, .event(.card(isPresent: false)))])
    }

    @Test("an empty list of topics ends the events")
    func unsubscribe() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.request(a, .subscribe([.host]), operation: "Subscribe")
        _ = desk.request(a, .subscribe([]), operation: "Subscribe")
        #expect(desk.on(.happened(.host(.down))).isEmpty)
    }

    @Test("a connection about to reach its lifetime takes no complex operation, a simple one it does")
    func lifetime() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.pass(.seconds(23 * 3600 + 55 * 60))
        #expect(desk.request(a, .operation(Self.question), operation: "Input").results(to: a) == [.terminalNotReady])
        _ = perform(&desk, a, .getParameters(keys: []), "GetParameter")
    }

    @Test("a peer that floods is refused what reaches the terminal; its heartbeat, its Cancel and other peers are not")
    func flood() {
        var desk = DeskHarness(rate: RequestRate(burst: 10, perSecond: 5))
        let a = desk.connect(1)
        let b = desk.connect(2, DeskHarness.other)
        func ask(_ connection: ConnectionID) -> [ResultCode] {
            desk.request(connection, .unsupported("x"), operation: "Dance").results(to: connection)
        }
        for _ in 0..<10 { #expect(ask(a) == [.unsupported]) }
        #expect(ask(a) == [.busy])
        #expect(desk.request(a, .getInformation, operation: "GetInformation").results(to: a) == [.completed])
        #expect(desk.request(a, .cancel, operation: "Cancel").results(to: a) == [.nothingToCancel])
        #expect(ask(b) == [.unsupported])
        _ = desk.pass(.seconds(1))
        for _ in 0..<5 { #expect(ask(a) == [.unsupported]) }
        #expect(ask(a) == [.busy])
        // Garbage costs more.
        _ = desk.pass(.seconds(10))
        let garbage = POSRequest.Body.invalid(FieldError("", "x"))
        for _ in 0..<2 { #expect(desk.request(a, garbage, operation: "Error").results(to: a) == [.badField]) }
        #expect(desk.request(a, garbage, operation: "Error").results(to: a) == [.busy])
    }
}
