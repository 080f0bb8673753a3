import Testing

@testable import Terminal

@Suite("Engine: before acceptance", .timeLimit(.minutes(1)))
struct TerminalEngineAcceptanceTests {
    @Test("Types that follow something up, without saying what: 3, and nothing is recorded")
    func withoutOriginal() async throws {
        let rig = try await Rig()
        for type in [TransactionType.void, .completion, .incrementalAuthorization, .tipAdjust] {
            var request = Rig.request(type, 100)
            request.tipAmount = 1
            #expect(await rig.refusal(request)?.result == .badField, "\(type)")
        }
        #expect(await rig.engine.lastTransaction(of: Rig.till) == nil)
    }

    @Test("No amount, amount 0 and a sum that no field can carry: 3")
    func amounts() async throws {
        let rig = try await Rig()
        var without = Rig.sale()
        without.requestedAmount = nil
        var tooMuch = Rig.sale(999_999_999_999)
        tooMuch.tipAmount = 1
        var overflow = Rig.sale(.max)
        overflow.cashbackAmount = .max
        var negative = Rig.sale(500)
        negative.surchargeAmount = -1
        var tax = Rig.sale(500)
        tax.taxAmount = 501
        for request in [without, Rig.sale(0), Rig.sale(-5), tooMuch, overflow, negative, tax] {
            let answer = await rig.refusal(request)
            #expect(answer?.result == .badField && answer?.errorMessage?.contains("requestedAmount") == true)
        }
    }

    @Test("One operation at a time: 5, without any ids of the running one")
    func busy() async throws {
        let rig = try await Rig()
        let sale = try await rig.sell()
        #expect(rig.engine.information.activity == .busy)
        let answer = try #require(await rig.refusal(Rig.sale()))
        #expect(answer == TransactionAnswer(result: .busy, errorCondition: .busy, errorMessage: answer.errorMessage))
        #expect(await rig.engine.cancel(sale.id) == .cancelled)
    }

    @Test("No reader: 20; a missing terminal id: 83; no reader for the entry modes asked for: 20")
    func notReady() async throws {
        let without = try await Rig(hasReader: false)
        let answer = await without.refusal(Rig.sale())
        #expect(answer?.result == .terminalNotReady && answer?.errorCondition == .deviceUnavailable)
        let nameless = try await Rig(configure: { $0.merchant.terminalID = "" })
        #expect(await nameless.refusal(Rig.sale())?.result == .missingCredentials)
        var tap = Rig.sale()
        tap.entryModes = ["contactless"]
        let chipOnly = try await Rig()
        #expect(await chipOnly.refusal(tap)?.result == .terminalNotReady)
    }

    @Test("A reader that goes away takes readiness with it, and brings it back")
    func readerGoes() async throws {
        let rig = try await Rig()
        rig.reader.unplug()
        await rig.engine.slotIs(.noReader)
        #expect(await rig.refusal(Rig.sale())?.result == .terminalNotReady)
        rig.devices.plug(ScriptedReader())
        await rig.engine.slotIs(.empty)
        _ = try await rig.sell()
    }

    @Test("The reference of an approved SALE of the batch: 3; of a declined one it is free")
    func reference() async throws {
        let rig = try await Rig()
        var request = Rig.sale()
        request.reference = "R1"
        let (declined, exchange) = try await rig.sellUntilHost(request)
        exchange.decline()
        _ = await declined.final()
        rig.reader.remove()
        let (approved, second) = try await rig.sellUntilHost(request)
        second.approve()
        #expect(await approved.final().result == .completed)
        let answer = await rig.refusal(request)
        #expect(answer?.result == .badField && answer?.errorMessage?.contains("reference") == true)
    }

    @Test("The same requestId: attaches while it runs, replays when it has ended, and is 3 with other fields; for 48 hours")
    func requestID() async throws {
        let rig = try await Rig()
        var request = Rig.sale()
        request.requestID = "0123456789abcdef"
        var other = request
        other.requestedAmount = 501
        let (sale, exchange) = try await rig.sellUntilHost(request)
        guard case .attach(sale.id) = await rig.begin(request, peer: PeerIdentity("another")).answer else {
            Issue.record("did not attach")
            return
        }
        #expect(await rig.refusal(other)?.result == .badField)
        exchange.approve()
        let final = await sale.final()
        #expect(final.requestID == request.requestID)
        guard case .replay(let recorded) = await rig.begin(request).answer else {
            Issue.record("did not replay")
            return
        }
        #expect(recorded.answer == final && recorded.id == sale.id)
        #expect(await rig.refusal(other)?.result == .badField)
        #expect(await rig.engine.transaction(requestID: "0123456789abcdef")?.answer == final)
        let later = try await rig.restarted(after: 48 * 3600 + 1)
        guard case .accepted = await later.begin(request).answer else {
            Issue.record("remembered for longer than 48 hours")
            return
        }
    }

    @Test("A replay tells the state of now: reversalPending becomes reversed")
    func replayState() async throws {
        let rig = try await Rig()
        var request = Rig.sale()
        request.requestID = "0123456789abcdef"
        let (sale, exchange) = try await rig.sellUntilHost(request)
        exchange.answer(.noAnswer)
        #expect(await sale.final().state == .reversalPending)
        try await rig.host.next().answer(reversal: "400")
        await rig.engine.hasNoReversals()
        guard case .replay(let recorded) = await rig.begin(request).answer else {
            Issue.record("did not replay")
            return
        }
        #expect(recorded.answer?.state == .reversed && recorded.answer?.result == .noAnswer)
    }

    @Test("LastTransaction: the peer's own, running without answer; a peer that has none gets the terminal's")
    func last() async throws {
        let rig = try await Rig()
        #expect(await rig.engine.lastTransaction(of: Rig.till) == nil)
        let (sale, exchange) = try await rig.sellUntilHost()
        let running = await rig.engine.lastTransaction(of: Rig.till)
        #expect(running?.id == sale.id && running?.answer == nil)
        #expect(await rig.engine.lastTransaction(of: PeerIdentity("new"))?.id == sale.id)
        exchange.approve()
        _ = await sale.final()
        let second = try await rig.sell(peer: PeerIdentity("other"))
        #expect(await rig.engine.lastTransaction(of: Rig.till)?.id == sale.id)
        #expect(await rig.engine.lastTransaction(of: PeerIdentity("other"))?.id == second.id)
    }
}

@Suite("Engine: inquiries", .timeLimit(.minutes(1)))
struct TerminalEngineInquiryTests {
    @Test("GetTransaction finds a transaction by each of its names, running or recorded")
    func names() async throws {
        let rig = try await Rig()
        var request = Rig.sale()
        (request.requestID, request.uniqueTransactionID, request.reference) = ("0123456789abcdef", "U1", "R1")
        let (sale, exchange) = try await rig.sellUntilHost(request)
        let names: [TransactionName] = [
            .requestID("0123456789abcdef"), .transactionID(sale.id), .uniqueTransactionID("U1"), .reference("R1"),
        ]
        for name in names {
            let running = await rig.engine.transaction(name)
            #expect(running?.id == sale.id && running?.answer == nil, "\(name)")
        }
        exchange.approve()
        let final = await sale.final()
        for name in names { #expect(await rig.engine.transaction(name)?.answer == final, "\(name)") }
        #expect(await rig.engine.transaction(.reference("R2")) == nil)
        #expect(await rig.engine.transactions(TransactionQuery())?.transactions.map(\.id) == [sale.id])
        var bad = TransactionQuery()
        bad.cursor = "nobody's"
        #expect(await rig.engine.transactions(bad) == nil)
    }
}
