import EMV
import Hex
import Keys
import SmartCard
import Testing

@Suite("Transaction certificate hash by TDOL (EMV Book 3)")
struct CertificateHashTests {
    private func declined(_ card: TestCard, tdol: [UInt8] = [], hashed: String, tvr: String) throws {
        var terminal = TestShop.terminal
        terminal.defaultTDOL = tdol
        let hash = try Digest.sha1([UInt8](hex: hashed) ?? []).hex
        let exchange = ScriptedCard.Exchange("first GENERATE AC", "80AE800019" + hash + tvr + "00", TestCard.aac)
        let kernel = TestShop.kernel(terminal: terminal)
        #expect(try Conversation.hold(kernel, card.with(0x8C, "98149505").opening + [exchange]).outcome.verdict == .declined)
    }

    @Test("98 is the SHA-1 over what the card's TDOL names")
    func cardList() throws {
        try declined(TestCard().with(0x97, "9F02069505"), hashed: "000000000500" + "8000008000", tvr: "8000008000")
    }

    @Test("without a TDOL of the card the terminal's default one counts, and the TVR says so before it is hashed")
    func defaultList() throws {
        try declined(TestCard(), tdol: [0x9F, 0x02, 0x06, 0x95, 0x05], hashed: "000000000500" + "8000008080", tvr: "8000008080")
        try declined(TestCard(), hashed: "", tvr: "8000008080")
    }

    @Test("a TDOL with a format error ends the session")
    func malformed() throws {
        let card = TestCard().with(0x8C, "9814").with(0x97, "9F02")
        #expect(try Conversation.hold(TestShop.kernel(), card.opening).outcome.reason == "malformedData")
    }

    @Test("a CDOL without 98 needs no TDOL")
    func notAsked() throws {
        _ = try TestCard().with(0x97, "9F02").expect(TestShop.kernel(), tvr: "8000008000")
    }
}
