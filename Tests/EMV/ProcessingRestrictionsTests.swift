import EMV
import SmartCard
import Testing

@Suite("Processing restrictions (EMV Book 3, 10.4)")
struct ProcessingRestrictionsTests {
    @Test("dates: the last day of validity and the first day of effect still count")
    func dates() throws {
        for (tag, date, tvr) in [
            (0x5F24, "251122", "8000008000"), (0x5F24, "251121", "8040008000"), (0x5F24, "491231", "8000008000"),
            (0x5F24, "991231", "8040008000"),
            (0x5F25, "251122", "8000008000"), (0x5F25, "251123", "8020008000"), (0x5F25, "500101", "8000008000"),
        ] as [(TagNumber, String, String)] {
            _ = try TestCard().with(tag, date).expect(TestShop.kernel(), tvr: tvr)
        }
    }

    @Test("application versions differ only if the card has one and the terminal does not know it")
    func versions() throws {
        _ = try TestCard().with(0x9F08, "008C").expect(TestShop.kernel(), tvr: "8000008000")
        _ = try TestCard().with(0x9F08, "0096").expect(TestShop.kernel(), tvr: "8080008000")
        var application = TestShop.application
        application.versions = [[0x00, 0x8C], [0x00, 0x96]]
        let card = TestCard().with(0x9F08, "0096").with(0x8C, "95059B029F34039F0902")
        let exchanges =
            card.opening + [
                ScriptedCard.Exchange("first GENERATE AC", "80AE80000C" + "8000008000" + "0800" + "3F0000" + "0096" + "00", TestCard.aac)
            ]
        #expect(try Conversation.hold(TestShop.kernel(applications: [application]), exchanges).outcome.verdict == .declined)
    }

    /// 9F07, 5F28 or none, 9C, amount other, whether the service is allowed.
    @Test(
        "application usage control",
        arguments: [
            // Valid at terminals other than ATMs at all?
            ("0100", nil, 0x00, 0, true), ("FEC0", nil, 0x00, 0, false), ("0100", "0840", 0x20, 0, true),
            // Goods or services, domestic and abroad
            ("2100", "0840", 0x00, 0, true), ("0900", "0840", 0x00, 0, true), ("D700", "0840", 0x00, 0, false),
            ("1100", "0276", 0x00, 0, true), ("0500", "0276", 0x00, 0, true), ("EB00", "0276", 0x00, 0, false),
            // Cash
            ("8100", "0840", 0x01, 0, true), ("7F00", "0840", 0x01, 0, false), ("4100", "0276", 0x01, 0, true),
            ("BF00", "0276", 0x01, 0, false),
            ("7F00", "0840", 0x17, 0, false),
            // Cash back, as a type or as an amount
            ("2180", "0840", 0x09, 100, true), ("FF40", "0840", 0x09, 100, false), ("1140", "0276", 0x00, 100, true),
            ("FF80", "0276", 0x00, 100, false), ("C180", "0840", 0x09, 100, false),
        ] as [(String, String?, UInt8, Int64, Bool)])
    func usage(control: String, country: String?, type: UInt8, other: Int64, allowed: Bool) throws {
        let kernel = TestShop.kernel(transaction: TestShop.transaction(type: type, other: other))
        _ = try TestCard().with(0x9F07, control).with(0x5F28, country)
            .expect(kernel, request: allowed ? "80" : "00", tvr: allowed ? "8000008000" : "8010008000")
    }

    @Test("an ATM is a terminal of type 14, 15 or 16 that gives out cash")
    func cashMachine() throws {
        var terminal = TestShop.terminal
        terminal.type = TerminalType(rawValue: 0x15)
        terminal.additionalCapabilities.insert(.cash)
        _ = try TestCard().with(0x9F07, "0100").expect(TestShop.kernel(terminal: terminal), request: "00", tvr: "8010008000")
        _ = try TestCard().with(0x9F07, "0200").expect(TestShop.kernel(terminal: terminal), tvr: "8000008000")
        terminal.additionalCapabilities.remove(.cash)
        _ = try TestCard().with(0x9F07, "0100").expect(TestShop.kernel(terminal: terminal), tvr: "8000008000")
    }
}
