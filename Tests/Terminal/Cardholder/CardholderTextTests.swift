import Devices
import Testing

@testable import Terminal

@Suite("Cardholder texts: English, French, Spanish")
struct CardholderTextTests {
    @Test("every text is there in every language")
    func complete() {
        #expect(CardholderText.table.texts.count > 40)
        for (key, texts) in CardholderText.table.texts {
            #expect(Set(texts.keys).subtracting([.britishEnglish]) == Set(Language.spoken), "\(key)")
        }
        for prompt in DisplayMessage.Prompt.allCases { #expect(CardholderText.table.texts[prompt.rawValue] != nil, "\(prompt)") }
        for context in StatusContext.allCases { #expect(CardholderText.table.texts["cashier.\(context.rawValue)"] != nil, "\(context)") }
    }

    @Test("ENGVAR: British English where Britain writes otherwise, else as in America; other languages are as they are")
    func variety() throws {
        #expect(CardholderText(.english).text("cancelled") == "Canceled")
        #expect(CardholderText(.britishEnglish).text("cancelled") == "Cancelled")
        #expect(CardholderText(.britishEnglish).welcome == CardholderText(.english).welcome)
        let parameters = try TerminalParameters(path: nil, standards: ["ENGVAR": "1"])
        #expect(Language.allCases.map(parameters.variety) == [.britishEnglish, .french, .spanish, .britishEnglish])
        #expect(try TerminalParameters(path: nil).variety(of: .english) == .english)
        #expect(Language(parameter: "3") == nil && Language.britishEnglish.parameter == "0")
    }

    @Test("the amount stands in the text, and nothing is left of its place")
    func amounts() {
        for language in Language.allCases {
            for prompt in DisplayMessage.Prompt.allCases {
                #expect(!CardholderText(language).cardholder(prompt, amount: "USD 5.00").contains("{"))
            }
            #expect(CardholderText(language).cardholder(.insertCard, amount: "USD 5.00").hasPrefix("USD 5.00\n"))
        }
    }

    @Test(
        "the card's first language that there are texts in is taken (5F2D)",
        arguments: [
            ("fr", .french), ("deesen", .spanish), ("FR", .french), ("de", nil), ("", nil), ("e", nil), ("xen", nil), ("dedededefr", nil),
        ] as [(String, Language?)])
    func preference(_ preference: String, _ language: Language?) {
        #expect(Language(cardPreference: preference.utf8) == language)
    }
}
