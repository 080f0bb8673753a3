import Devices
import Testing

@testable import Terminal

@Suite("Cardholder texts: English, French, Spanish")
struct CardholderTextTests {
    @Test("every text is there in every language")
    func complete() {
        #expect(CardholderText.table.texts.count > 40)
        for (key, texts) in CardholderText.table.texts { #expect(Set(texts.keys) == Set(Language.allCases), "\(key)") }
        for prompt in DisplayMessage.Prompt.allCases { #expect(CardholderText.table.texts[prompt.rawValue] != nil, "\(prompt)") }
        for context in StatusContext.allCases { #expect(CardholderText.table.texts["cashier.\(context.rawValue)"] != nil, "\(context)") }
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
