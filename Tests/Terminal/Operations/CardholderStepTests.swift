import Devices
import Money
import Testing

@testable import Terminal

@Suite("Questions to the cardholder outside a transaction")
struct CardholderStepTests {
    private func step(_ request: OperationRequest, _ language: Language = .english) throws -> CardholderStep {
        try #require(CardholderStep(request, texts: CardholderText(language), screen: 7))
    }

    private func answer(_ kind: CardholderAnswer.Kind, screen: Int? = 7) -> CardholderAnswer { CardholderAnswer(kind, screen: screen) }

    @Test("Display with buttons answers the button pressed; another text, another screen are no answer")
    func buttons() throws {
        let step = try step(.display(.init(lines: ["a", "b"], seconds: 9, buttons: ["Yes", "No"])))
        #expect(step.message.text == "a\nb" && step.message.buttons == ["Yes", "No"] && step.seconds == 9 && step.needs == .buttons)
        #expect(step.judge(answer(.pressed("No"))) == .finished(OperationAnswer(.button("No"))))
        #expect(step.judge(answer(.pressed("No"), screen: nil)) == .finished(OperationAnswer(.button("No"))))
        #expect(step.judge(answer(.pressed("No"), screen: 6)) == .ignored)
        #expect(step.judge(answer(.pressed("Maybe"))) == .ignored)
        #expect(step.judge(answer(.entered("No"))) == .ignored)
        #expect(step.judge(answer(.cancelled)) == .finished(CardholderStep.cancelled))
    }

    @Test("confirm answers 1 or 0 in every language", arguments: Language.allCases)
    func confirm(_ language: Language) throws {
        let step = try step(.input(.init(.confirm(text: "?"), seconds: 9)), language)
        #expect(step.message.buttons.count == 2)
        for (button, value) in zip(step.message.buttons, ["1", "0"]) {
            #expect(step.judge(answer(.pressed(button))) == .finished(OperationAnswer(.answer(value))))
        }
    }

    @Test("what is typed must be of the prompt's kind and length, and never a card number")
    func entry() throws {
        let loyalty = try #require(InputPrompt.named("loyaltyNumber"))
        let step = try step(.input(.init(.prompt(loyalty), seconds: 9)))
        #expect(step.judge(answer(.entered("1234"))) == .finished(OperationAnswer(.answer("1234"))))
        for text in ["", "12a", "123456789012345678901", "4761739001010119", "2223000048400011", "1204761739001010119"] {
            #expect(step.judge(answer(.entered(text))) == .ignored, "\(text)")
        }
        let name = try #require(InputPrompt.named("name"))
        let named = try self.step(.input(.init(.prompt(name), seconds: 9)))
        #expect(named.judge(answer(.entered("Zoë O'Neil"))) == .finished(OperationAnswer(.answer("Zoë O'Neil"))))
        #expect(named.judge(answer(.entered("it is 4761 7390 0101 0119"))) == .ignored)
        #expect(named.judge(answer(.entered("a\u{0}"))) == .ignored)
    }

    @Test("every prompt has its text in every language, and a form that something can be typed into")
    func prompts() {
        #expect(InputPrompt.all.count >= 10)
        for prompt in InputPrompt.all {
            for language in Language.allCases {
                #expect(CardholderText.table.text("input.\(prompt.id)", language) != nil, "\(prompt.id) \(language)")
            }
            #expect((1...prompt.form.maximumLength).contains(prompt.form.minimumLength))
        }
    }

    @Test(
        "ranges of payment cards: 3 to 6, and 2221 to 2720",
        arguments: [
            ("3", true), ("6", true), ("4761", true), ("2220", false), ("2221", true), ("2720", true), ("2721", false), ("2", true),
            ("22", true), ("27", true), ("28", false), ("21", false), ("1", false), ("7", false), ("9", false), ("0", false), ("", true),
        ])
    func paymentRanges(_ prefix: String, _ isPayment: Bool) { #expect(PaymentCardRanges.contains(prefix: prefix) == isPayment) }

    @Test("a signature becomes a PNG whose parts check, as wide as it may be")
    func signature() throws {
        let signature = try #require(
            Signature(width: 800, height: 200, strokes: [[.init(x: 0, y: 0), .init(x: 799, y: 199)], [.init(x: 10, y: 10)]]))
        let step = try step(.getSignature(prompt: nil, seconds: 9))
        guard case .finished(let finished) = step.judge(answer(.signed(signature))), case .signature(let png) = finished.content else {
            Issue.record("no signature")
            return
        }
        #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        // IHDR: 400 x 100, one bit, greyscale.
        let header: [UInt8] = [0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 1, 0x90, 0, 0, 0, 100, 1, 0, 0, 0, 0]
        #expect(Array(png[8..<29]) == header)
        #expect(png.suffix(12) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
        // Rows of 50 bytes and a filter byte, in one stored block.
        #expect(png.count == 8 + 25 + 12 + 2 + 5 + 100 * 51 + 4 + 12)
        #expect(png[52...].contains(where: { $0 != 0xFF && $0 != 0 }))
    }

    @Test("signatures out of bounds are none")
    func badSignatures() {
        #expect(Signature(width: 10, height: 10, strokes: []) == nil)
        #expect(Signature(width: 10, height: 10, strokes: [[.init(x: 10, y: 0)]]) == nil)
        #expect(Signature(width: 0, height: 10, strokes: [[.init(x: 0, y: 0)]]) == nil)
        #expect(Signature(width: 5000, height: 10, strokes: [[.init(x: 0, y: 0)]]) == nil)
        #expect(
            Signature(width: 9, height: 9, strokes: Array(repeating: Array(repeating: .init(x: 0, y: 0), count: 201), count: 100)) == nil)
    }

    @Test("the list of what is bought: set, add, remove, clear")
    func lineItems() throws {
        var list = LineItemList()
        let (milk, bread) = (LineItem(description: "Milk", amount: 120), LineItem(description: "Bread", quantity: "2", amount: 500))
        #expect(list.apply(.init(.set, items: [milk], total: 120)) == nil)
        #expect(list.apply(.init(.add, items: [bread, milk], subtotal: 740)) == nil)
        #expect(list.items == [milk, bread, milk] && list.total == 120 && list.subtotal == 740)
        #expect(list.apply(.init(.remove, items: [LineItem(description: "Milk")])) == nil)
        #expect(list.items == [milk, bread])
        #expect(list.apply(.init(.remove, items: [milk, milk])) == "items: no such line")
        #expect(list.items == [milk, bread])
        #expect(list.apply(.init(.add, items: Array(repeating: milk, count: 199))) != nil)
        #expect(list.apply(.init(.set, items: [bread])) == nil)
        #expect(list.total == nil && list.subtotal == nil)
        let currency = try #require(Currency("USD"))
        #expect(list.displayed(currency).lines == [.init(description: "Bread", quantity: "2", amount: "5.00")])
        #expect(list.apply(.init(.clear)) == nil)
        #expect(list.isEmpty)
    }

    @Test("LineItems: subtotal, tax and total stand below the lines as they were given, each until it is given again")
    func sums() throws {
        let currency = try #require(Currency("USD"))
        var list = LineItemList()
        let tea = LineItem(description: "Tea", quantity: "2", unitPrice: 150, amount: 300)
        #expect(list.apply(.init(.set, items: [tea], subtotal: 300, tax: 24, total: 324)) == nil)
        var shown = list.displayed(currency)
        #expect(shown.lines == [.init(description: "Tea", quantity: "2", unitPrice: "1.50", amount: "3.00")])
        #expect([shown.subtotal, shown.tax, shown.total] == ["3.00", "0.24", "3.24"])
        #expect(list.apply(.init(.add, items: [tea], tax: 48, total: 648)) == nil)
        shown = list.displayed(currency)
        #expect([shown.subtotal, shown.tax, shown.total] == ["3.00", "0.48", "6.48"])
    }

    @Test("the POS's text, options and prompt are what the cardholder reads, for as long as the POS says")
    func shown() throws {
        let confirm = try step(.input(.init(.confirm(text: "Delivery?"), seconds: 20)))
        #expect(confirm.message.text == "Delivery?" && confirm.seconds == 20)
        let menu = try step(.input(.init(.menu(text: "Which?", options: ["A", "B"]), seconds: 21)))
        #expect(menu.message.text == "Which?" && menu.message.buttons == ["A", "B"] && menu.seconds == 21)
        #expect(menu.judge(answer(.pressed("B"))) == .finished(OperationAnswer(.answer("B"))))
        let signature = try step(.getSignature(prompt: "Sign for your parcel", seconds: 22))
        #expect(signature.message.text == "Sign for your parcel" && signature.seconds == 22)
        let own = try step(.getSignature(prompt: nil, seconds: 9), .french)
        #expect(own.message.text == CardholderText(.french).text("signature"))
    }
}
