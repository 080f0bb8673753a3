import Terminal
import Testing

@testable import TerminalAPI

@Suite("There, suspect, lost (pos-protocol, section 5)")
struct POSDeskPresenceTests {
    @Test("while an operation runs its connections are pinged every 2 s, others are not")
    func pings() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.connect(2, DeskHarness.other)
        _ = desk.startSale(a)
        #expect(desk.pass(.milliseconds(1999)).isEmpty)
        #expect(desk.pass(.milliseconds(1)) == [.ping(a)])
        _ = desk.bytes(a)
        #expect(desk.pass(.seconds(2)) == [.ping(a)])
    }

    @Test("an idle connection is never pinged, suspected or closed for silence, in a day less a second")
    func idle() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        #expect(desk.pass(.seconds(24 * 3600 - 1)).isEmpty)
        #expect(desk.desk.connections[a]?.suspectSince == nil)
    }

    @Test("a client that reads only while it waits for an answer is served after ten idle minutes")
    func readsOnlyWhileWaiting() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        for _ in 0..<3 {
            let operation = desk.startSale(a)
            for _ in 0..<5 {
                _ = desk.pass(.seconds(2))
                #expect(desk.bytes(a).isEmpty)
            }
            #expect(desk.pass(.seconds(2)) == [.ping(a)])
            // The last ping is never answered: the client reads the final and then nothing.
            #expect(desk.on(.report(operation: operation, .final(DeskHarness.approved()))).results(to: a) == [.completed])
            #expect(desk.pass(.seconds(600)).isEmpty)
        }
    }

    @Test("a ping unanswered for 4 s makes the owner suspect: away; 15 s later: lost; a byte brings it back")
    func suspicion() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.startSale(a)
        #expect(desk.pass(.milliseconds(5999)).presences.isEmpty)
        #expect(desk.pass(.milliseconds(1)).presences == [.away])
        #expect(desk.pass(.milliseconds(14_999)).presences.isEmpty)
        #expect(desk.pass(.milliseconds(1)).presences == [.lost])
        #expect(desk.bytes(a).presences == [.there])
    }

    @Test("any byte clears suspicion, also one of a frame that is not whole")
    func byteClears() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.startSale(a)
        #expect(desk.pass(.seconds(7)).presences == [.away])
        #expect(desk.bytes(a).presences == [.there])
        #expect(desk.pass(.milliseconds(3500)).presences.isEmpty)
    }

    @Test("the owner's connection gone: lost at once")
    func gone() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.startSale(a)
        #expect(desk.on(.disconnected(a)) == [.presence(.lost, DeskHarness.id)])
    }

    @Test("the owner gone before acceptance: lost as soon as accepted")
    func goneBeforeAcceptance() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        guard case .begin(let operation, _, _) = desk.request(a, .transaction(DeskHarness.sale())).first else {
            Issue.record("no begin")
            return
        }
        #expect(desk.on(.disconnected(a)).isEmpty)
        #expect(desk.on(.begun(operation: operation, .accepted(DeskHarness.id))) == [.presence(.lost, DeskHarness.id)])
    }

    @Test("while an attachment is there the operation goes on")
    func attachmentStays() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        _ = desk.startSale(a, requestID: "0123456789abcdef")
        _ = desk.request(b, .transaction(DeskHarness.sale(requestID: "0123456789abcdef")), requestID: "0123456789abcdef")
        #expect(desk.on(.disconnected(a)).presences.isEmpty)
        #expect(desk.on(.disconnected(b)).presences == [.lost])
    }

    @Test(
        "at LastTransaction from another connection of the peer, the peer's other connections are pinged at once and suspect until a byte")
    func askerSuspects() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        let third = desk.connect(3)
        let stranger = desk.connect(4, DeskHarness.other)
        _ = desk.startSale(a)
        let (inquiry, actions) = desk.lastTransaction(b)
        #expect(actions.pinged == [a, third])
        #expect(desk.desk.connections[a]?.suspectSince != nil)
        #expect(desk.desk.connections[b]?.suspectSince == nil)
        #expect(desk.desk.connections[stranger]?.suspectSince == nil)
        // The asker itself is there.
        #expect(actions.presences.isEmpty)
        // Answered 5, it does not count any more, and the owner is still suspect.
        #expect(desk.on(.lookedUp(inquiry: inquiry, desk.running)).isEmpty)
        let after = desk.pass(.seconds(8))
        #expect(after.results(to: b) == [.busy])
        #expect(after.presences == [.away])
        #expect(desk.bytes(a).presences == [.there])
    }

    @Test("the owner asking on its own connection suspects nobody")
    func ownerAsks() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.connect(2)
        _ = desk.startSale(a)
        let (_, actions) = desk.lastTransaction(a)
        #expect(actions.pinged.isEmpty)
    }

    @Test("an attaching request suspects the owner: the attachment keeps the operation, then the owner's silence does not matter")
    func attachSuspects() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        _ = desk.startSale(a, requestID: "0123456789abcdef")
        let actions = desk.request(b, .transaction(DeskHarness.sale(requestID: "0123456789abcdef")), requestID: "0123456789abcdef")
        #expect(actions == [.ping(a)])
        for _ in 0..<15 {
            #expect(desk.pass(.seconds(2)).presences.isEmpty)
            _ = desk.bytes(b)
        }
    }

    @Test("GetTransaction suspects the others too, but does not count as somebody there")
    func getTransactionSuspects() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        _ = desk.startSale(a)
        let actions = desk.request(b, .getTransaction(.requestID("0123456789abcdef")), operation: "GetTransaction")
        #expect(actions.pinged == [a])
        #expect(actions.presences == [.away])
        #expect(desk.bytes(a).presences == [.there])
    }

    @Test("a stranger's held LastTransaction keeps no approval alive")
    func strangerDoesNotCount() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let stranger = desk.connect(2, DeskHarness.other)
        _ = desk.startSale(a)
        let (inquiry, _) = desk.lastTransaction(stranger)
        desk.on(.lookedUp(inquiry: inquiry, desk.running))
        #expect(desk.on(.disconnected(a)).presences == [.lost])
    }

    @Test("suspicion ends with the operation")
    func endsWithOperation() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        _ = desk.pass(.seconds(7))
        desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        #expect(desk.desk.connections[a]?.suspectSince == nil)
        let next = desk.startSale(a)
        #expect(desk.pass(.milliseconds(5999)).presences.isEmpty)
        desk.on(.report(operation: next, .final(DeskHarness.approved())))
    }

    @Test("nothing changes for the terminal after the decision")
    func afterFinal() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        #expect(desk.on(.disconnected(a)).isEmpty)
    }
}
