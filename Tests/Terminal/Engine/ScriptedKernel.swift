import EMV
import Keys
import SmartCard

@testable import Terminal

/// A card dialogue in four steps: one command, online, one more command, the verdict.
struct ScriptedKernel: CardKernel {
    struct Script: Sendable {
        /// Ends the dialogue instead of going online.
        var first: KernelOutcome.Verdict?
        var reason: String?
        /// After the host's approval; after anything else the card declines.
        var second = KernelOutcome.Verdict.approved
        /// When the host cannot be reached.
        var secondWithoutHost = KernelOutcome.Verdict.declined
        /// Test card number: no card of anybody's.
        var pan = ScriptedKernel.pan
        var offersChoice = false
        var verification = CardholderVerification.none
        /// Asked for before the first command; `nil`: no PIN.
        var pin: PINRequest?
        /// The issuer has one command for after the outcome.
        var hasIssuerScript = false
    }

    /// Test card number: no card of anybody's.
    static let pan = "4761739001010010"

    private enum Step { case begin, choosing, pin, firstCommand, online, lastCommand, settled, issuerScript, over }

    let script: Script
    let transaction: KernelTransaction
    private var step = Step.begin
    private var verdict = KernelOutcome.Verdict.declined
    /// How the questions for a PIN ended.
    private(set) var outcomes: [PINOutcome] = []

    init(_ script: Script, _ transaction: KernelTransaction) {
        self.script = script
        self.transaction = transaction
    }

    mutating func on(_ event: KernelEvent) -> [KernelAction] {
        let command = CommandAPDU(0x80, 0xAE, 0x80, 0x00, data: [0x00], expectedLength: 256)
        switch (event, step) {
        case (.start, .begin) where script.offersChoice:
            step = .choosing
            return [
                .chooseApplication([
                    ApplicationCandidate(aid: [0xA0, 1], label: "CREDIT"), ApplicationCandidate(aid: [0xA0, 2], label: "DEBIT"),
                ])
            ]
        case (.applicationChosen(nil), .choosing): return finish(.cancelled)
        case (.start, .begin) where script.pin != nil:
            step = .pin
            return script.pin.map { [.enterPIN($0)] } ?? []
        case (.pin(.cancelled), .pin): return finish(.cancelled)
        case (.pin(let outcome), .pin):
            outcomes.append(outcome)
            step = .firstCommand
            return [.transmit(command)]
        case (.performScripts, .settled):
            step = .issuerScript
            return [.transmit(command)]
        case (.response, .issuerScript), (.cardLost, .settled), (.cardLost, .issuerScript):
            step = .settled
            return finish(verdict)
        case (.start, .begin), (.applicationChosen, .choosing):
            step = .firstCommand
            return [.transmit(command)]
        case (.response, .firstCommand):
            if let first = script.first { return finish(first) }
            step = .online
            return [.goOnline(OnlineRequest(card: card, iccData: [0x9F, 0x26, 0x01, 0x00], receipt: receipt))]
        case (.hostAnswered(let answer), .online):
            if case .answered(_, true, _) = answer { verdict = script.second }
            if case .unableToGoOnline = answer { verdict = script.secondWithoutHost }
            step = .lastCommand
            return [.transmit(command)]
        case (.response, .lastCommand): return finish(verdict)
        case (.cardLost, _) where step != .over: return finish(.cardLost)
        default: return []
        }
    }

    private mutating func finish(_ verdict: KernelOutcome.Verdict) -> [KernelAction] {
        let pastStart = step != .begin && step != .choosing
        let hasScript = script.hasIssuerScript && step == .lastCommand
        step = hasScript ? .settled : .over
        return [
            .finished(
                KernelOutcome(
                    verdict: verdict, reason: script.reason, card: pastStart ? card : nil,
                    receipt: pastStart ? receipt : KernelReceiptData(),
                    finalICCData: pastStart ? [0x95, 0x01, 0x00] : [], hasPendingScripts: hasScript))
        ]
    }

    private var receipt: KernelReceiptData {
        var receipt = KernelReceiptData()
        receipt.aid = [0xA0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10]
        receipt.label = "VISA CREDIT"
        receipt.tsi = [0xE8, 0x00]
        receipt.cvm = script.verification
        return receipt
    }

    private var card: KernelCardData {
        guard let number = PAN(script.pan) else { fatalError("the test card has a card number") }
        return KernelCardData(pan: number, track2: SecretBytes("\(script.pan)=2812".utf8), expiry: "2812", panSequenceNumber: 1)
    }
}
