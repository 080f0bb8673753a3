import EMV
import Keys
import Testing

@testable import Terminal

@Suite("Exception file and log of approvals")
struct CardExceptionsTests {
    private let keys: SiteKeys
    private let pan: PAN

    init() throws {
        keys = try SiteKeys(root: SecretBytes(Array(repeating: 1, count: 32)))
        pan = try #require(PAN(ScriptedKernel.pan))
    }

    @Test("an entry is a range by its first digits, or a card's keyed hash; all else is refused by its line, unseen")
    func entries() throws {
        let hash = try keys.cardHash(of: pan)
        let text = "# stolen\n476174\n\n  541333 # a range\n\(hash.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())\n"
        let exceptions = try CardExceptions.parse(text).get()
        #expect(exceptions.ranges == ["476174", "541333"] && exceptions.hashes == [hash])
        for bad in ["4761739001010010", "47617", "476173900", "AB", "47617x"] {
            #expect(throws: CardExceptions.Line(number: 2)) { try CardExceptions.parse("476174\n\(bad)").get() }
        }
    }

    @Test("a card is on the file by its hash or its range, and by nothing else")
    func contains() throws {
        let hash = try keys.cardHash(of: pan)
        let other = try keys.cardHash(of: try #require(PAN("4761739001010119")))
        for (exceptions, expected) in [
            (CardExceptions(hashes: [hash]), true), (CardExceptions(hashes: [other]), false), (CardExceptions(ranges: ["476173"]), true),
            (CardExceptions(ranges: ["476174"], hashes: [other]), false), (CardExceptions(ranges: ["476173"], hashes: [other]), true),
            (CardExceptions(), false),
        ] {
            let records = TerminalRecords(exceptions: exceptions, keys: keys)
            #expect(records.isException(pan: pan, panSequenceNumber: nil) == expected, "\(exceptions)")
        }
    }

    @Test("a floor limit lets a card approve by itself without store and forward; a host out of reach is 21 all the same")
    func floorLimit() async throws {
        var script = ScriptedKernel.Script()
        script.first = .approved
        let application = ApplicationConfiguration(aid: [0xA0, 0, 0, 0, 3, 0x10, 0x10], floorLimit: 1_000)
        let rig = try await Rig(script: script, configure: { $0.applications = [application] })
        let sale = try await rig.sell()
        await sale.status(.card)
        rig.reader.insert()
        let answer = await sale.final()
        #expect(answer.result == .completed && answer.offline == true && answer.state == .offlineQueued)
        #expect(try await rig.host.next().advice?.reason == .cardProcessed)

        let willing = try await Rig(
            script: .init(secondWithoutHost: .approved), configure: { $0.applications = [application] })
        let (unreached, exchange) = try await willing.sellUntilHost()
        exchange.answer(.notConnected)
        #expect(await unreached.final().result == .hostUnreachable)
    }

    @Test("approvals by card are bounded by the limits of store and forward, and a PIN that the card verified is no hindrance")
    func bounded() async throws {
        let application = ApplicationConfiguration(aid: [0xA0, 0, 0, 0, 3, 0x10, 0x10], floorLimit: 100_000)
        var script = ScriptedKernel.Script()
        script.first = .approved
        for (verification, amount, expected) in [
            (CardholderVerification.none, 500, ResultCode.completed), (.offlinePIN, 500, .completed), (.onlinePIN, 500, .declinedByCard),
            (.none, 5_001, .declinedByCard),
        ] as [(CardholderVerification, Int64, ResultCode)] {
            script.verification = verification
            let rig = try await Rig(script: script, configure: { $0.applications = [application] })
            let sale = try await rig.sell(Rig.sale(amount))
            await sale.status(.card)
            rig.reader.insert()
            #expect(await sale.final().result == expected, "\(verification) \(amount)")
        }
    }

    @Test("the kernel learns the latest approval of the same card in the open batch, also after a restart, and none of the batch before")
    func log() async throws {
        let application = ApplicationConfiguration(aid: [0xA0, 0, 0, 0, 3, 0x10, 0x10], floorLimit: 1_000)
        let store = MemoryJournalStore()
        let configure: (inout TerminalConfiguration) -> Void = { $0.applications = [application] }
        let rig = try await Rig(store: store, configure: configure)
        #expect(await rig.engine.approvals.isEmpty)
        _ = try await rig.approved(Rig.sale(700))
        _ = try await rig.approved(Rig.sale(300))
        let hash = try SiteKeys(root: SecretBytes(Array(repeating: 1, count: 32))).cardHash(of: pan)
        #expect(await rig.engine.approvals[hash] == 300)
        // A host's decline is no approval.
        let (sale, exchange) = try await rig.sellUntilHost(Rig.sale(400))
        exchange.decline()
        _ = await sale.final()
        #expect(await rig.engine.approvals[hash] == 300)
        let next = try await Rig(store: try store.afterPowerCut(), configure: configure)
        #expect(await next.engine.approvals[hash] == 300)
        await next.engine.settleAutomatically()
        #expect(await next.engine.approvals.isEmpty)
        let without = try await Rig(store: try store.afterPowerCut())
        #expect(await without.engine.approvals.isEmpty, "nothing is kept where no floor limit asks for it")
    }
}
