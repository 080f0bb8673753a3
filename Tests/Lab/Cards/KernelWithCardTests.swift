import EMV
import Hex
import Keys
import Money
import SmartCard
import Testing

@testable import Lab

/// Kernel, card and issuer together: each was written from the books alone, so what they agree on is the books'.
@Suite("The contact kernel with the lab's cards")
struct KernelWithCardTests {
    private struct Sale {
        var outcome: KernelOutcome
        var wentOnline: Bool
        var choices: [String]
    }

    /// One sale of 5.00 on 5 January 2026; the issuer answers with `code`, and `corrupted` with a wrong ARPC. Online data go to the issuer as the
    /// host would see them.
    private func sell(
        _ card: EMVCard, code: String = "00", approved: Bool = true, corrupted: Bool = false, noHost: Bool = false, choice: Int = 0
    ) throws -> Sale {
        let currency = try #require(Currency("USD"))
        let amount = try #require(Amount(minorUnits: 500, currency: currency))
        var kernel = ContactKernel(
            terminal: TerminalData(),
            applications: [
                ApplicationConfiguration(aid: bytes("A000000003")), ApplicationConfiguration(aid: bytes("A000000004")),
            ],
            transaction: KernelTransaction(
                transactionType: 0, amountAuthorised: amount, amountOther: .zero(currency),
                date: KernelDate(year: 2026, month: 1, day: 5), time: [0x12, 0x00, 0x00], sequenceCounter: 1,
                unpredictableNumber: bytes("52BF4585"), forceOnline: true))
        var wentOnline = false
        var choices: [String] = []
        var pending = kernel.on(.start(answerToReset: try #require(card.reset())))
        for _ in 0..<200 {
            let action = try #require(pending.first, "the kernel fell silent")
            #expect(pending.count == 1)
            switch action {
            case .transmit(let command):
                let answer = try #require(card.process(try command.serialized()))
                pending = kernel.on(.response(try ResponseAPDU.parse(answer)))
            case .chooseApplication(let candidates):
                choices = candidates.map(\.label)
                pending = kernel.on(.applicationChosen(choice))
            case .goOnline(let request):
                wentOnline = true
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
                pending = kernel.on(
                    .hostAnswered(
                        .answered(
                            authorisationResponseCode: code, approved: approved,
                            iccData: try verified.responseICCData(responseCode: code, corrupted: corrupted))))
            case .finished(let outcome): return Sale(outcome: outcome, wentOnline: wentOnline, choices: choices)
            }
        }
        throw LabError(.badRequest, "the dialogue does not end")
    }

    private func card(_ name: String) throws -> EMVCard { try CardIssuer().issue(try CardProfiles.named(name)) }

    @Test("Cards that should approve do, online, again and again", arguments: ["visa-credit", "mc-credit", "two-apps", "expired"])
    func approves(name: String) throws {
        let card = try card(name)
        for counter in 1...3 as ClosedRange<UInt8> {
            let sale = try sell(card)
            #expect(sale.outcome.verdict == .approved, "\(sale.outcome.reason ?? "")")
            #expect(sale.wentOnline)
            #expect(sale.outcome.receipt.atc == [0, counter])
        }
    }

    @Test("declines-after-approval is declined though the host approved")
    func declinesAfterApproval() throws {
        let sale = try sell(try card("declines-after-approval"))
        #expect(sale.wentOnline)
        #expect(sale.outcome.verdict == .declined)
    }

    @Test("A wrong ARPC ends in the card's refusal, for both ways of issuer authentication", arguments: ["visa-credit", "mc-credit"])
    func wrongResponse(name: String) throws {
        #expect(try sell(try card(name), corrupted: true).outcome.verdict == .declined)
    }

    @Test("A host decline and an unreachable host end declined", arguments: ["visa-credit", "mc-credit"])
    func declined(name: String) throws {
        #expect(try sell(try card(name), code: "05", approved: false).outcome.verdict == .declined)
        #expect(try sell(try card(name), noHost: true).outcome.verdict == .declined)
    }

    @Test("An expired card sets its bit of the TVR")
    func expired() throws {
        #expect(try sell(try card("expired")).outcome.receipt.tvr[1] & 0x40 != 0)
        #expect(try sell(try card("visa-credit")).outcome.receipt.tvr[1] & 0x40 == 0)
    }

    @Test("Two applications are offered, and the chosen one pays")
    func twoApplications() throws {
        for (choice, aid) in [(0, "A0000000031010"), (1, "A0000000032010")] {
            let sale = try sell(try card("two-apps"), choice: choice)
            #expect(sale.choices == ["VISA CREDIT", "VISA ELECTRON"])
            #expect(sale.outcome.receipt.aid.hex == aid)
        }
    }

    @Test("A card of an unknown scheme never gets to the host")
    func noCommonApplication() throws {
        let sale = try sell(try card("no-common-aid"))
        #expect(!sale.wentOnline)
        #expect(sale.outcome.verdict != .approved)
        #expect(sale.outcome.reason == "noCommonApplication")
    }
}
