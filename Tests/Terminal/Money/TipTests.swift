import Devices
import Money
import PaymentHost
import Testing

@testable import Terminal

@Suite("Tip and tax of a sale")
struct TipTests {
    private static func asking(_ amount: Int64 = 1000, _ value: String = "1") -> TransactionRequest {
        var request = Rig.sale(amount)
        request.parameters["TIP"] = value
        return request
    }

    /// The card is put in when it is asked for; the host approves.
    private static func pay(_ rig: Rig, _ sale: Rig.Sale) async throws -> (asked: FinancialRequest, answer: TransactionAnswer) {
        await sale.status(.card)
        rig.reader.insert()
        let exchange = try await rig.host.next()
        let asked = try #require(exchange.financial)
        exchange.approve()
        return (asked, await sale.final())
    }

    @Test("TIP 1: Status Tip, the cardholder's choice before the card; host, answer and receipts have the sum")
    func chosen() async throws {
        let rig = try await Rig(display: ScriptedDisplay(hasButtons: true))
        let sale = try await rig.sell(Self.asking())
        await sale.status(.tip)
        let shown = await rig.display.shown.wait { $0.last?.prompt == .tip }
        #expect(shown.last?.buttons == ["15%", "18%", "20%", "No tip", "Cancel"])
        #expect(shown.last?.text.contains("18%  USD 1.80") == true)
        rig.display.press("18%")
        let (asked, answer) = try await Self.pay(rig, sale)
        #expect(asked.amount.minorUnits == 1180 && asked.tip?.minorUnits == 180)
        #expect(answer.requestedAmount == 1000 && answer.tipAmount == 180 && answer.totalAmount == 1180 && answer.authorizedAmount == 1180)
        #expect(answer.customerReceipt?.contains("TIP                             USD 1.80") == true)
        #expect(Array(sale.contexts.prefix(2)) == [.tip, .card])
    }

    @Test("No tip: asked, and nothing is added")
    func declined() async throws {
        let rig = try await Rig(display: ScriptedDisplay(hasButtons: true), parameters: ["TIP": "1"])
        let sale = try await rig.sell(Rig.sale(1000))
        await sale.status(.tip)
        rig.display.press("No tip")
        let (asked, answer) = try await Self.pay(rig, sale)
        #expect(asked.amount.minorUnits == 1000 && asked.tip == nil)
        #expect(answer.tipAmount == 0 && answer.totalAmount == 1000)
    }

    @Test("The request's own TIP wins over the parameter; a tipAmount is not asked again; other types are not asked")
    func notAsked() async throws {
        let rig = try await Rig(display: ScriptedDisplay(hasButtons: true), parameters: ["TIP": "1"])
        var given = Rig.sale(1000)
        given.tipAmount = 50
        for request in [Self.asking(1000, "0"), given, Rig.request(.authorization, 1000), Rig.request(.refund, 1000)] {
            let sale = try await rig.sell(request)
            let (_, answer) = try await Self.pay(rig, sale)
            #expect(answer.result == .completed && !sale.contexts.contains(.tip), "\(request)")
            rig.reader.remove()
            await rig.engine.slotIs(.empty)
        }
    }

    @Test("A display that cannot ask: the sale goes on, and both receipts have lines for a tip and the total")
    func onReceipt() async throws {
        let rig = try await Rig()
        let sale = try await rig.sell(Self.asking())
        let (asked, answer) = try await Self.pay(rig, sale)
        #expect(asked.tip == nil && !sale.contexts.contains(.tip))
        for receipt in [answer.merchantReceipt, answer.customerReceipt] { #expect(receipt?.contains("TIP ____") == true) }
    }

    @Test("The tip is cancelled by the cardholder: 11; by the POS: 12; nobody chooses: 10; the host is never asked")
    func ended() async throws {
        for result in [ResultCode.cancelledByCardholder, .cancelledByPOS, .timeout] {
            let rig = try await Rig(display: ScriptedDisplay(hasButtons: true))
            let sale = try await rig.sell(Self.asking())
            await sale.status(.tip)
            switch result {
            case .cancelledByCardholder: rig.display.press("Cancel")
            case .cancelledByPOS: #expect(await rig.engine.cancel(sale.id) == .cancelled)
            default:
                await rig.clock.sleeper(after: .seconds(75))
                rig.clock.advance(by: .seconds(75))
            }
            let answer = await sale.final()
            #expect(answer.result == result && answer.approval == nil)
            #expect(!rig.trace.all.contains("beforeSend"))
        }
    }

    @Test("STATICTIP is added to a SALE without a tip, and to no other")
    func staticTip() async throws {
        let rig = try await Rig(parameters: ["STATICTIP": "12.5"])
        var given = Rig.sale(1000)
        given.tipAmount = 0
        for (request, tip, total) in [(Rig.sale(1001), 125, 1126), (given, 0, 1000), (Rig.request(.authorization, 1000), nil, 1000)]
            as [(TransactionRequest, Int64?, Int64)]
        {
            let (asked, answer) = try await Self.pay(rig, try await rig.sell(request))
            #expect(asked.amount.minorUnits == total && answer.totalAmount == total && answer.tipAmount == tip, "\(request)")
            rig.reader.remove()
            await rig.engine.slotIs(.empty)
        }
        #expect(await rig.refusal(Rig.sale(999_999_999_999))?.result == .badField)
    }

    @Test("TAXPERCENT: tax included in the amount goes to the host unless the POS gives it or the customer pays none; printed")
    func tax() async throws {
        let rig = try await Rig(parameters: ["TAXPERCENT": "8.25"])
        var given = Rig.sale(1000)
        given.taxAmount = 10
        var exempt = Rig.sale(1000)
        exempt.taxExempt = true
        for (request, tax) in [(Rig.sale(1000), 76), (given, 10), (exempt, nil)] as [(TransactionRequest, Int64?)] {
            let (asked, answer) = try await Self.pay(rig, try await rig.sell(request))
            #expect(asked.tax?.minorUnits == tax && asked.amount.minorUnits == 1000)
            #expect(answer.customerReceipt?.contains("TAX INCLUDED") == (tax != nil))
            #expect(answer.customerReceipt?.contains("TAX EXEMPT") == (tax == nil))
            rig.reader.remove()
            await rig.engine.slotIs(.empty)
        }
    }

    @Test("Line items, customer reference and purchase order of the request stand on both receipts")
    func books() async throws {
        let rig = try await Rig()
        var request = Rig.sale(1000)
        request.lineItems = [LineItem(description: "Tea", quantity: "2", amount: 1000)]
        (request.customerReference, request.purchaseOrder) = ("C-77", "PO 7/1")
        let answer = try await Self.pay(rig, try await rig.sell(request)).answer
        for receipt in [answer.merchantReceipt, answer.customerReceipt] {
            for part in ["Tea x 2", "C-77", "PO 7/1"] { #expect(receipt?.contains(part) == true, "\(part)") }
        }
    }

    @Test("HWVENDORID goes to the host as the vendor's id, once a POS has set one")
    func vendor() async throws {
        let rig = try await Rig(parameters: ["HWVENDORID": "ACME01"])
        #expect(try await Self.pay(rig, try await rig.sell()).asked.vendorID == "ACME01")
        let without = try await Rig()
        #expect(try await Self.pay(without, try await without.sell()).asked.vendorID == nil)
    }

    @Test("The same requestId with the same fields replays the sale, although the cardholder added a tip")
    func replayed() async throws {
        let rig = try await Rig(display: ScriptedDisplay(hasButtons: true))
        var request = Self.asking()
        request.requestID = "0123456789abcdef"
        let sale = try await rig.sell(request)
        await sale.status(.tip)
        rig.display.press("15%")
        let answer = try await Self.pay(rig, sale).answer
        guard case .replay(let record) = await rig.begin(request).answer else {
            Issue.record("not replayed")
            return
        }
        #expect(record.answer?.tipAmount == 150 && record.answer == answer)
    }
}

@Suite("TipDialogue")
struct TipDialogueTests {
    private static func dialogue(exceed: Int = 0, mayType: Bool = true, base: Int64 = 1000) throws -> TipDialogue {
        var rules = TipRules()
        (rules.choices, rules.confirmAbove) = ([15, 100], exceed)
        let amount = try #require(Amount(minorUnits: base, currency: JournalSamples.dollar))
        return TipDialogue(rules, base: amount, amount: amount, texts: CardholderText(), mayType: mayType, firstScreen: 7)
    }

    private static func shown(_ step: TipDialogue.Step) -> DisplayMessage? { if case .show(let message) = step { message } else { nil } }

    @Test("Another amount is typed in minor units; going back asks again; each screen has a number of its own")
    func typed() throws {
        var dialogue = try Self.dialogue()
        #expect(dialogue.first.screen == 7)
        let entry = try #require(Self.shown(dialogue.on(.init(.pressed("Other amount"), screen: 7))))
        #expect(entry.prompt == .entry && entry.screen == 8 && entry.text.contains("USD 2.50"))
        #expect(dialogue.on(.init(.entered("300"), screen: 7)) == .ignored, "meant for the screen before")
        #expect(Self.shown(dialogue.on(.init(.cancelled, screen: 8)))?.prompt == .tip)
        _ = dialogue.on(.init(.pressed("Other amount"), screen: 9))
        for text in ["", "-5", "1.5", "9999999999", "٣"] { #expect(dialogue.on(.init(.entered(text))) == .ignored, "\(text)") }
        #expect(dialogue.on(.init(.entered("333"))) == .settled(333))
    }

    @Test("TIPEXCEED: more than that share must be confirmed; no asks again")
    func confirmed() throws {
        var dialogue = try Self.dialogue(exceed: 2500)
        #expect(dialogue.on(.init(.pressed("15%"))) == .settled(150))
        let sure = try #require(Self.shown(dialogue.on(.init(.pressed("100%")))))
        #expect(sure.prompt == .confirm && sure.text.contains("USD 10.00") && sure.text.contains("USD 20.00"))
        #expect(Self.shown(dialogue.on(.init(.pressed("No"))))?.prompt == .tip)
        _ = dialogue.on(.init(.pressed("100%")))
        #expect(dialogue.on(.init(.pressed("Yes"))) == .settled(1000))
        var exact = try Self.dialogue(exceed: 10_000)
        #expect(exact.on(.init(.pressed("100%"))) == .settled(1000), "no more than that share")
    }

    @Test("Without a keyboard no other amount is offered; a sum beyond twelve digits asks again; cancel ends it")
    func limits() throws {
        var plain = try Self.dialogue(mayType: false)
        #expect(plain.first.buttons == ["15%", "100%", "No tip", "Cancel"])
        #expect(plain.on(.init(.pressed("Other amount"))) == .ignored)
        #expect(plain.on(.init(.pressed("16%"))) == .ignored)
        #expect(plain.on(.init(.pressed("Cancel"))) == .cancelled && plain.on(.init(.cancelled)) == .cancelled)
        var huge = try Self.dialogue(base: 999_999_999_999)
        #expect(Self.shown(huge.on(.init(.pressed("15%"))))?.prompt == .tip)
        #expect(huge.on(.init(.pressed("No tip"))) == .settled(0))
    }
}

@Suite("TransactionMachine: the tip")
struct TransactionMachineTipTests {
    private static func asked(_ slot: TransactionMachine.Slot = .empty) -> TransactionMachine {
        var rules = TransactionMachine.Rules()
        rules.asksTip = true
        var machine = TransactionMachine(rules: rules)
        let actions = machine.on(.begin(slot, reversalsDue: false))
        #expect(actions.contains(.status(.tip)) && actions.contains(.askForTip) && !actions.contains(.readCard))
        return machine
    }

    @Test("A card that is in already waits for the tip; the reader that went meanwhile is a fault when the card is next")
    func cardWaits() {
        var machine = Self.asked(.freshCard)
        #expect(machine.on(.slot(.empty)).isEmpty && machine.on(.slot(.freshCard)).isEmpty)
        #expect(machine.on(.tipSettled).contains(.readCard))
        #expect(machine.on(.tipSettled).isEmpty, "once")
        var unplugged = Self.asked()
        _ = unplugged.on(.slot(.noReader))
        let decisions = unplugged.on(.tipSettled).compactMap { if case .commitDecision(let made, _) = $0 { made.result } else { nil } }
        #expect(decisions == [.deviceFault])
    }

    @Test("The 60 s for the card begin after the tip; the POS that goes meanwhile cancels: 12")
    func time() {
        var machine = Self.asked()
        #expect(machine.on(.timer(.card)).isEmpty)
        #expect(machine.on(.tipSettled).first == .startTimer(.card, .seconds(60)))
        var lost = Self.asked()
        let decisions = lost.on(.presence(.lost)).compactMap { if case .commitDecision(let made, _) = $0 { made.result } else { nil } }
        #expect(decisions == [.cancelledByPOS])
    }
}
