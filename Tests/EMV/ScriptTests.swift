import EMV
import Hex
import SmartCard
import Testing

@Suite("Issuer scripts (EMV Book 3, 10.10; results as Book 4, A5)")
struct ScriptTests {
    private let one = "8418000008" + "1111111111111111"
    private let two = "841E000008" + "2222222222222222"

    private func script(_ tag: TagNumber, _ commands: String..., identifier: String? = "00000001") -> String {
        TestCard.tlv(tag, (identifier.map { "9F1804" + $0 } ?? "") + commands.map { TestCard.tlv(0x86, $0) }.joined())
    }

    private func sent(_ command: String, _ answer: String) -> ScriptedCard.Exchange { .init("script command", command, answer) }

    /// Online, approved, with `data` in field 55; `before` and `after` surround the second GENERATE AC, which sees `tvr` and `tsi`.
    private func hold(
        _ data: String, before: [ScriptedCard.Exchange] = [], tvr: String = "8000000000", tsi: String = "2C00",
        after: [ScriptedCard.Exchange] = [], approved: Bool = true, last: String? = nil, profile: String = "0000"
    ) throws -> Conversation {
        var application = TestShop.lenient
        application.online = .offlineDataAuthenticationNotPerformed
        let card = TestCard.offlineCapable.with(profile: profile)
        let exchanges =
            card.opening + [TestCard.firstCryptogram("80", "8000000000", "0800", "3F0000", TestCard.arqc)] + before
            + [
                TestCard.secondCryptogram(
                    approved ? "40" : "00", approved ? "00" : "05", tvr, tsi, last ?? (approved ? TestCard.tc : TestCard.aac))
            ] + after
        return try Conversation.hold(
            TestShop.kernel(applications: [application]), exchanges,
            host: .answered(
                authorisationResponseCode: Array((approved ? "00" : "05").utf8), approved: approved, iccData: [UInt8](hex: data) ?? []))
    }

    @Test("71 is performed before the second GENERATE AC, which is told so")
    func before() throws {
        let conversation = try hold(script(0x71, one, two), before: [sent(one, "9000"), sent(two, "9000")])
        #expect(conversation.final == nil, "nothing is left for after")
        #expect(conversation.outcome.verdict == .approved && conversation.outcome.receipt.scriptResults.hex == "2000000001")
        #expect(conversation.outcome.finalICCData.hex.contains("9F5B052000000001"))
    }

    @Test("72 is performed after it, when the caller says that the outcome is safe")
    func after() throws {
        let conversation = try hold(script(0x72, one), tsi: "2800", after: [sent(one, "9000")])
        #expect(conversation.outcome.hasPendingScripts && conversation.outcome.receipt.scriptResults.isEmpty)
        let final = try #require(conversation.final)
        #expect(final.verdict == .approved && !final.hasPendingScripts && final.receipt.scriptResults.hex == "2000000001")
        #expect(final.receipt.tsi.hex == "2C00" && final.receipt.tvr.hex == "8000000000")
    }

    @Test("a command that fails ends its script, not the others; its number and the bit tell", arguments: ["6985", "6A80", "6D00", "6400"])
    func failed(status: String) throws {
        let data = script(0x71, one, two, one) + script(0x71, two, identifier: "00000002")
        let conversation = try hold(data, before: [sent(one, "9000"), sent(two, status), sent(two, "9000")], tvr: "8000000020")
        #expect(conversation.outcome.receipt.scriptResults.hex == "1200000001" + "2000000002")
        let late = try hold(script(0x72, one, two), tsi: "2800", after: [sent(one, status)])
        #expect(late.final?.receipt.tvr.hex == "8000000010" && late.final?.receipt.scriptResults.hex == "1100000001")
        #expect(late.outcome.receipt.tvr.hex == "8000000000" && late.final?.verdict == .approved)
    }

    @Test("warnings let a script go on", arguments: ["6200", "6283", "6300", "63C2", "9001"])
    func warnings(status: String) throws {
        let conversation = try hold(script(0x71, one, two), before: [sent(one, status), sent(two, "9000")])
        #expect(conversation.outcome.receipt.scriptResults.hex == "2000000001")
    }

    @Test("a command that is no APDU fails when its turn comes")
    func unreadable() throws {
        let conversation = try hold(script(0x71, one, "84"), before: [sent(one, "9000")], tvr: "8000000020")
        #expect(conversation.outcome.receipt.scriptResults.hex == "1200000001")
    }

    @Test("a template that is no TLV fails as a whole, and the next one is performed")
    func noTLV() throws {
        let data = "7103860511" + script(0x71, one)
        let conversation = try hold(data, before: [sent(one, "9000")], tvr: "8000000020")
        #expect(conversation.outcome.receipt.scriptResults.hex == "1000000000" + "2000000001")
    }

    @Test("a script without identifier counts with zeros; the sixteenth command counts as F")
    func numbers() throws {
        #expect(
            try hold(script(0x71, one, identifier: nil), before: [sent(one, "9000")]).outcome.receipt.scriptResults.hex == "2000000000")
        let many = TestCard.tlv(0x71, (0..<16).map { _ in TestCard.tlv(0x86, "84180000") }.joined())
        let exchanges = [ScriptedCard.Exchange](repeating: sent("84180000", "9000"), count: 15) + [sent("84180000", "6985")]
        #expect(try hold(many, before: exchanges, tvr: "8000000020").outcome.receipt.scriptResults.hex == "1F00000000")
    }

    @Test("scripts are performed after a decline too, in the order 71, cryptogram, 72")
    func declined() throws {
        let conversation = try hold(
            script(0x72, two) + script(0x71, one), before: [sent(one, "9000")], after: [sent(two, "9000")], approved: false)
        #expect(conversation.outcome.verdict == .declined && conversation.final?.reason == "declinedByIssuer")
        #expect(conversation.final?.receipt.scriptResults.hex == "2000000001" + "2000000001")
        let refused = try hold(script(0x72, one), tsi: "2800", after: [sent(one, "9000")], last: TestCard.aac)
        #expect(refused.outcome.reason == "cardRefusedAfterIssuerApproval" && refused.final?.reason == "cardRefusedAfterIssuerApproval")
    }

    @Test("a script comes after EXTERNAL AUTHENTICATE")
    func afterAuthentication() throws {
        let authentication = "910A" + "1122334455667788" + "3030"
        let conversation = try hold(
            script(0x71, one) + authentication,
            before: [.init("EXTERNAL AUTHENTICATE", "008200000A" + "1122334455667788" + "3030", "9000"), sent(one, "9000")], tsi: "3C00",
            profile: "0400")
        #expect(conversation.outcome.verdict == .approved)
    }

    private func kernelAtOutcome(_ data: String) throws -> ContactKernel {
        var application = TestShop.lenient
        application.online = .offlineDataAuthenticationNotPerformed
        var kernel = TestShop.kernel(applications: [application])
        var card = ScriptedCard(
            TestCard.offlineCapable.opening + [
                TestCard.firstCryptogram("80", "8000000000", "0800", "3F0000", TestCard.arqc),
                TestCard.secondCryptogram("40", "00", "8000000000", "2800", TestCard.tc),
            ])
        var actions = kernel.on(.start(answerToReset: []))
        while true {
            switch actions.first {
            case .transmit(let command): actions = kernel.on(.response(try card.answer(command)))
            case .goOnline:
                actions = kernel.on(
                    .hostAnswered(.answered(authorisationResponseCode: [0x30, 0x30], approved: true, iccData: [UInt8](hex: data) ?? [])))
            case .finished(let outcome) where outcome.hasPendingScripts: return kernel
            default: throw ScriptDifference("no outcome with scripts")
            }
        }
    }

    @Test("a card that goes before or during its scripts changes nothing that was told")
    func lost() throws {
        let data = script(0x72, one, two) + script(0x72, two, identifier: "00000002")
        for commands in 0...2 {
            var kernel = try kernelAtOutcome(data)
            if commands > 0 { _ = kernel.on(.performScripts) }
            if commands > 1 { _ = kernel.on(.response(ResponseAPDU(status: .success))) }
            guard case .finished(let outcome)? = kernel.on(.cardLost).first else { throw ScriptDifference("not finished") }
            #expect(outcome.verdict == .approved && !outcome.hasPendingScripts)
            let expected = [
                "0000000001" + "0000000002", "1100000001" + "0000000002", "1200000001" + "0000000002",
            ]
            #expect(outcome.receipt.scriptResults.hex == expected[commands])
            #expect(kernel.on(.performScripts).isEmpty && kernel.on(.cardLost).isEmpty)
        }
    }

    @Test("a card that goes during a script before the last cryptogram is lost, with the script's result")
    func lostBefore() throws {
        var application = TestShop.lenient
        application.online = .offlineDataAuthenticationNotPerformed
        var kernel = TestShop.kernel(applications: [application])
        var card = ScriptedCard(
            TestCard.offlineCapable.opening + [TestCard.firstCryptogram("80", "8000000000", "0800", "3F0000", TestCard.arqc)])
        var actions = kernel.on(.start(answerToReset: []))
        while case .transmit(let command)? = actions.first { actions = kernel.on(.response(try card.answer(command))) }
        _ = kernel.on(
            .hostAnswered(
                .answered(authorisationResponseCode: [0x30, 0x30], approved: true, iccData: [UInt8](hex: script(0x71, one)) ?? [])))
        guard case .finished(let outcome)? = kernel.on(.cardLost).first else { throw ScriptDifference("not finished") }
        #expect(outcome.verdict == .cardLost && outcome.receipt.scriptResults.hex == "1100000001")
    }
}
