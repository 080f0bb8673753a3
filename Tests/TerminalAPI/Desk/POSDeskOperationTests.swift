import Terminal
import Testing

@testable import TerminalAPI

@Suite("One operation at a time")
struct POSDeskOperationTests {
    @Test("a Transaction is begun for the peer, its Status and final go to the owner")
    func ordinarySale() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let bystander = desk.connect(2)
        let operation = desk.startSale(a)
        let status = desk.on(.report(operation: operation, .status(.card, message: "Insert card")))
        #expect(status == [.send(a, .status(.card, message: "Insert card", uniqueTransactionID: "U1", reference: nil, requestID: nil))])
        let final = desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        #expect(final == [.send(a, .transaction(operation: "Transaction", DeskHarness.approved(), requestID: nil, replayed: false))])
        #expect(final.results(to: bystander).isEmpty)
        #expect(desk.desk.operation == nil)
    }

    @Test("a second Transaction, from any connection, gets 5 at once with the request's id only", arguments: [true, false])
    func busy(accepted: Bool) {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2, DeskHarness.other)
        if accepted { _ = desk.startSale(a) } else { _ = desk.request(a, .transaction(DeskHarness.sale())) }
        for connection in [a, b] {
            let actions = desk.request(connection, .transaction(DeskHarness.sale(700)), requestID: "another-request-id")
            #expect(
                actions == [
                    .send(
                        connection,
                        .result(
                            operation: "Transaction", .busy, errorMessage: "Another operation is running.",
                            requestID: "another-request-id"))
                ])
        }
    }

    @Test("after the final, the next Transaction begins")
    func nextSale() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        #expect(desk.startSale(a) != operation)
    }

    @Test("GetInformation is answered while a Transaction runs")
    func informationWhileBusy() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.startSale(a)
        #expect(desk.request(a, .getInformation, requestID: "0123456789abcdef") == [.send(a, .information(requestID: "0123456789abcdef"))])
    }

    @Test("reports that overtake the answer to begin are told after it, in order")
    func earlyReports() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        guard case .begin(let operation, _, _) = desk.request(a, .transaction(DeskHarness.sale())).first else {
            Issue.record("no begin")
            return
        }
        #expect(desk.on(.report(operation: operation, .status(.card, message: "1"))).isEmpty)
        #expect(desk.on(.report(operation: operation, .final(DeskHarness.approved()))).isEmpty)
        let actions = desk.on(.begun(operation: operation, .accepted(DeskHarness.id)))
        #expect(actions.results(to: a) == [.inProgress, .completed])
        #expect(desk.desk.operation == nil)
    }

    @Test("a refusal carries the request's ids, and the terminal is free again")
    func refusal() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        guard case .begin(let operation, _, _) = desk.request(a, .transaction(DeskHarness.sale())).first else {
            Issue.record("no begin")
            return
        }
        let actions = desk.on(.begun(operation: operation, .refused(TransactionAnswer(result: .terminalNotReady))))
        var expected = TransactionAnswer(result: .terminalNotReady)
        expected.type = .sale
        expected.uniqueTransactionID = "U1"
        #expect(actions == [.send(a, .transaction(operation: "Transaction", expected, requestID: nil, replayed: false))])
        _ = desk.startSale(a)
    }

    @Test("a 5 from the terminal itself carries no transaction ids")
    func terminalBusy() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        guard case .begin(let operation, _, _) = desk.request(a, .transaction(DeskHarness.sale())).first else {
            Issue.record("no begin")
            return
        }
        let actions = desk.on(.begun(operation: operation, .refused(TransactionAnswer(result: .busy))))
        #expect(actions == [.send(a, .result(operation: "Transaction", .busy, errorMessage: nil, requestID: nil))])
    }

    @Test("the same requestId that has ended is replayed")
    func replay() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let request = DeskHarness.sale(requestID: "0123456789abcdef")
        guard case .begin(let operation, _, _) = desk.request(a, .transaction(request), requestID: "0123456789abcdef").first else {
            Issue.record("no begin")
            return
        }
        let record = RecordedTransaction(id: DeskHarness.id, peer: DeskHarness.till, answer: DeskHarness.approved())
        let actions = desk.on(.begun(operation: operation, .replay(record)))
        #expect(
            actions == [
                .send(a, .transaction(operation: "Transaction", DeskHarness.approved(), requestID: "0123456789abcdef", replayed: true))
            ])
        #expect(desk.desk.operation == nil)
    }

    @Test("the same requestId with equal fields attaches while it runs: Status and final go to both, once each")
    func attach() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        let operation = desk.startSale(a, requestID: "0123456789abcdef")
        for _ in 0..<2 {
            let actions = desk.request(
                b, .transaction(DeskHarness.sale(requestID: "0123456789abcdef")), requestID: "0123456789abcdef")
            #expect(actions.withoutPings.isEmpty)
        }
        let status = desk.on(.report(operation: operation, .status(.card, message: "x")))
        #expect(status.results(to: a) == [.inProgress] && status.results(to: b) == [.inProgress])
        let final = desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        #expect(final.results(to: a) == [.completed] && final.results(to: b) == [.completed])
    }

    @Test("the same requestId with other fields is 3")
    func otherFields() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        _ = desk.startSale(a, requestID: "0123456789abcdef")
        let actions = desk.request(
            a, .transaction(DeskHarness.sale(501, requestID: "0123456789abcdef")), requestID: "0123456789abcdef")
        #expect(actions.results(to: a) == [.badField])
    }

    @Test("a late report of an ended operation is nobody's")
    func lateReport() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        desk.on(.report(operation: operation, .final(DeskHarness.approved())))
        _ = desk.startSale(a)
        #expect(desk.on(.report(operation: operation, .status(.card, message: "late"))).isEmpty)
        #expect(desk.on(.report(operation: operation, .final(DeskHarness.approved()))).isEmpty)
    }

    @Test("a field error starts nothing")
    func fieldError() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let actions = desk.request(a, .invalid(FieldError("requestedAmount", "must not be 0")))
        #expect(
            actions == [
                .send(
                    a, .result(operation: "Transaction", .badField, errorMessage: "requestedAmount: must not be 0", requestID: nil))
            ])
        #expect(desk.desk.operation == nil)
    }
}

@Suite("Cancel")
struct POSDeskCancelTests {
    private func cancel(_ desk: inout DeskHarness, _ connection: ConnectionID) -> [POSDesk.Action] {
        desk.request(connection, .cancel, operation: "Cancel")
    }

    @Test("nothing to cancel: 14")
    func nothing() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        #expect(cancel(&desk, a).results(to: a) == [.nothingToCancel])
    }

    @Test("only the owning peer may cancel, from any of its connections")
    func ownership() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        let stranger = desk.connect(3, DeskHarness.other)
        _ = desk.startSale(a)
        #expect(cancel(&desk, stranger).results(to: stranger) == [.nothingToCancel])
        guard case .cancel(let number, DeskHarness.id) = cancel(&desk, b).first else {
            Issue.record("the terminal was not asked")
            return
        }
        #expect(desk.on(.cancelAnswered(cancel: number, .tooLate)).results(to: b) == [.cancelTooLate])
        #expect(desk.desk.operation != nil)
    }

    @Test("the answer 0 comes before the 12, even when the terminal reports the 12 first")
    func answerFirst() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        guard case .cancel(let number, _) = cancel(&desk, a).first else {
            Issue.record("the terminal was not asked")
            return
        }
        #expect(desk.on(.report(operation: operation, .final(DeskHarness.approved(.cancelledByPOS)))).isEmpty)
        let actions = desk.on(.cancelAnswered(cancel: number, .cancelled))
        #expect(actions.results(to: a) == [.completed, .cancelledByPOS])
        #expect(desk.desk.operation == nil)
    }

    @Test("a Cancel that comes before the terminal has accepted waits for it")
    func beforeAcceptance() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        guard case .begin(let operation, _, _) = desk.request(a, .transaction(DeskHarness.sale())).first else {
            Issue.record("no begin")
            return
        }
        #expect(cancel(&desk, a).isEmpty)
        let actions = desk.on(.begun(operation: operation, .accepted(DeskHarness.id)))
        guard case .cancel(_, DeskHarness.id) = actions.first else {
            Issue.record("the terminal was not asked: \(actions)")
            return
        }
    }

    @Test("a Cancel before a refusal gets 14")
    func beforeRefusal() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        guard case .begin(let operation, _, _) = desk.request(a, .transaction(DeskHarness.sale())).first else {
            Issue.record("no begin")
            return
        }
        _ = cancel(&desk, a)
        let actions = desk.on(.begun(operation: operation, .refused(TransactionAnswer(result: .terminalNotReady))))
        #expect(actions.results(to: a) == [.terminalNotReady, .nothingToCancel])
    }

    @Test("Cancel is answered within 1 s, 13 when the terminal has said nothing")
    func deadline() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        guard case .cancel(let number, _) = cancel(&desk, a).first else {
            Issue.record("the terminal was not asked")
            return
        }
        #expect(desk.pass(.milliseconds(999)).results(to: a).isEmpty)
        #expect(desk.pass(.milliseconds(1)).results(to: a) == [.cancelTooLate])
        #expect(desk.on(.cancelAnswered(cancel: number, .cancelled)).isEmpty)
        #expect(desk.on(.report(operation: operation, .final(DeskHarness.approved(.cancelledByPOS)))).results(to: a) == [.cancelledByPOS])
    }

    @Test("when the 12 is already there at 1 s, Cancel is answered 0 and the 12 follows")
    func deadlineWithFinal() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let operation = desk.startSale(a)
        _ = cancel(&desk, a)
        desk.on(.report(operation: operation, .final(DeskHarness.approved(.cancelledByPOS))))
        #expect(desk.pass(.seconds(1)).results(to: a) == [.completed, .cancelledByPOS])
    }

    @Test("Cancel from a connection that is gone by then still ends the operation")
    func askerGone() {
        var desk = DeskHarness()
        let a = desk.connect(1)
        let b = desk.connect(2)
        let operation = desk.startSale(a)
        guard case .cancel(let number, _) = cancel(&desk, b).first else {
            Issue.record("the terminal was not asked")
            return
        }
        desk.on(.disconnected(b))
        desk.on(.report(operation: operation, .final(DeskHarness.approved(.cancelledByPOS))))
        #expect(desk.on(.cancelAnswered(cancel: number, .cancelled)).results(to: a) == [.cancelledByPOS])
    }
}
