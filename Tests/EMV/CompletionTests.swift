import EMV
import Hex
import SmartCard
import Testing

@Suite("Online processing and completion (EMV Book 3, 10.9 and 10.11)")
struct CompletionTests {
    private let authentication = "910A" + "1122334455667788" + "3030"

    private func answer(_ approved: Bool, _ data: String = "", code: String? = nil) -> IssuerAnswer {
        .answered(
            authorisationResponseCode: Array((code ?? (approved ? "00" : "05")).utf8), approved: approved, iccData: [UInt8](hex: data) ?? []
        )
    }

    /// ARQC at the first GENERATE AC, then `rest`.
    private func hold(
        _ host: IssuerAnswer, _ rest: [ScriptedCard.Exchange], card: TestCard = .offlineCapable,
        application: ApplicationConfiguration? = nil,
        type: UInt8 = 0x22, forceOnline: Bool = false, tvr: String = "8000000000"
    ) throws -> KernelOutcome {
        var online = TestShop.lenient
        online.online = .offlineDataAuthenticationNotPerformed
        var terminal = TestShop.terminal
        terminal.type = TerminalType(rawValue: type)
        let kernel = TestShop.kernel(
            terminal: terminal, applications: [application ?? online], transaction: TestShop.transaction(forceOnline: forceOnline))
        let exchanges = card.opening + [TestCard.firstCryptogram("80", tvr, "0800", "3F0000", TestCard.arqc)] + rest
        return try Conversation.hold(kernel, exchanges, host: host).outcome
    }

    private func second(
        _ request: String, _ code: String, _ response: String, tvr: String = "8000000000", tsi: String = "2800"
    ) -> ScriptedCard.Exchange {
        TestCard.secondCryptogram(request, code, tvr, tsi, response)
    }

    private func authenticate(_ response: String) -> ScriptedCard.Exchange {
        .init("EXTERNAL AUTHENTICATE", "008200000A" + "1122334455667788" + "3030", response)
    }

    @Test("the issuer's approval asks for a TC, its decline for an AAC")
    func issuerDecides() throws {
        #expect(try hold(answer(true), [second("40", "00", TestCard.tc)]).verdict == .approved)
        let declined = try hold(answer(false), [second("00", "05", TestCard.aac)])
        #expect(declined.verdict == .declined && declined.reason == "declinedByIssuer")
        let refused = try hold(answer(true), [second("40", "00", TestCard.aac)])
        #expect(refused.verdict == .declined && refused.reason == "cardRefusedAfterIssuerApproval")
    }

    @Test("issuer authentication by EXTERNAL AUTHENTICATE where the AIP says so, whatever the issuer decided")
    func externalAuthenticate() throws {
        let card = TestCard.offlineCapable.with(profile: "0400")
        let approved = try hold(
            answer(true, authentication), [authenticate("9000"), second("40", "00", TestCard.tc, tsi: "3800")], card: card)
        #expect(approved.verdict == .approved && approved.receipt.tsi.hex == "3800" && approved.receipt.tvr.hex == "8000000000")
        let declined = try hold(
            answer(false, authentication), [authenticate("9000"), second("00", "05", TestCard.aac, tsi: "3800")], card: card)
        #expect(declined.reason == "declinedByIssuer")
    }

    @Test("issuer authentication that fails is said to the card, which decides", arguments: ["6300", "6985", "6D00"])
    func authenticationFailed(status: String) throws {
        let card = TestCard.offlineCapable.with(profile: "0400")
        for (response, verdict) in [(TestCard.aac, KernelOutcome.Verdict.declined), (TestCard.tc, .approved)] {
            let outcome = try hold(
                answer(true, authentication), [authenticate(status), second("40", "00", response, tvr: "8000000040", tsi: "3800")],
                card: card)
            #expect(outcome.verdict == verdict && outcome.receipt.tvr.hex == "8000000040")
        }
    }

    @Test(
        "without issuer authentication data, or with data of a wrong length, there is no EXTERNAL AUTHENTICATE",
        arguments: ["", "91021122", "9180"])
    func noAuthenticationData(data: String) throws {
        let card = TestCard.offlineCapable.with(profile: "0400")
        let outcome = try hold(answer(true, data), [second("40", "00", TestCard.tc)], card: card)
        #expect(outcome.verdict == .approved && outcome.receipt.tsi.hex == "2800" && outcome.receipt.tvr.hex == "8000000000")
    }

    @Test("where the AIP does not say so, the data goes with CDOL2 to a card that asks for it")
    func authenticationInList() throws {
        let card = TestCard.offlineCapable.with(0x8D, "910A8A02")
        let exchange = ScriptedCard.Exchange("second GENERATE AC", "80AE40000C" + "1122334455667788" + "3030" + "3030" + "00", TestCard.tc)
        #expect(try hold(answer(true, authentication), [exchange], card: card).verdict == .approved)
    }

    @Test("the answer code is the host's, else that of its field 55, else what approval or decline means")
    func answerCode() throws {
        #expect(try hold(answer(true, "8A023131", code: "00"), [second("40", "00", TestCard.tc)]).verdict == .approved)
        #expect(try hold(answer(true, "8A023131", code: ""), [second("40", "11", TestCard.tc)]).verdict == .approved)
        #expect(try hold(answer(true, "8A0131", code: "000"), [second("40", "00", TestCard.tc)]).verdict == .approved)
        #expect(try hold(answer(false, code: "5"), [second("00", "05", TestCard.aac)]).verdict == .declined)
    }

    // MARK: Unable to go online

    @Test("unable to go online: Y3 and TC, or Z3 and AAC, by the default codes of terminal and issuer")
    func defaultCodes() throws {
        #expect(try hold(.unableToGoOnline, [second("40", "Y3", TestCard.tc)]).verdict == .approved)
        let refused = try hold(.unableToGoOnline, [second("40", "Y3", TestCard.aac)])
        #expect(refused.verdict == .declined && refused.reason == "declinedByCard")
        var strict = TestShop.lenient
        strict.online = .offlineDataAuthenticationNotPerformed
        strict.default = .offlineDataAuthenticationNotPerformed
        let declined = try hold(.unableToGoOnline, [second("00", "Z3", TestCard.aac)], application: strict)
        #expect(declined.verdict == .declined && declined.reason == "unableToGoOnline")
        _ = try hold(.unableToGoOnline, [second("00", "Z3", TestCard.aac)], card: TestCard.offlineCapable.with(0x9F0D, "8000000000"))
        _ = try hold(.unableToGoOnline, [second("00", "Z3", TestCard.aac)], card: TestCard.offlineCapable.with(0x9F0D, nil))
    }

    @Test("what must go online, or a terminal that only approves online, is declined without the host")
    func noOfflineApproval() throws {
        _ = try hold(.unableToGoOnline, [second("00", "Z3", TestCard.aac, tvr: "8000000800")], forceOnline: true, tvr: "8000000800")
        _ = try hold(.unableToGoOnline, [second("00", "Z3", TestCard.aac)], type: 0x21)
    }

    @Test("a card that wants to go online on an offline-only terminal gets the default action")
    func offlineOnly() throws {
        var terminal = TestShop.terminal
        terminal.type = TerminalType(rawValue: 0x23)
        let exchanges =
            TestCard.offlineCapable.opening + [
                TestCard.firstCryptogram("40", "8000000000", "0800", "3F0000", TestCard.arqc), second("40", "Y3", TestCard.tc),
            ]
        let kernel = TestShop.kernel(terminal: terminal, applications: [TestShop.lenient])
        #expect(try Conversation.hold(kernel, exchanges).outcome.verdict == .approved)
    }

    // MARK: The card's last word

    @Test("after a decline nothing the card says approves")
    func neverRaised() throws {
        for response in [TestCard.tc, TestCard.arqc, TestCard.cryptogram("C0"), "6985", "9000", "80009000"] {
            for (host, code) in [(answer(false), "05"), (.unableToGoOnline, "Z3")] {
                let card = TestCard.offlineCapable.with(0x9F0D, nil)
                let outcome = try hold(host, [second("00", code, response)], card: card)
                #expect(outcome.verdict == .terminated)
            }
        }
    }

    @Test(
        "after the issuer's approval a card without a usable last word has refused",
        arguments: ["6985", "9000", "80009000", "800A4000019000"])
    func noLastWord(response: String) throws {
        let outcome = try hold(answer(true), [second("40", "00", response)])
        #expect(outcome.verdict == .declined && outcome.reason != nil)
        #expect(try hold(answer(true), [second("40", "00", TestCard.arqc)]).verdict == .declined)
    }

    @Test("a CDOL2 that cannot be parsed after the issuer's approval is a refusal too")
    func badList() throws {
        let outcome = try hold(answer(true), [], card: TestCard.offlineCapable.with(0x8D, "9F"))
        #expect(outcome.verdict == .declined && outcome.reason == "malformedData")
    }
}
