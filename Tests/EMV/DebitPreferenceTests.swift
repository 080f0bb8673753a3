import EMV
import Hex
import SmartCard
import Testing

@Suite("Debit preference")
struct DebitPreferenceTests {
    private let brand = "A0000000031010"
    private let common = "A0000000980840"

    private var applications: [ApplicationConfiguration] {
        [
            ApplicationConfiguration(aid: [UInt8](hex: brand) ?? [], label: "VISA"),
            ApplicationConfiguration(aid: [UInt8](hex: common) ?? [], label: "US DEBIT", preferredOver: [[0xA0, 0, 0, 0, 0x03]]),
        ]
    }

    private func entry(_ aid: String, _ priority: String, issuer: String = "") -> String {
        TestCard.tlv(0x61, TestCard.tlv(0x4F, aid) + TestCard.tlv(0x50, "56") + TestCard.tlv(0x87, priority) + issuer)
    }

    /// The directory with both applications, then `rest`.
    private func hold(
        _ brandIssuer: String, _ commonIssuer: String, _ rest: [ScriptedCard.Exchange], applications: [ApplicationConfiguration]? = nil,
        choices: [Int?] = []
    ) throws -> Conversation {
        let directory = TestCard.tlv(0x6F, TestCard.tlv(0x84, Array("1PAY.SYS.DDF01".utf8).hex) + TestCard.tlv(0xA5, "880101")) + "9000"
        let record = TestCard.tlv(0x70, entry(brand, "01", issuer: brandIssuer) + entry(common, "02", issuer: commonIssuer)) + "9000"
        return try Conversation.hold(
            TestShop.kernel(applications: applications ?? self.applications),
            [
                .init("SELECT directory", TestCard.directory, directory), .init("record 1", "00B2010C00", record),
                .init("record 2", "00B2020C00", "6A83"),
            ] + rest, choices: choices)
    }

    private func select(_ aid: String, _ status: String = "9000") -> ScriptedCard.Exchange {
        var card = TestCard()
        card.aid = aid
        return .init("SELECT \(aid)", TestCard.select(aid), card.fci + status)
    }

    private let broken = TestCard().processingOptions("6A81")
    private let sameIssuer = TestCard.tlv(0x42, "476173")

    @Test(
        "of two applications of one issuer only the preferred one is used, whatever the card's priority, and nobody is asked",
        arguments: [("4203476173", "4203476173"), ("73069F0C03476173", "73069F0C03476173"), ("73059F0C024761", "")])
    func sameAccount(first: String, second: String) throws {
        guard !second.isEmpty else {
            // 9F0C of a wrong length says nothing.
            #expect(try hold(first, first, [], choices: [nil]).offers.first?.count == 2)
            return
        }
        let conversation = try hold(first, second, [select(common), broken])
        #expect(conversation.offers.isEmpty && conversation.outcome.receipt.aid.hex == common)
    }

    @Test(
        "where the card does not say that both are of one issuer, the cardholder chooses",
        arguments: [("", ""), ("4203476173", ""), ("4203476173", "4203476174")])
    func otherAccounts(first: String, second: String) throws {
        let conversation = try hold(first, second, [], choices: [nil])
        #expect(conversation.offers.map { $0.map(\.aid.hex) } == [[brand, common]])
    }

    @Test("when the preferred one falls out, the other is taken after all")
    func fallsOut() throws {
        let conversation = try hold(sameIssuer, sameIssuer, [select(common, "6283"), select(brand), broken])
        #expect(conversation.outcome.receipt.aid.hex == brand)
    }

    @Test("two that are preferred over each other are both offered; an application that was not offered cannot be chosen")
    func bothWays() throws {
        var each = applications
        each[0].preferredOver = [[0xA0, 0, 0, 0, 0x98]]
        #expect(try hold(sameIssuer, sameIssuer, [], applications: each, choices: [nil]).offers.first?.count == 2)
        var confirmed = TestShop.kernel(applications: applications)
        var card = ScriptedCard([
            .init(
                "SELECT directory", TestCard.directory,
                TestCard.tlv(0x6F, TestCard.tlv(0x84, Array("1PAY.SYS.DDF01".utf8).hex) + TestCard.tlv(0xA5, "880101")) + "9000"),
            .init(
                "record 1", "00B2010C00",
                TestCard.tlv(0x70, entry(brand, "01", issuer: sameIssuer) + entry(common, "82", issuer: sameIssuer)) + "9000"),
            .init("record 2", "00B2020C00", "6A83"),
        ])
        var actions = confirmed.on(.start(answerToReset: []))
        while case .transmit(let command) = actions.first { actions = confirmed.on(.response(try card.answer(command))) }
        guard case .chooseApplication(let offered) = actions.first else {
            Issue.record("nothing to confirm")
            return
        }
        #expect(offered.map(\.aid.hex) == [common])
        guard case .finished(let outcome) = confirmed.on(.applicationChosen(1)).first else {
            Issue.record("chosen what was not offered")
            return
        }
        #expect(outcome.verdict == .cancelled)
    }
}
