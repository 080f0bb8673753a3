import EMV
import Hex
import Keys
import SmartCard
import Testing

@Suite("PIN processing (EMV Book 3, 10.5.1, 10.5.2 and 10.5.4; Book 4, 6.3.4)")
struct PINTests {
    private let noAmounts = "0000000000000000"
    private static let right = PINOutcome.answered(ResponseAPDU(status: .success))
    private static func status(_ status: UInt16) -> PINOutcome { .answered(ResponseAPDU(status: StatusWord(status))) }
    private static let all: TerminalCapabilities = [.plaintextOfflinePIN, .encipheredOfflinePIN, .encipheredOnlinePIN]

    private func kernel(_ attached: TerminalCapabilities = [.plaintextOfflinePIN], bypass: Bool = false, type: UInt8 = 0x22)
        -> ContactKernel
    {
        var terminal = TestShop.terminal
        terminal.pinBypass = bypass
        terminal.type = TerminalType(rawValue: type)
        return TestShop.kernel(terminal: terminal, transaction: TestShop.transaction(attached: attached))
    }

    private func hold(
        _ list: String, _ kernel: ContactKernel, cvm: String, byte3: String, _ more: [ScriptedCard.Exchange] = [], pins: [PINOutcome]
    ) throws -> (outcome: KernelOutcome, asked: [PINRequest]) {
        let card = TestCard().with(profile: "1000").with(0x8E, noAmounts + list)
        let exchanges =
            card.opening + more + [TestCard.firstCryptogram("80", "8000" + byte3 + "8000", "4800", cvm, TestCard.aac)]
        let conversation = try Conversation.hold(kernel, exchanges, pins: pins)
        return (conversation.outcome, conversation.pins)
    }

    private let counter = TestCard.getData("9F17", "9F1701039000")

    // MARK: Plaintext offline

    @Test("a right PIN verifies: result successful, no bit")
    func right() throws {
        let (outcome, asked) = try hold("0100", kernel(), cvm: "010002", byte3: "00", [counter], pins: [Self.right])
        #expect(outcome.receipt.cvm == .offlinePIN)
        #expect(asked.count == 1 && asked[0].triesLeft == 3 && !asked[0].isRetry && !asked[0].isLastTry && !asked[0].bypassAllowed)
        guard case .plaintextOffline = asked[0].method else { throw ScriptDifference("another method") }
    }

    @Test("a wrong PIN is asked for again, with the tries that are left")
    func retry() throws {
        let (outcome, asked) = try hold(
            "0100", kernel(), cvm: "010002", byte3: "00", [counter], pins: [Self.status(0x63C2), Self.status(0x63C1), Self.right])
        #expect(outcome.receipt.cvm == .offlinePIN)
        #expect(asked.map(\.triesLeft) == [3, 2, 1] && asked.map(\.isRetry) == [false, true, true] && asked[2].isLastTry)
    }

    @Test("blocked at the first VERIFY or with the last try: PIN try limit exceeded", arguments: [0x63C0, 0x6983, 0x6984] as [UInt16])
    func blocked(status: UInt16) throws {
        let (outcome, _) = try hold("0100", kernel(), cvm: "010001", byte3: "A0", [counter], pins: [Self.status(status)])
        #expect(outcome.receipt.cvm == .failed)
        let (second, _) = try hold(
            "4100" + "1F00", kernel(), cvm: "1F0002", byte3: "20", [counter], pins: [Self.status(0x63C1), Self.status(status)])
        #expect(second.receipt.cvm == CardholderVerification.none)
    }

    @Test("with a try counter of zero no PIN is asked for")
    func noTries() throws {
        let empty = TestCard.getData("9F17", "9F1701009000")
        let (_, asked) = try hold("0100", kernel(), cvm: "010001", byte3: "A0", [empty], pins: [])
        #expect(asked.isEmpty)
    }

    @Test(
        "a card that does not tell its try counter is asked for the PIN all the same",
        arguments: ["6A88", "6D00", "9F179000", "9000", "9F170200039000"])
    func untold(answer: String) throws {
        let (_, asked) = try hold("0100", kernel(), cvm: "010002", byte3: "00", [TestCard.getData("9F17", answer)], pins: [Self.right])
        #expect(asked.map(\.triesLeft) == [nil])
    }

    @Test("a status VERIFY does not have ends the session", arguments: [0x6A86, 0x6D00, 0x6985, 0x6300] as [UInt16])
    func strange(status: UInt16) throws {
        let card = TestCard().with(profile: "1000").with(0x8E, noAmounts + "4100" + "1F00")
        let outcome = try Conversation.hold(kernel(), card.opening + [counter], pins: [Self.status(status)]).outcome
        #expect(outcome.verdict == .terminated && outcome.reason == "cardCommandFailed")
    }

    @Test("a card that says \"wrong\" for ever is left")
    func endless() throws {
        let card = TestCard().with(profile: "1000").with(0x8E, noAmounts + "0100")
        let pins = [PINOutcome](repeating: Self.status(0x63CF), count: 16)
        #expect(try Conversation.hold(kernel(), card.opening + [counter], pins: pins).outcome.reason == "dialogueTooLong")
    }

    // MARK: Bypass, cancel, keypad

    @Test("a PIN left out is \"not entered\", and no later rule asks for one")
    func bypass() throws {
        let (outcome, asked) = try hold(
            "4100" + "4200" + "1F00", kernel(Self.all, bypass: true), cvm: "1F0002", byte3: "08", [counter], pins: [.bypassed])
        #expect(asked.count == 1 && asked[0].bypassAllowed && outcome.receipt.cvm == CardholderVerification.none)
        _ = try hold("4100" + "0200", kernel(Self.all, bypass: true), cvm: "020001", byte3: "88", [counter], pins: [.bypassed])
        let unattended = try hold("0100", kernel(bypass: true, type: 0x25), cvm: "010002", byte3: "00", [counter], pins: [Self.right])
        #expect(!unattended.asked[0].bypassAllowed)
    }

    @Test("a keypad that does not work sets its bit and the next rule counts")
    func broken() throws {
        _ = try hold("4100" + "1F00", kernel(), cvm: "1F0002", byte3: "10", [counter], pins: [.unavailable])
        _ = try hold("0100" + "1F00", kernel(), cvm: "010001", byte3: "90", [counter], pins: [.unavailable])
        _ = try hold("0200", kernel(Self.all), cvm: "020001", byte3: "90", pins: [.unavailable])
    }

    @Test("who cancels at the PIN cancels the transaction; who does not act is told apart")
    func cancelled() throws {
        let card = TestCard().with(profile: "1000").with(0x8E, noAmounts + "4100" + "1F00")
        for (pin, reason) in [(PINOutcome.cancelled, "cancelledByCardholder"), (.timedOut, "cardholderTimedOut")] {
            let outcome = try Conversation.hold(kernel(), card.opening + [counter], pins: [pin]).outcome
            #expect(outcome.verdict == .cancelled && outcome.reason == reason)
        }
    }

    @Test("an outcome that does not fit the question is the caller's fault")
    func misfit() throws {
        let offline = TestCard().with(profile: "1000").with(0x8E, noAmounts + "0100")
        #expect(try Conversation.hold(kernel(), offline.opening + [counter], pins: [.entered]).outcome.reason == "unexpectedEvent")
        let online = offline.with(0x8E, noAmounts + "0200")
        #expect(try Conversation.hold(kernel(Self.all), online.opening, pins: [Self.right]).outcome.reason == "unexpectedEvent")
    }

    // MARK: Online and combinations

    @Test("an online PIN is on its way: result unknown, \"online PIN entered\"")
    func online() throws {
        let (outcome, asked) = try hold("0200", kernel([.encipheredOnlinePIN]), cvm: "020000", byte3: "04", pins: [.entered])
        #expect(outcome.receipt.cvm == .onlinePIN)
        guard case .online(let pan) = asked[0].method else { throw ScriptDifference("another method") }
        #expect(pan.withDigits { $0 } == "4761739001010119")
    }

    @Test("PIN and signature succeed together: result unknown; without signature at the terminal the rule is not supported")
    func combination() throws {
        let (outcome, _) = try hold("0300", kernel(), cvm: "030000", byte3: "00", [counter], pins: [Self.right])
        #expect(outcome.receipt.cvm == .offlinePINAndSignature)
        var terminal = TestShop.terminal
        terminal.capabilities.remove(.signature)
        let kernel = TestShop.kernel(terminal: terminal, transaction: TestShop.transaction(attached: [.plaintextOfflinePIN]))
        _ = try hold("4300" + "4303" + "1F00", kernel, cvm: "1F0002", byte3: "00", pins: [])
    }

    @Test("with one kind of offline PIN the other kind is unsupported, but no keypad is missing (10.5.1)")
    func otherKind() throws {
        _ = try hold("4400" + "1F00", kernel([.plaintextOfflinePIN]), cvm: "1F0002", byte3: "00", pins: [])
        _ = try hold("4100" + "1F00", kernel([.encipheredOnlinePIN]), cvm: "1F0002", byte3: "10", pins: [])
        _ = try hold("4200" + "1F00", kernel([.plaintextOfflinePIN]), cvm: "1F0002", byte3: "10", pins: [])
    }

    @Test("the last method performed is the one in the results, though later rules could not be performed")
    func lastPerformed() throws {
        _ = try hold("4100" + "4400", kernel(), cvm: "410001", byte3: "A0", [counter], pins: [Self.status(0x63C0)])
    }

    // MARK: Enciphered offline

    @Test("without certificates there is no key and no PIN is asked for")
    func noKey() throws {
        _ = try hold("4400" + "1F00", kernel(Self.all), cvm: "1F0002", byte3: "00", pins: [])
        _ = try hold("0400", kernel(Self.all), cvm: "040001", byte3: "80", pins: [])
    }

    // MARK: 9F33

    @Test("9F33 claims the PIN methods of the devices attached now, and of no configuration")
    func claimed() throws {
        var terminal = TestShop.terminal
        terminal.capabilities = [.chip, .signature, .noCVM, .plaintextOfflinePIN, .encipheredOnlinePIN, .encipheredOfflinePIN]
        let card = TestCard().with(0x8C, "9F3303")
        for (attached, claim) in [
            ([], "202800"), ([.encipheredOnlinePIN, .magneticStripe], "606800"), ([.plaintextOfflinePIN, .encipheredOfflinePIN], "20B800"),
            ([.sda, .cardCapture], "202800"),
        ] as [(TerminalCapabilities, String)] {
            let kernel = TestShop.kernel(terminal: terminal, transaction: TestShop.transaction(attached: attached))
            let exchange = ScriptedCard.Exchange("first GENERATE AC", "80AE800003" + claim + "00", TestCard.aac)
            #expect(try Conversation.hold(kernel, card.opening + [exchange]).outcome.verdict == .declined)
        }
    }

    @Test("the cardholder's languages come with the question")
    func languages() throws {
        var card = TestCard().with(profile: "1000").with(0x8E, noAmounts + "0100")
        card.selectionData = TestCard.tlv(0x5F2D, Array("frEN9!".utf8).hex)
        let exchanges = card.opening + [counter, TestCard.firstCryptogram("80", "8000008000", "4800", "010002", TestCard.aac)]
        let conversation = try Conversation.hold(kernel(), exchanges, pins: [Self.right])
        #expect(conversation.pins.first?.languages == ["fr", "en"] && conversation.outcome.receipt.languages == ["fr", "en"])
    }
}
