import Devices
import PaymentHost
import Testing

@testable import Terminal

@Suite("What parameters change in a running terminal (pos-protocol, section 6)", .timeLimit(.minutes(1)))
struct ParameterEffectTests {
    @Test("TIPCHOICES: the percentages that the cardholder is offered")
    func tipChoices() async throws {
        let rig = try await Rig(display: ScriptedDisplay(hasButtons: true), parameters: ["TIP": "1", "TIPCHOICES": "7,9"])
        let sale = try await rig.sell(Rig.sale(1000))
        await sale.status(.tip)
        let shown = await rig.display.shown.wait { $0.last?.prompt == .tip }
        #expect(shown.last?.buttons.prefix(3) == ["7%", "9%", "No tip"])
    }

    @Test("CARDTIMEOUT, CARDHOLDERTIMEOUT and HOSTTIMEOUT hold for the next transaction: 10, 10 and 23 at their seconds")
    func timeLimits() async throws {
        for (parameters, seconds) in [(["CARDTIMEOUT": "7"], 7), (["CARDHOLDERTIMEOUT": "8"], 8)] as [([String: String], Int)] {
            let rig = try await Rig(parameters: parameters)
            let sale = try await rig.sell()
            await sale.status(.card)
            rig.clock.advance(by: .milliseconds(seconds * 1000 - 1))
            #expect(await rig.engine.lastTransaction(of: Rig.till)?.answer == nil)
            rig.clock.advance(by: .milliseconds(1))
            #expect(await sale.final().result == .timeout)
        }
        let rig = try await Rig(parameters: ["HOSTTIMEOUT": "6"])
        let (sale, _) = try await rig.sellUntilHost()
        rig.clock.advance(by: .milliseconds(5999))
        #expect(await rig.engine.lastTransaction(of: Rig.till)?.answer == nil)
        rig.clock.advance(by: .milliseconds(1))
        #expect(await sale.final().result == .noAnswer)
    }

    @Test("Every final leaves within 85 s for what reads no card, such as VOID, and 110 s otherwise, whatever the parameters say")
    func longest() {
        let limits = TransactionLimits()
        #expect(limits.host + limits.cardEnd <= .seconds(85))
        #expect(limits.cardholder + limits.host + limits.cardEnd <= .seconds(110) && limits.card <= limits.cardholder)
        // The wait for due reversals is part of the host phase, and a parameter only shortens.
        #expect(limits.reversalWait < limits.host)
        for (key, seconds) in [("CARDTIMEOUT", 60), ("CARDHOLDERTIMEOUT", 75), ("HOSTTIMEOUT", 30)] {
            #expect(ParameterDefinition.all.first { $0.key == key }?.normalised(String(seconds)) != nil)
            #expect(ParameterDefinition.all.first { $0.key == key }?.normalised(String(seconds + 1)) == nil)
        }
    }

    @Test("NUMBATCHSAVEDAYS: what a settled batch holds is found for so many days, and no longer")
    func batchesSaved() async throws {
        let directory = try TemporaryDirectory()
        let parameters = ["NUMBATCHSAVEDAYS": "10"]
        let first = try await Rig(store: try SQLiteJournalStore(path: directory.journal), parameters: parameters)
        let old = try #require(try await first.approved().transactionID)
        let settlement = try await first.sell(Rig.request(.settlement))
        try await first.host.next().answer(reconciliation: "500")
        #expect(await settlement.final().result == .completed)
        for (days, isKept) in [(9, true), (11, false)] as [(Int64, Bool)] {
            let time = WallTime(milliseconds: JournalSamples.time.milliseconds + days * 86_400_000)
            let store = try SQLiteJournalStore(path: directory.journal)
            let later = try await Rig(store: store, clock: VirtualClock(wall: time), parameters: parameters)
            // The end of the first has the journal tidied; the second is committed after that.
            for _ in 0..<2 { #expect(try await later.approved().result == .completed) }
            #expect((try store.transaction(old) != nil) == isKept, "after \(days) days")
        }
    }

    @Test("errorCondition of every result code is one that the contract gives it; 0 and 60 have none")
    func conditions() {
        let table: [(ErrorCondition, [Int])] = [
            (.internal, [1]), (.deviceUnavailable, [2, 202, 20]), (.invalidField, [3]), (.notFound, [4, 14, 97]), (.busy, [5]),
            (.cardRemoved, [9]), (.timeout, [10]), (.cancelled, [11, 12, 204]), (.tooLate, [13]), (.declined, [17, 19]),
            (.hostUnreachable, [21, 22]), (.outcomeUnknown, [23, 24, 203]), (.notAllowed, [26, 83, 201]), (.unsupported, [200]),
        ]
        for (condition, codes) in table {
            for code in codes { #expect(ResultCode(rawValue: code)?.condition == condition, "\(code)") }
        }
        #expect(table.flatMap(\.1).count + 2 == ResultCode.allCases.count)
        #expect(ResultCode.completed.condition == nil && ResultCode.inProgress.condition == nil)
    }
}
