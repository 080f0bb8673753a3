import Dispatch
import PaymentHost
import Synchronization
import Testing

@testable import Terminal

@Suite("Engine: crashes, failing disks, reversals", .timeLimit(.minutes(1)))
struct TerminalEngineJournalTests {
    @Test("A journal that cannot be opened: every Transaction 20 internal")
    func cannotOpen() async throws {
        let clock = VirtualClock()
        var environment = try await Rig().engine.environment
        environment.openJournal = { () throws(JournalError) in throw JournalError(.cannotOpen, "scripted") }
        environment.clock = clock
        let engine = TerminalEngine(environment)
        await engine.start()
        guard case .refused(let answer) = await engine.begin(Rig.sale(), peer: Rig.till, report: { _ in }) else {
            Issue.record("accepted without a journal")
            return
        }
        #expect(answer.result == .terminalNotReady && answer.errorCondition == .internal)
        #expect(!engine.information.isJournalReadable)
    }

    @Test("No room on the journal's disk: no transaction begins, 20 internal; with room again it does")
    func noRoom() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(store: store)
        store.leave(.forVoidAndSettlement)
        let answer = await rig.refusal(Rig.sale())
        #expect(answer?.result == .terminalNotReady && answer?.errorCondition == .internal)
        #expect(store.commits.isEmpty)
        store.leave(.enough)
        #expect(try await rig.approved().result == .completed)
    }

    @Test("What takes back and closes has a reserve of room: VOID and SETTLEMENT go on when nothing new begins, until that is used up too")
    func reserve() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(store: store)
        _ = try await rig.approved(Rig.sale(500), code: "000001")
        store.leave(.none)
        for request in [Rig.sale(), Rig.request(.void, original: "000001"), Rig.request(.settlement)] {
            #expect(await rig.refusal(request)?.result == .terminalNotReady)
        }
        store.leave(.forVoidAndSettlement)
        for type in [TransactionType.sale, .refund, .authorization, .force, .verify] {
            #expect(await rig.refusal(Rig.request(type, 500))?.result == .terminalNotReady)
        }
        let void = try await rig.sell(Rig.request(.void, original: "000001"))
        try await rig.host.next().answer(reversal: "400")
        #expect(await void.final().state == .voided)
        let settlement = try await rig.sell(Rig.request(.settlement))
        try await rig.host.next().answer(reconciliation: "500")
        #expect(await settlement.final().result == .completed)
    }

    @Test("The pending-reversal commit fails: nothing is sent, nothing told, the process is told to exit")
    func pendingFails() async throws {
        let rig = try await Rig(store: MemoryJournalStore { _, entries in entries.containsPending ? .failed : .synced })
        let sale = try await rig.sell()
        await sale.status(.card)
        rig.reader.insert()
        #expect(await rig.failures.wait { !$0.isEmpty }.map(\.code) == [.commitFailed])
        #expect(rig.host.exchanges.all.isEmpty)
        #expect(sale.contexts == [.card, .communication] && sale.reports.all.count == 2)
        #expect(await rig.refusal(Rig.sale())?.result == .terminalNotReady)
    }

    @Test("The decision commit fails: nothing is told; the next start decides 23 and reverses", arguments: [true, false])
    func decisionFails(written: Bool) async throws {
        let store = MemoryJournalStore { _, entries in entries.containsDecision ? (written ? .failedAfterWriting : .failed) : .synced }
        let rig = try await Rig(store: store)
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        await rig.failures.wait { !$0.isEmpty }
        #expect(!rig.trace.all.contains("final") && !rig.trace.all.contains("afterDecision"))
        // Neither done nor undone: whichever it was, the next start and the host agree.
        let next = try await Rig(store: try store.afterPowerCut())
        let answer = await next.engine.lastTransaction(of: Rig.till)?.answer
        #expect(answer?.transactionID == sale.id && answer?.result == (written ? .completed : .noAnswer))
        if !written { #expect(try await next.host.next().reversal?.original == exchange.financial?.exchange) }
    }

    /// What `LastTransaction` says when the process died at a point, and whether the exchange is reversed.
    static let deaths: [(TransactionPoint, ResultCode, reversed: Bool)] = [
        (.afterAccept, .applicationError, false), (.afterPending, .noAnswer, true), (.beforeSend, .noAnswer, true),
        (.afterSend, .noAnswer, true),
        (.afterAnswer, .noAnswer, true), (.afterSecondGenerateAC, .noAnswer, true), (.afterDecision, .completed, false),
        (.beforeReply, .completed, false), (.afterReply, .completed, false),
    ]

    @Test("Power cut at each point of a sale: the journal alone says what to do", arguments: deaths)
    func powerCut(_ point: TransactionPoint, _ result: ResultCode, _ reversed: Bool) async throws {
        let store = MemoryJournalStore()
        let left = Awaitable<MemoryJournalStore>()
        let rig = try await Rig(
            store: store,
            point: { name in
                if name == point, let copy = try? store.afterPowerCut() { left.append(copy) }
            })
        let sale = try await rig.sell()
        await sale.status(.card)
        // The acceptance is committed on its own while the terminal waits for a card.
        rig.clock.advance(by: .milliseconds(100))
        await rig.trace.wait { $0.contains("afterAccept") }
        rig.reader.insert()
        let exchange = try await rig.host.next()
        exchange.approve()
        _ = await sale.final()
        await rig.trace.wait { $0.last == "afterReply" }

        let found = try #require(left.all.first)
        let next = try await Rig(store: found)
        let answer = await next.engine.lastTransaction(of: Rig.till)?.answer
        #expect(answer?.result == result && answer?.transactionID == sale.id)
        #expect((answer?.approval == .approved) == (result == .completed))
        if result == .applicationError { #expect(answer?.errorCondition == .aborted) }
        if reversed {
            #expect(answer?.state == .reversalPending && answer?.aid == "A0000000031010" && answer?.account?.hasSuffix("0010") == true)
            let reversal = try await next.host.next()
            #expect(reversal.reversal?.original == exchange.financial?.exchange && reversal.reversal?.isRepeat == false)
            #expect(reversal.reversal?.reason == .noAnswer)
            reversal.answer(reversal: "400")
            await next.engine.hasNoReversals()
            #expect(await next.engine.lastTransaction(of: Rig.till)?.answer?.state == .reversed)
        } else {
            #expect(found.startingPoint().unfinished.isEmpty)
            #expect(next.engine.information.pendingReversals == 0)
        }
    }

    @Test("A reversal that may have been sent before the crash goes out as 1421 with the same STAN; STANs are never used twice")
    func repeatAfterCrash() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(store: store)
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.answer(.noAnswer)
        _ = await sale.final()
        let first = try await rig.host.next()
        let next = try await Rig(store: try store.afterPowerCut())
        let second = try await next.host.next()
        var expected = first.reversal
        expected?.isRepeat = true
        #expect(second.reversal == expected)
        let (_, other) = try await {
            let sale = try await next.sell()
            await sale.status(.card)
            next.reader.insert()
            // The one attempt ends first.
            second.answer(reversal: "400")
            return (sale, try await next.host.next())
        }()
        let stan = try #require(other.financial?.exchange.stan)
        #expect(stan != exchange.financial?.exchange.stan && stan != first.reversal?.exchange.stan)
    }

    @Test("Before the next sale a due reversal gets one attempt; it holds the sale for 10 s and no longer")
    func attemptBeforeSale() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.answer(.noAnswer)
        _ = await sale.final()
        let first = try await rig.host.next()
        first.answer(.notConnected)
        await rig.clock.sleeper(after: .seconds(5))
        rig.reader.remove()
        await rig.engine.slotIs(.empty)
        let second = try await rig.sell()
        await second.status(.card)
        let attempt = try await rig.host.next()
        #expect(attempt.reversal != nil)
        rig.reader.insert()
        await rig.reader.log.wait { $0.last == "3" }
        #expect(await rig.engine.cancelIsPossible)
        #expect(!second.contexts.contains(.communication))
        await rig.clock.sleeper(after: .seconds(10))
        rig.clock.advance(by: .seconds(10))
        let exchangeOfSale = try await rig.host.next()
        #expect(exchangeOfSale.financial != nil)
        exchangeOfSale.approve()
        #expect(await second.final().result == .completed)
        attempt.answer(.noAnswer)
    }

    @Test("A refused reversal is flagged, holds up no sale, and still counts as pending")
    func flagged() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.answer(.noAnswer)
        _ = await sale.final()
        try await rig.host.next().answer(reversal: "904")
        await rig.clock.sleeper(after: .seconds(3600))
        #expect(rig.engine.information.pendingReversals == 1)
        rig.reader.remove()
        await rig.engine.slotIs(.empty)
        let (second, next) = try await rig.sellUntilHost()
        #expect(next.financial != nil)
        next.approve()
        #expect(await second.final().result == .completed)
        rig.clock.advance(by: .seconds(3600))
        #expect(try await rig.host.next().reversal?.isRepeat == true)
    }

    @Test("A new link sends what could not be sent")
    func linkComesBack() async throws {
        let rig = try await Rig()
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.answer(.noAnswer)
        _ = await sale.final()
        try await rig.host.next().answer(.notConnected)
        await rig.clock.sleeper(after: .seconds(5))
        rig.host.connect()
        #expect(try await rig.host.next().reversal?.isRepeat == false)
    }

    @Test("Shutdown cancels what can be cancelled, waits for what cannot, and takes nothing new")
    func shutdown() async throws {
        let waiting = try await Rig()
        let first = try await waiting.sell()
        await first.status(.card)
        await waiting.engine.shutdown()
        #expect(await first.final().result == .cancelledByPOS)
        #expect(await waiting.refusal(Rig.sale())?.result == .terminalNotReady)

        let asking = try await Rig()
        let (second, exchange) = try await asking.sellUntilHost()
        async let ended: Void = asking.engine.shutdown()
        exchange.approve()
        await ended
        #expect(await second.final().result == .completed)
    }

    @Test("STANs of network messages: reserved on disk first, none without a journal, none twice")
    func networkSTANs() async throws {
        let store = MemoryJournalStore()
        let rig = try await Rig(store: store)
        let first = try await rig.engine.nextSTAN()
        #expect(store.commits == [[.stanReserved(through: 100)]])
        let (sale, exchange) = try await rig.sellUntilHost()
        exchange.decline()
        _ = await sale.final()
        await rig.engine.shutdown()
        let last = try await rig.engine.nextSTAN()
        #expect(Set([first, exchange.financial?.exchange.stan, last]).count == 3)
        for _ in 0..<100 { _ = try? await rig.engine.nextSTAN() }
        let next = try await Rig(store: try store.afterPowerCut())
        #expect(try await next.engine.nextSTAN() == 101)
        var environment = rig.engine.environment
        environment.openJournal = { () throws(JournalError) in throw JournalError(.cannotOpen, "scripted") }
        let without = TerminalEngine(environment)
        await without.start()
        for _ in 0..<2 { await #expect(throws: JournalError.self) { try await without.nextSTAN() } }
    }

    @Test("A STAN whose reservation is under way with a sale's commit is given out only when that is on disk (campaign seed 248930)")
    func reservationUnderWay() async throws {
        let begun = Awaitable<Bool>()
        let gate = DispatchSemaphore(value: 0)
        let rig = try await Rig(
            store: MemoryJournalStore { _, entries in
                begun.append(entries.contains { if case .stanReserved = $0 { true } else { false } })
                gate.wait()
                return .failed
            })
        let sale = try await rig.sell()
        await sale.status(.card)
        rig.reader.insert()
        #expect(await begun.wait { !$0.isEmpty } == [true])
        let stan = Task { try await rig.engine.nextSTAN() }
        gate.signal()
        await #expect(throws: JournalError.self) { try await stan.value }
        await rig.failures.wait { !$0.isEmpty }
    }

    @Test("A commit of nothing ends behind those before it; after one that failed nothing is written any more")
    func failStop() async {
        let store = MemoryJournalStore { number, _ in number == 1 ? .failed : .synced }
        let queue = DispatchQueue(label: "journal")
        let writer = JournalWriter(store, on: { queue.async(execute: $0) })
        let ended = Awaitable<JournalError.Code?>()
        for entries in [[JournalSamples.accepted("A")], [], [JournalSamples.accepted("B")], [], [JournalSamples.accepted("C")]] {
            writer.commit(entries) { ended.append($0?.code) }
        }
        #expect(await ended.wait { $0.count == 5 } == [nil, nil, .commitFailed, .commitFailed, .commitFailed])
        #expect(store.commits.count == 1)
    }

    @Test("The same on disk: a sale approved, one silent, and the next start finds both")
    func onDisk() async throws {
        let directory = try TemporaryDirectory()
        let rig = try await Rig(store: try SQLiteJournalStore(path: directory.journal))
        let (first, exchange) = try await rig.sellUntilHost()
        exchange.approve()
        let told = await first.final()
        rig.reader.remove()
        await rig.engine.slotIs(.empty)
        let (second, silent) = try await rig.sellUntilHost()
        silent.answer(.noAnswer)
        #expect(await second.final().result == .noAnswer)
        _ = try await rig.host.next()

        let store = try SQLiteJournalStore(path: directory.journal)
        #expect(try store.transaction(first.id)?.answer == told)
        let next = try await Rig(store: store)
        #expect(await next.engine.lastTransaction(of: Rig.till)?.id == second.id)
        #expect(try await next.host.next().reversal?.original == silent.financial?.exchange)
    }
}

extension TerminalEngine {
    fileprivate var cancelIsPossible: Bool { running?.machine.isBeforeHostContact == true }
}

extension [JournalEntry] {
    fileprivate var containsPending: Bool { contains { if case .transaction(_, .reversalPending) = $0 { true } else { false } } }
    fileprivate var containsDecision: Bool { contains { if case .transaction(_, .decided) = $0 { true } else { false } } }
}
