import EMV
import Hex
import SmartCard
import Testing

@Suite("Application selection (EMV Book 1, 12.3 and 12.4)")
struct SelectionTests {
    private let visa = TestCard()
    private let debit = "A0000000032010"
    private let rid = ApplicationConfiguration(aid: [0xA0, 0x00, 0x00, 0x00, 0x03], label: "VISA")

    private func hold(
        _ exchanges: [ScriptedCard.Exchange], applications: [ApplicationConfiguration] = [TestShop.application],
        cardholderSelection: Bool = true,
        choices: [Int?] = []
    ) throws -> Conversation {
        var terminal = TestShop.terminal
        terminal.cardholderSelection = cardholderSelection
        return try Conversation.hold(TestShop.kernel(terminal: terminal, applications: applications), exchanges, choices: choices)
    }

    private func directory(_ file: String = "01") -> ScriptedCard.Exchange {
        .init(
            "SELECT directory", TestCard.directory,
            TestCard.tlv(0x6F, TestCard.tlv(0x84, Array("1PAY.SYS.DDF01".utf8).hex) + TestCard.tlv(0xA5, "8801" + file)) + "9000")
    }

    private func entry(_ aid: String, priority: String = "", label: String = "56495341") -> String {
        TestCard.tlv(0x61, TestCard.tlv(0x4F, aid) + TestCard.tlv(0x50, label) + (priority.isEmpty ? "" : TestCard.tlv(0x87, priority)))
    }

    private func record(_ number: UInt8, _ answer: String) -> ScriptedCard.Exchange {
        .init("directory record \(number)", "00B2" + [number].hex + "0C00", answer)
    }

    private func record(_ number: UInt8, entries: String...) -> ScriptedCard.Exchange {
        record(number, TestCard.tlv(0x70, entries.joined()) + "9000")
    }

    private func select(_ aid: String, _ answer: String, next: Bool = false) -> ScriptedCard.Exchange {
        .init("SELECT \(next ? "next " : "")\(aid)", TestCard.select(aid, next: next), answer)
    }

    private func fci(_ aid: String, _ data: String = "") -> String {
        var card = TestCard()
        card.aid = aid
        card.selectionData = data
        return card.fci + "9000"
    }

    /// An application that cannot start, which ends the dialogue once it is selected.
    private var broken: ScriptedCard.Exchange { visa.processingOptions("6A81") }

    // MARK: Directory

    @Test("every record and every entry of the directory is read")
    func directoryRecords() throws {
        let conversation = try hold(
            [
                directory("02"), .init("record 1", "00B2011400", TestCard.tlv(0x70, entry("A0000000999999") + entry(debit)) + "9000"),
                .init("record 2", "00B2021400", TestCard.tlv(0x70, entry(visa.aid)) + "9000"), .init("record 3", "00B2031400", "6A83"),
                select(visa.aid, fci(visa.aid)), broken,
            ], applications: [rid], choices: [1])
        #expect(conversation.offers.map { $0.map(\.aid.hex) } == [[debit, visa.aid]])
    }

    @Test(
        "no directory, a blocked or an unreadable one: the list of AIDs", arguments: ["6A82", "6283", "6985", "6F00", "9000", "70009000"])
    func noDirectory(answer: String) throws {
        let start = ScriptedCard.Exchange("SELECT directory", TestCard.directory, answer)
        let outcome = try hold([start, select(visa.aid, fci(visa.aid)), select(visa.aid, fci(visa.aid)), broken]).outcome
        #expect(outcome.reason == "cardCommandFailed" && outcome.receipt.aid.hex == visa.aid)
    }

    @Test("a directory file outside 1 to 10 makes the directory void", arguments: ["00", "0B", "1F"])
    func directoryFile(file: String) throws {
        let outcome = try hold([directory(file), select(visa.aid, "6A82")]).outcome
        #expect(outcome.reason == "noCommonApplication")
    }

    @Test("an error in a directory record makes the directory void, entries read before included")
    func directoryError() throws {
        for answer in ["6985", "70059000", "9000"] {
            let exchanges = [directory(), record(1, entries: entry(visa.aid)), record(2, answer), select(visa.aid, "6A82")]
            #expect(try hold(exchanges).outcome.reason == "noCommonApplication")
        }
    }

    @Test("a directory without a match leaves it to the list of AIDs")
    func directoryWithoutMatch() throws {
        let exchanges = [
            directory(), record(1, entries: entry("A0000000999999"), "9D05A000000003"), record(2, "6A83"), select(visa.aid, "6A82"),
        ]
        #expect(try hold(exchanges).outcome.reason == "noCommonApplication")
    }

    @Test("6A81 says that the card is blocked: nothing more is asked")
    func cardBlocked() throws {
        let outcome = try hold([.init("SELECT directory", TestCard.directory, "6A81")]).outcome
        #expect(outcome.verdict == .terminated && outcome.reason == "cardBlocked")
        let fromList = try hold([.init("SELECT directory", TestCard.directory, "6A82"), select(visa.aid, "6A81")]).outcome
        #expect(fromList.reason == "cardBlocked")
    }

    // MARK: List of AIDs

    @Test("partial selection asks for the next occurrence until there is none")
    func nextOccurrence() throws {
        let conversation = try hold(
            [
                .init("SELECT directory", TestCard.directory, "6A82"), select("A000000003", fci(visa.aid)),
                select("A000000003", fci(debit), next: true), select("A000000003", "6A82", next: true),
            ], applications: [rid], choices: [nil])
        #expect(conversation.offers.first?.map(\.aid.hex) == [visa.aid, debit])
        #expect(conversation.outcome.verdict == .cancelled && conversation.outcome.reason == "cancelledByCardholder")
    }

    @Test("where the whole AID must match, a longer name is no candidate")
    func exactOnly() throws {
        var exact = rid
        exact.partialMatch = false
        let exchanges: [ScriptedCard.Exchange] = [
            .init("SELECT directory", TestCard.directory, "6A82"), select("A000000003", fci(visa.aid)),
        ]
        #expect(try hold(exchanges, applications: [exact]).outcome.reason == "noCommonApplication")
        let listed = [directory(), record(1, entries: entry(visa.aid)), record(2, "6A83"), select("A000000003", "6A82")]
        #expect(try hold(listed, applications: [exact]).outcome.reason == "noCommonApplication")
    }

    @Test("an application found under two AIDs of the terminal is one candidate, with the closer configuration")
    func foundTwice() throws {
        var exact = TestShop.application
        exact.denial = TerminalVerificationResults(rawValue: 0xFF_FFFF_FFFF)
        let card = TestCard()
        let exchanges: [ScriptedCard.Exchange] =
            [
                .init("SELECT directory", TestCard.directory, "6A82"), select("A000000003", fci(visa.aid)),
                select("A000000003", "6A82", next: true), select(visa.aid, fci(visa.aid)), select(visa.aid, fci(visa.aid)),
            ] + card.opening.suffix(2) + [TestCard.firstCryptogram("00", "8000008000", "0800", "3F0000", TestCard.aac)]
        #expect(try hold(exchanges, applications: [rid, exact]).outcome.reason == "declinedByTerminal")
    }

    @Test("blocked applications are no candidates, and the outcome says so")
    func applicationBlocked() throws {
        let exchanges: [ScriptedCard.Exchange] = [
            .init("SELECT directory", TestCard.directory, "6A82"), select(visa.aid, visa.fci + "6283"),
        ]
        let outcome = try hold(exchanges).outcome
        #expect(outcome.verdict == .terminated && outcome.reason == "applicationBlocked")
        let listed = [directory(), record(1, entries: entry(visa.aid)), record(2, "6A83"), select(visa.aid, "6283")]
        #expect(try hold(listed).outcome.reason == "applicationBlocked")
    }

    @Test("an FCI that names something else is no match")
    func wrongName() throws {
        for answer in [fci("A0000000041010"), "9000", "6F009000", TestCard.tlv(0x6F, "8403A00000" + "A500") + "9000"] {
            let exchanges: [ScriptedCard.Exchange] = [.init("SELECT directory", TestCard.directory, "6A82"), select(visa.aid, answer)]
            #expect(try hold(exchanges).outcome.reason == "noCommonApplication")
        }
    }

    @Test("a chip that never understands SELECT leaves the stripe to try")
    func fallback() throws {
        let exchanges: [ScriptedCard.Exchange] = [.init("SELECT directory", TestCard.directory, "6D00"), select(visa.aid, "6E00")]
        let outcome = try hold(exchanges).outcome
        #expect(outcome.verdict == .fallback && outcome.reason == "chipNotUsable")
    }

    // MARK: Final selection

    @Test("the cardholder is offered the applications in the card's order of priority")
    func priority() throws {
        let exchanges = [
            directory(),
            record(
                1, entries: entry("A000000003000000"), entry("A000000003000001", priority: "02"), entry("A000000003000002", priority: "81")),
            record(2, "6A83"), select("A000000003000001", fci("A000000003000001")), broken,
        ]
        let conversation = try hold(exchanges, applications: [rid], choices: [1])
        #expect(conversation.offers.first?.map { $0.aid.hex.suffix(1) } == ["2", "1", "0"])
    }

    @Test("without cardholder choice the first that needs no confirmation is taken")
    func noChoice() throws {
        let exchanges = [
            directory(), record(1, entries: entry("A000000003000002", priority: "81"), entry("A000000003000001", priority: "02")),
            record(2, "6A83"), select("A000000003000001", fci("A000000003000001")), broken,
        ]
        #expect(try hold(exchanges, applications: [rid], cardholderSelection: false).offers.isEmpty)
    }

    @Test("a single application that wants confirmation is confirmed")
    func confirmation() throws {
        let exchanges = [
            directory(), record(1, entries: entry(visa.aid, priority: "81")), record(2, "6A83"), select(visa.aid, fci(visa.aid)), broken,
        ]
        #expect(try hold(exchanges, cardholderSelection: false, choices: [0]).offers.count == 1)
        let refused = try hold(Array(exchanges.prefix(3)), choices: [nil]).outcome
        #expect(refused.verdict == .cancelled)
        #expect(try hold(Array(exchanges.prefix(3)), choices: [7]).outcome.verdict == .cancelled, "a choice that was not offered")
    }

    @Test("one that cannot be selected, or refuses with 6985, gives way to the next")
    func nextCandidate() throws {
        for (first, options) in [("6A82", nil), ("6283", nil), (fci(visa.aid), nil), (fci(debit), "6985")] as [(String, String?)] {
            var exchanges = [
                directory(), record(1, entries: entry(debit, priority: "01"), entry(visa.aid, priority: "02")), record(2, "6A83"),
                select(debit, first),
            ]
            if let options { exchanges.append(visa.processingOptions(options)) }
            exchanges += [select(visa.aid, fci(visa.aid)), broken]
            let outcome = try hold(exchanges, applications: [rid], cardholderSelection: false).outcome
            #expect(outcome.receipt.aid.hex == visa.aid && outcome.reason == "cardCommandFailed")
        }
        let last = try hold(visa.selection + [visa.processingOptions("6985")]).outcome
        #expect(last.verdict == .terminated && last.reason == "conditionsNotSatisfied")
    }

    @Test("names are shown without control characters; the preferred one only in a code table that is there")
    func names() throws {
        let name = TestCard.tlv(0x9F12, "4372E9646974")
        for (table, preferred) in [("9F110101", "Crédit"), ("9F110105", nil), ("", nil)] as [(String, String?)] {
            var card = visa
            card.selectionData = table + name
            let outcome = try hold(card.selection + [broken]).outcome
            #expect(outcome.receipt.preferredName == preferred && outcome.receipt.label == "VISA")
        }
        let entries = [directory(), record(1, entries: entry(visa.aid, priority: "80", label: "1B5B324A07")), record(2, "6A83")]
        #expect(try hold(entries, choices: [nil]).offers.first?.first?.label == "[2J")
    }
}
