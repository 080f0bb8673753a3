import Devices
import Keys
import Money
import PaymentHost
import Synchronization
import Testing
import USB

@testable import Terminal

@Suite("Operations besides transactions (pos-protocol, section 6)")
struct TerminalOperationsTests {
    private struct Rig {
        let display: AnsweringDisplay
        let clock = VirtualClock()
        let terminal = IdleTerminal()
        let operations: TerminalOperations
        let shown = Awaitable<DisplayMessage>()

        init(
            abilities: DisplayAbilities = .all, _ change: (inout TerminalOperations.Environment) -> Void = { _ in }
        ) throws {
            display = AnsweringDisplay(abilities)
            let shown = shown
            var environment = TerminalOperations.Environment(
                terminal: terminal, parameters: try TerminalParameters(path: nil), display: display, show: { shown.append($0) },
                currency: try #require(Currency("USD")), clock: clock)
            change(&environment)
            operations = TerminalOperations(environment)
        }

        func perform(_ request: OperationRequest, isTrusted: Bool = true) async -> OperationAnswer {
            await operations.perform(request, peer: PeerIdentity("P"), isTrusted: isTrusted) { _, _ in }
        }
    }

    private static let question = OperationRequest.display(.init(lines: ["?"], seconds: 30, buttons: ["A", "B"]))

    @Test("the cardholder's answer is the operation's, and the display goes back to the welcome")
    func answered() async throws {
        let rig = try Rig()
        async let answer = rig.perform(Self.question)
        await rig.shown.wait { $0.last?.prompt == .message }
        let screen = try #require(rig.shown.all.last?.screen)
        rig.display.answer(CardholderAnswer(.pressed("A"), screen: screen - 1))
        rig.display.answer(CardholderAnswer(.pressed("B"), screen: screen))
        #expect(await answer == OperationAnswer(.button("B")))
        #expect(rig.shown.all.last?.prompt == .welcome)
    }

    @Test("nobody answers: 10 at the time limit")
    func timeout() async throws {
        let rig = try Rig()
        async let answer = rig.perform(Self.question)
        await rig.clock.sleeper(after: .seconds(30))
        rig.clock.advance(by: .seconds(30))
        #expect(await answer.result == .timeout)
    }

    @Test("cancelled by the POS: 12, at once")
    func cancelled() async throws {
        let rig = try Rig()
        let task = Task { await rig.perform(Self.question) }
        await rig.shown.wait { !$0.isEmpty }
        task.cancel()
        #expect(await task.value.result == .cancelledByPOS)
        #expect(rig.shown.all.last?.prompt == .welcome)
    }

    @Test("a display that cannot ask: 20, and nothing is shown")
    func noDisplay() async throws {
        let phone = try #require(InputPrompt.named("phone"))
        let cases: [(DisplayAbilities, OperationRequest)] = [
            (DisplayAbilities(), Self.question), (DisplayAbilities.buttons, OperationRequest.getSignature(prompt: nil, seconds: 9)),
            (DisplayAbilities.buttons, OperationRequest.input(InputRequest(.prompt(phone), seconds: 9))),
        ]
        for (abilities, request) in cases {
            let rig = try Rig(abilities: abilities)
            #expect(await rig.perform(request).result == .terminalNotReady)
            #expect(rig.shown.all.isEmpty)
        }
    }

    @Test("GetSignature: Status Signature, then the cardholder is asked")
    func signatureStatus() async throws {
        let rig = try Rig()
        let contexts = Awaitable<StatusContext>()
        let task = Task {
            await rig.operations.perform(.getSignature(prompt: nil, seconds: 9), peer: PeerIdentity("P"), isTrusted: false) { context, _ in
                contexts.append(context)
            }
        }
        await rig.shown.wait { $0.last?.prompt == .signature }
        #expect(contexts.all == [.signature])
        task.cancel()
        #expect(await task.value.result == .cancelledByPOS)
    }

    @Test("a text without buttons is shown at once and taken away after its time")
    func text() async throws {
        let rig = try Rig(abilities: [])
        #expect(await rig.perform(.display(.init(lines: ["Hello", "you"], seconds: 5, buttons: []))).result == .completed)
        #expect(rig.shown.all.last?.text == "Hello\nyou")
        await rig.clock.sleeper(after: .seconds(5))
        rig.clock.advance(by: .seconds(5))
        await rig.shown.wait { $0.last?.prompt == .welcome }
    }

    @Test("what is bought stays on the display behind every question, until it is cleared")
    func lineItems() async throws {
        let rig = try Rig()
        #expect(
            await rig.perform(.lineItems(.init(.add, items: [LineItem(description: "Tea", amount: 250)], total: 250))).result == .completed)
        #expect(rig.shown.all.last?.text == "Your purchase\nTotal USD 2.50")
        #expect(await rig.perform(.lineItems(.init(.remove, items: [LineItem(description: "Milk")]))).result == .badField)
        #expect(await rig.perform(.lineItems(.init(.clear))).result == .completed)
        #expect(rig.shown.all.last?.prompt == .welcome)
    }

    @Test("the language of a POS's choice holds for the next question")
    func language() async throws {
        let rig = try Rig()
        #expect(await rig.perform(.setParameters([.init(key: "LANG", value: "1")])).result == .completed)
        _ = await rig.perform(.lineItems(.init(.clear)))
        #expect(rig.shown.all.last?.text == "Bienvenue" && rig.shown.all.last?.language == "fr")
    }

    @Test("parameters: a bad value is 3 and names the rule; unknown keys are 0 and named; security needs the right")
    func parameters() async throws {
        let rig = try Rig()
        let bad = await rig.perform(.setParameters([.init(key: "LANG", value: "9")]))
        #expect(bad.result == .badField && bad.message == "parameters.LANG: a whole number from 0 to 2")
        let unknown = await rig.perform(.setParameters([.init(key: "PTAKEY", value: "1")]))
        #expect(unknown.result == .completed && unknown.message == "Not known here: PTAKEY")
        let security = [TerminalParameters.Setting(key: "SAFENABLED", value: "1")]
        #expect(await rig.perform(.setParameters(security), isTrusted: false).result == .notAllowed)
        #expect(await rig.perform(.setParameters(security)).content == .parameters(security))
        #expect(await rig.perform(.getParameters(keys: ["SAFENABLED"])).content == .parameters(security))
        guard case .parameters(let all) = await rig.perform(.getParameters(keys: [])).content else {
            Issue.record("no parameters")
            return
        }
        #expect(all.count == ParameterDefinition.all.count + 1)
    }

    @Test("Restart and certificates need loopback or a client certificate")
    func rights() async throws {
        let rig = try Rig { $0.restart = {} }
        for request in [
            .restart(.now), .generateCertificateRequest(.init(commonName: "x")), .importCertificate(""), .installTrust(""),
        ] as [OperationRequest] {
            #expect(await rig.perform(request, isTrusted: false).result == .notAllowed)
        }
        #expect(await rig.perform(.restart(.now)).content == .restart(.now))
    }

    @Test("no printer 20, a printer's fault 202, a printed text 0")
    func printing() async throws {
        let document = PrintDocument(lines: [.init("Hello", bold: true)], copies: 2, cut: false)
        let without = try Rig()
        #expect(await without.perform(.print(document)).result == .terminalNotReady)
        let printer = RecordingPrinter()
        let rig = try Rig { $0.printer = { printer } }
        #expect(await rig.perform(.print(document)).result == .completed)
        #expect(printer.printed == [document])
        printer.fail()
        #expect(await rig.perform(.print(document)).result == .deviceFault)
    }

    @Test("the last receipt is the peer's; without one 97")
    func lastReceipt() async throws {
        let printer = RecordingPrinter()
        let rig = try Rig { $0.printer = { printer } }
        #expect(await rig.perform(.printLastReceipt(.customer)).result == .noLastTransaction)
        var answer = TransactionAnswer(result: .completed)
        answer.customerReceipt = "one\ntwo"
        rig.terminal.last = RecordedTransaction(id: TransactionID("T"), peer: PeerIdentity("P"), answer: answer)
        #expect(await rig.perform(.printLastReceipt(.customer)).result == .completed)
        #expect(printer.printed.last?.lines.map(\.text) == ["one", "two", "*** DUPLICATE ***"])
        answer.state = .voided
        answer.type = .sale
        answer.customerReceipt = "SHOP\n\nVISA\n"
        rig.terminal.last = RecordedTransaction(id: TransactionID("T"), peer: PeerIdentity("P"), answer: answer)
        _ = await rig.perform(.printLastReceipt(.customer))
        #expect(printer.printed.last?.lines.map(\.text) == ["SHOP", "*** DUPLICATE ***", "*** VOIDED ***", "", "VISA"])
        #expect(await rig.perform(.printLastReceipt(.merchant)).result == .noLastTransaction)
    }

    @Test("ReadCard masks every number but those of the whitelist, and never tells a payment card's")
    func readCard() async throws {
        func read(_ number: String, _ ranges: [String]) async throws -> OperationAnswer.CardRead? {
            let source = OneCard(account: try #require(PAN(number)))
            let rig = try Rig {
                $0.cardSource = source
                $0.clearRanges = ranges
            }
            guard case .card(let card) = await rig.perform(.readCard(.init(prompt: nil, seconds: 9, entryModes: nil))).content else {
                return nil
            }
            return card
        }
        #expect(
            try await read("9876543210123456", [])
                == OperationAnswer.CardRead(account: "987654******3456", entryMode: "Swiped", isClear: false))
        #expect(
            try await read("9876543210123456", ["98765"])
                == OperationAnswer.CardRead(account: "9876543210123456", entryMode: "Swiped", isClear: true))
        #expect(try await read("9876543210123456", [""])?.isClear == false)
        #expect(
            try await read("4761739001010119", ["4761", "4"])
                == OperationAnswer.CardRead(account: "476173******0119", entryMode: "Swiped", isClear: false))
        #expect(try await read("2223000048400011", ["2223"])?.isClear == false)
        let without = try Rig()
        #expect(await without.perform(.readCard(.init(prompt: nil, seconds: 9, entryModes: nil))).result == .terminalNotReady)
    }

    @Test("ReadCard: the POS's prompt is shown, its time and entry modes go to the reader; one that nobody offers is 20")
    func readCardFields() async throws {
        let source = AskedCard()
        let rig = try Rig { $0.cardSource = source }
        #expect(await rig.perform(.readCard(.init(prompt: "Loyalty card?", seconds: 9, entryModes: ["swipe", "chip"]))).result == .timeout)
        #expect(rig.shown.all.first?.text == "Loyalty card?" && rig.shown.all.first?.prompt == .readCard)
        #expect(source.asked.withLock { $0 } == [.init(prompt: nil, seconds: 9, entryModes: ["swipe", "chip"])])
        #expect(await rig.perform(.readCard(.init(prompt: nil, seconds: 9, entryModes: ["chip"]))).result == .terminalNotReady)
        #expect(source.asked.withLock { $0.count } == 1)
    }

    @Test("a journal that cannot be read: GetTransactions and PrintLastReceipt are 20 `internal`, never that there is nothing")
    func unreadableJournal() async throws {
        let printer = RecordingPrinter()
        let rig = try Rig { $0.printer = { printer } }
        #expect(await rig.perform(.getTransactions(TransactionQuery())).result == .badField)
        rig.terminal.isJournalReadable = false
        for request in [OperationRequest.getTransactions(TransactionQuery()), .printLastReceipt(.customer)] {
            let answer = await rig.perform(request)
            #expect(answer.result == .terminalNotReady && answer.condition == .internal)
        }
        #expect(printer.printed.isEmpty)
    }

    @Test("a card that cannot be read is 2")
    func unreadableCard() async throws {
        let rig = try Rig { $0.cardSource = UnreadableCard() }
        let answer = await rig.perform(.readCard(.init(prompt: nil, seconds: 9, entryModes: nil)))
        #expect(answer.result == .cardUnreadable && answer.condition == .deviceUnavailable)
    }

    @Test("parameters that cannot be stored: 1, and nothing is changed")
    func notStored() async throws {
        let parameters = try TerminalParameters(path: "/proc/nothing/parameters.json")
        let rig = try Rig { $0.parameters = parameters }
        let answer = await rig.perform(.setParameters([.init(key: "TIP", value: "1")]))
        #expect(answer.result == .applicationError && answer.condition == .internal && parameters["TIP"] == "0")
    }

    @Test("a certificate operation that fails here is 1, one that is refused 3, both in words")
    func failingCertificates() async throws {
        let rig = try Rig { $0.certificates = FailingCertificates() }
        for request in [
            OperationRequest.generateCertificateRequest(.init(commonName: "T")), .importCertificate("PEM"), .installTrust("PEM"),
        ] {
            let answer = await rig.perform(request)
            #expect(answer.result == .applicationError && answer.condition == .internal && answer.message == "The disk is full.")
        }
        #expect(await rig.perform(.importCertificate("bad")).result == .badField)
    }

    @Test("while the terminal is at work the cardholder's side is refused with 5")
    func busy() async throws {
        let rig = try Rig()
        rig.terminal.activity = .busy
        #expect(await rig.perform(Self.question).result == .busy)
        #expect(await rig.perform(.getParameters(keys: [])).result == .completed)
    }
}

private final class AnsweringDisplay: CardholderDisplay {
    let abilities: DisplayAbilities
    private let stream: AsyncStream<CardholderAnswer>
    private let continuation: AsyncStream<CardholderAnswer>.Continuation

    init(_ abilities: DisplayAbilities) {
        self.abilities = abilities
        (stream, continuation) = AsyncStream.makeStream()
    }

    func show(_ message: DisplayMessage) async {}
    func answers() -> AsyncStream<CardholderAnswer>? { stream }
    func answer(_ answer: CardholderAnswer) { continuation.yield(answer) }
}

private final class RecordingPrinter: Printer {
    private let state = Mutex<(printed: [PrintDocument], fails: Bool)>(([], false))
    let device = DeviceDescription(
        kind: .printer, model: "P", serialNumber: nil, vendorID: 1, productID: 2, path: USBBusPath("1-1"), driver: "test", state: .ready)
    let columns = 42
    var printed: [PrintDocument] { state.withLock { $0.printed } }

    func fail() { state.withLock { $0.fails = true } }
    func print(_ document: PrintDocument) async throws(DeviceError) {
        let fails = state.withLock { state in
            if !state.fails { state.printed.append(document) }
            return state.fails
        }
        if fails { throw DeviceError(.refused, "No paper.") }
    }
    func status() async throws(DeviceError) -> PrinterStatus { PrinterStatus(paper: .present, coverOpen: false) }
}

private struct OneCard: CardSource {
    let account: PAN
    let entryModes: Set<String> = ["swipe"]

    func readAccount(entryModes: Set<String>?, seconds: Int) async throws(DeviceError) -> (account: PAN, entryMode: String)? {
        (account, "Swiped")
    }
}

/// Notes what it is asked for; nobody swipes.
private final class AskedCard: CardSource {
    let entryModes: Set<String> = ["swipe"]
    let asked = Mutex<[ReadCardRequest]>([])

    func readAccount(entryModes: Set<String>?, seconds: Int) async throws(DeviceError) -> (account: PAN, entryMode: String)? {
        asked.withLock { $0.append(.init(prompt: nil, seconds: seconds, entryModes: entryModes)) }
        return nil
    }
}

private struct UnreadableCard: CardSource {
    let entryModes: Set<String> = ["swipe"]

    func readAccount(entryModes: Set<String>?, seconds: Int) async throws(DeviceError) -> (account: PAN, entryMode: String)? {
        throw DeviceError(.protocolViolation, "The stripe could not be read.")
    }
}

private struct FailingCertificates: CertificateKeeping {
    func request(_ subject: CertificateSubject) async throws(CertificateRefusal) -> String { throw .failed("The disk is full.") }
    func importChain(_ pem: String) async throws(CertificateRefusal) -> CertificateSummary {
        throw pem == "bad" ? .bad("certificate: not PEM") : .failed("The disk is full.")
    }
    func installTrust(_ pem: String) async throws(CertificateRefusal) -> CertificateSummary { throw .failed("The disk is full.") }
}

/// A terminal that runs no transactions.
private final class IdleTerminal: PaymentTerminal {
    private let state = Mutex<(activity: TerminalInformation.Activity, last: RecordedTransaction?)>((.idle, nil))
    private let readable = Mutex(true)
    var isJournalReadable: Bool {
        get { readable.withLock { $0 } }
        set { readable.withLock { $0 = newValue } }
    }
    var activity: TerminalInformation.Activity {
        get { state.withLock { $0.activity } }
        set { state.withLock { $0.activity = newValue } }
    }
    var last: RecordedTransaction? {
        get { state.withLock { $0.last } }
        set { state.withLock { $0.last = newValue } }
    }

    func begin(
        _ request: TransactionRequest, peer: PeerIdentity, report: @escaping @Sendable (TransactionReport) -> Void
    ) async -> BeginAnswer { .refused(TransactionAnswer(result: .unsupported)) }
    func cancel(_ id: TransactionID) async -> CancelAnswer { .nothingToCancel }
    func presence(_ presence: POSPresence, of id: TransactionID) async {}
    func lastTransaction(of peer: PeerIdentity) async -> RecordedTransaction? { last }
    func transaction(requestID: String) async -> RecordedTransaction? { nil }
    func transaction(_ name: TransactionName) async -> RecordedTransaction? { nil }
    func transactions(_ query: TransactionQuery) async -> TransactionPage? { nil }
    let informationRevision = 0
    var information: TerminalInformation {
        var information = TerminalInformation(
            model: "M", serialNumber: "S", applicationName: "A", applicationVersion: "0", terminalID: "T", merchantID: "M", batchNumber: 1,
            activity: activity, hostState: .connected, pendingReversals: 0, offlineCount: 0, devices: [])
        information.isJournalReadable = isJournalReadable
        return information
    }
}
