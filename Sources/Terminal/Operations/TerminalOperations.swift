import Devices
import Logging
import Money

/// Carries out what a POS asks besides transactions (pos-protocol, section 6). The API's door sees to it that one operation runs at a time.
public protocol OperationPerforming: Sendable {
    /// Returns when the operation is over; a cancelled task is a cancelled operation (`12`), where the cardholder has not answered yet.
    ///
    /// - Parameters:
    ///   - isTrusted: the peer is on loopback or has shown a client certificate.
    ///   - status: called with every step of a complex operation.
    func perform(
        _ request: OperationRequest, peer: PeerIdentity, isTrusted: Bool, status: @escaping @Sendable (StatusContext, String) -> Void
    ) async -> OperationAnswer

    /// Ends the process in order, to be started again: called when `OperationAnswer.Content.restart` has been told.
    func restart()

    /// From now on; each call makes an independent stream.
    func events() -> AsyncStream<TerminalEvent>
}

public actor TerminalOperations: OperationPerforming {
    /// What it stands on; each of them can be a scripted peer.
    public struct Environment: Sendable {
        public var terminal: any PaymentTerminal
        public var parameters: TerminalParameters
        public var display: any CardholderDisplay
        /// Shows in one order with the transaction's messages.
        public var show: @Sendable (DisplayMessage) -> Void
        public var currency: Currency
        /// Language while no POS has chosen one.
        public var language: Language
        public var clock: any TerminalClock
        /// The printer in service now.
        public var printer: @Sendable () -> (any Printer)?
        /// Readers for `ReadCard`.
        public var cardSource: (any CardSource)?
        /// Leading digits of cards whose number `ReadCard` may tell; a prefix that any payment card could have is never honoured.
        public var clearRanges: [String]
        /// Ends the process in order, to be started again.
        public var restart: (@Sendable () -> Void)?
        public var certificates: (any CertificateKeeping)?
        /// Told of the known keys that were set, for what is not read where it is used.
        public var parametersChanged: @Sendable (Set<String>) -> Void
        public var diagnose: (@Sendable () async -> OperationAnswer)?
        public var events: @Sendable () -> AsyncStream<TerminalEvent>
        public var log: Logger

        public init(
            terminal: any PaymentTerminal, parameters: TerminalParameters, display: any CardholderDisplay,
            show: @escaping @Sendable (DisplayMessage) -> Void, currency: Currency, language: Language = .english,
            clock: any TerminalClock = SystemClock()
        ) {
            self.terminal = terminal
            self.parameters = parameters
            self.display = display
            self.show = show
            self.currency = currency
            self.language = language
            self.clock = clock
            printer = { nil }
            clearRanges = []
            parametersChanged = { _ in }
            events = { AsyncStream { $0.finish() } }
            log = Logger(label: "countertop.operations")
        }
    }

    let environment: Environment
    private var items = LineItemList()
    private var lastScreen = 0
    /// Takes a `Display` without buttons away again.
    private var takingAway: Task<Void, Never>?

    public init(_ environment: Environment) { self.environment = environment }

    public nonisolated func restart() { environment.restart?() }

    public nonisolated func events() -> AsyncStream<TerminalEvent> { environment.events() }

    public func perform(
        _ request: OperationRequest, peer: PeerIdentity, isTrusted: Bool, status: @escaping @Sendable (StatusContext, String) -> Void
    ) async -> OperationAnswer {
        if request.needsTrust, !isTrusted {
            return OperationAnswer(.notAllowed, nil, "Only from this machine, or with a client certificate.")
        }
        switch request {
        case .getParameters(let keys): return getParameters(keys)
        case .setParameters(let settings): return setParameters(settings, isTrusted)
        case .getTransactions(let query): return await transactions(query)
        case .diagnose:
            guard let diagnose = environment.diagnose else { return unsupported("Diagnose") }
            return await diagnose()
        case .restart(let moment):
            guard environment.restart != nil else { return unsupported("Restart") }
            // One operation runs at a time, so `idle` is now; a settlement that nobody asked for is waited for either way.
            return OperationAnswer(.restart(moment))
        case .generateCertificateRequest, .importCertificate, .installTrust: return await certificateOperation(request)
        case .display, .lineItems, .input, .getSignature, .readCard, .print, .printLastReceipt: break
        }
        // What needs the cardholder's side waits for the terminal's own work, such as a settlement that nobody asked for.
        guard environment.terminal.information.activity == .idle else { return OperationAnswer(.busy, nil, "The terminal is at work.") }
        switch request {
        case .display(let display) where display.buttons.isEmpty: return showText(display)
        case .lineItems(let change): return changeItems(change)
        case .print(let document): return await print(document)
        case .printLastReceipt(let copy): return await printLastReceipt(copy, peer)
        case .readCard(let request): return await readCard(request, status)
        default: break
        }
        guard let step = CardholderStep(request, texts: texts, screen: nextScreen()) else { return unsupported("This operation") }
        if case .getSignature = request { status(.signature, texts.cashier(.signature)) }
        return await ask(step)
    }

    var texts: CardholderText {
        CardholderText(environment.parameters.variety(of: environment.parameters.language ?? environment.language))
    }

    func nextScreen() -> Int {
        lastScreen += 1
        return lastScreen
    }

    private func unsupported(_ what: String) -> OperationAnswer { OperationAnswer(.unsupported, nil, "\(what) is not supported here.") }

    // MARK: Cardholder

    private func ask(_ step: CardholderStep) async -> OperationAnswer {
        let display = environment.display
        guard display.abilities.isSuperset(of: step.needs), let answers = display.answers() else {
            return OperationAnswer(.terminalNotReady, .deviceUnavailable, "No display is connected that can ask that.")
        }
        takingAway?.cancel()
        environment.show(step.message)
        let clock = environment.clock
        let deadline = clock.now.advanced(by: .seconds(step.seconds))
        let answer = await withTaskGroup(of: OperationAnswer?.self) { group in
            group.addTask {
                for await answer in answers {
                    if case .finished(let answer) = step.judge(answer) { return answer }
                }
                // The display is gone; the time limit goes on, for it may come back.
                return nil
            }
            group.addTask {
                try? await clock.sleep(until: deadline)
                return Task.isCancelled ? CardholderStep.cancelledByPOS : CardholderStep.timedOut
            }
            defer { group.cancelAll() }
            while let ended = await group.next() {
                if let ended { return Task.isCancelled && ended.result == .timeout ? CardholderStep.cancelledByPOS : ended }
            }
            return CardholderStep.cancelledByPOS
        }
        showIdle()
        return answer
    }

    private func showText(_ request: DisplayRequest) -> OperationAnswer {
        takingAway?.cancel()
        let text = request.lines.joined(separator: "\n")
        environment.show(DisplayMessage(.message, text: text, language: texts.language.rawValue, screen: nextScreen()))
        guard let seconds = request.seconds else { return OperationAnswer() }
        let clock = environment.clock
        let deadline = clock.now.advanced(by: .seconds(seconds))
        takingAway = Task { [weak self] in
            do { try await clock.sleep(until: deadline) } catch { return }
            await self?.showIdle()
        }
        return OperationAnswer()
    }

    private func changeItems(_ change: LineItemsChange) -> OperationAnswer {
        if let wrong = items.apply(change) { return OperationAnswer(.badField, nil, wrong) }
        takingAway?.cancel()
        showIdle()
        return OperationAnswer()
    }

    /// What stands on the display while nothing is asked: the list of what is bought, or the welcome. A transaction shows its own.
    func showIdle() {
        guard environment.terminal.information.activity == .idle else { return }
        if items.isEmpty {
            environment.show(DisplayMessage(.welcome, text: texts.welcome, language: texts.language.rawValue))
        } else {
            environment.show(items.message(texts, environment.currency, screen: nextScreen()))
        }
    }
}

extension OperationRequest {
    /// Section 1: certificate operations and `Restart`; security parameters are told apart by `TerminalParameters`.
    var needsTrust: Bool {
        switch self {
        case .restart, .generateCertificateRequest, .importCertificate, .installTrust: true
        default: false
        }
    }
}
