import EMV
import Hex
import Keys
import Money
import SmartCard
import Testing

@testable import Lab

/// A sale of a lab's card with the kernel, its cardholder and its issuer.
struct CardSale {
    var outcome: KernelOutcome
    /// After the scripts that come last; `nil` without any.
    var final: KernelOutcome?
    var wentOnline: Bool
    var choices: [String]
    var pins: [PINRequest]
}

/// One sale of 5.00 on 5 January 2026; the issuer answers with `code`, `orders` as a script, and `corrupted` with a wrong ARPC. Online data go to the
/// issuer as the host would see them. `typed` are the cardholder's entries, the last one again and again.
func sell(
    _ card: EMVCard, code: String = "00", approved: Bool = true, corrupted: Bool = false, noHost: Bool = false, choice: Int = 0,
    capabilities: TerminalCapabilities = [], attached: TerminalCapabilities = [], typed: [String] = [], orders: [IssuerOrder] = [],
    scriptFirst: Bool = false, authorities: CertificationAuthorityKeys = .none, denial: TerminalVerificationResults = [],
    floorLimit: Int64 = 0, change: (CommandAPDU, ResponseAPDU) -> ResponseAPDU = { $1 }
) throws -> CardSale {
    let currency = try #require(Currency("USD"))
    let amount = try #require(Amount(minorUnits: 500, currency: currency))
    var terminal = TerminalData()
    terminal.capabilities.formUnion(capabilities)
    var kernel = ContactKernel(
        terminal: terminal,
        applications: [
            ApplicationConfiguration(aid: bytes("A000000003")), ApplicationConfiguration(aid: bytes("A000000098")),
            ApplicationConfiguration(
                aid: bytes("A000000004"), denial: ApplicationConfiguration.commonDenial.union(denial), floorLimit: floorLimit),
            ApplicationConfiguration(aid: bytes("A00000002501")), ApplicationConfiguration(aid: bytes("A0000001523010")),
        ],
        transaction: KernelTransaction(
            transactionType: 0, amountAuthorised: amount, amountOther: .zero(currency),
            date: KernelDate(year: 2026, month: 1, day: 5), time: [0x12, 0x00, 0x00], sequenceCounter: 1,
            unpredictableNumber: bytes("52BF4585"), forceOnline: floorLimit == 0, attached: attached), authorities: authorities)
    var sale = CardSale(
        outcome: KernelOutcome(verdict: .terminated, reason: nil, card: nil, receipt: .init(), finalICCData: []), wentOnline: false,
        choices: [], pins: [])
    var entries = typed[...]
    var first: KernelOutcome?
    var pending = kernel.on(.start(answerToReset: try #require(card.reset())))
    for _ in 0..<200 {
        let action = try #require(pending.first, "the kernel fell silent")
        #expect(pending.count == 1)
        switch action {
        case .transmit(let command):
            guard let answer = card.process(try command.serialized()) else {
                pending = kernel.on(.cardLost)
                continue
            }
            pending = kernel.on(.response(change(command, try ResponseAPDU.parse(answer))))
        case .chooseApplication(let candidates):
            sale.choices = candidates.map(\.label)
            pending = kernel.on(.applicationChosen(choice))
        case .enterPIN(let request):
            sale.pins.append(request)
            let entry = entries.count > 1 ? entries.removeFirst() : try #require(entries.first, "nobody types a PIN")
            pending = kernel.on(.pin(try outcome(of: request, typed: entry, card: card)))
        case .goOnline(let request):
            sale.wentOnline = true
            guard !noHost else {
                pending = kernel.on(.hostAnswered(.unableToGoOnline))
                continue
            }
            let verdict = IssuerCryptography().verify(
                iccData: request.iccData, pan: request.card.pan, panSequenceNumber: request.card.panSequenceNumber)
            guard case .valid(let verified) = verdict else {
                Issue.record("\(verdict)")
                throw LabError(.badRequest, "the issuer does not know the card")
            }
            let code = Array(code.utf8)
            var data = try verified.responseICCData(responseCode: code, corrupted: corrupted)
            if !orders.isEmpty { data += try verified.script(orders, beforeFinalCryptogram: scriptFirst) }
            pending = kernel.on(.hostAnswered(.answered(authorisationResponseCode: code, approved: approved, iccData: data)))
        case .finished(let outcome):
            if outcome.hasPendingScripts {
                first = outcome
                pending = kernel.on(.performScripts)
                continue
            }
            sale.outcome = first ?? outcome
            sale.final = first == nil ? nil : outcome
            return sale
        }
    }
    throw LabError(.badRequest, "the dialogue does not end")
}

/// What the keypads of the devices do.
private func outcome(of request: PINRequest, typed: String, card: EMVCard) throws -> PINOutcome {
    let pin = SecretBytes(typed.utf8)
    let command: CommandAPDU
    switch request.method {
    case .online: return .entered
    case .plaintextOffline: command = CommandAPDU(0x00, 0x20, 0x00, 0x80, data: EMVCardMachine.block(pin))
    case .encipheredOffline(let key, let challenge):
        let data = try #require(try EncipheredPIN.data(pin: pin, challenge: challenge, key: key))
        command = CommandAPDU(0x00, 0x20, 0x00, 0x88, data: data)
    }
    return .answered(try ResponseAPDU.parse(try #require(card.process(try command.serialized()))))
}
