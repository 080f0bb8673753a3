import Devices
import Lab
import Testing

@Suite struct LabMessageTests {
    @Test("What terminal and lab tell each other arrives as it was said")
    func roundTrip() throws {
        let signature = try #require(Signature(width: 300, height: 100, strokes: [[.init(x: 0, y: 99), .init(x: 299, y: 0)]]))
        let messages: [LabMessage] = [
            .ready(port: 8442, tlsPort: 8443),
            .display(DisplayMessage(.insertCard, text: "Insert \"card\"\n", buttons: ["18%", "No tip"])), .armed(nil),
            .armed("afterSend"), .arm("afterSend"), .arm(nil),
            .answer(CardholderAnswer(.pressed("18%"), screen: 7)), .answer(CardholderAnswer(.entered("5"))),
            .answer(CardholderAnswer(.cancelled)),
            .answer(CardholderAnswer(.signed(signature))),
            .display(
                DisplayMessage(
                    .lineItems, text: "",
                    content: .items(DisplayedItems(lines: [.init(description: "Milk", amount: "1.20")], total: "1.20")))),
            .display(
                DisplayMessage(
                    .entry, text: "?", content: .entry(EntryForm(keyboard: .email, minimumLength: 1, maximumLength: 9)), language: "fr",
                    screen: 3)),
            .display(DisplayMessage(.signature, text: "", content: .signature)),
        ]
        for message in messages { #expect(LabMessage(message.bytes) == message) }
    }

    @Test(
        "Anything else is no such message",
        arguments: [
            "", "{}", "[]", "{\"kind\":\"ready\"}", "{\"kind\":\"ready\",\"port\":\"1\",\"tlsPort\":2}",
            "{\"kind\":\"display\",\"prompt\":\"no\",\"text\":\"\"}",
            "{\"kind\":\"answer\"}", "{\"kind\":\"answer\",\"answer\":{}}", "{\"kind\":\"other\"}",
            "{\"kind\":\"answer\",\"answer\":{\"signed\":{\"width\":9,\"height\":9,\"strokes\":[[9,0]]}}}",
        ])
    func malformed(text: String) { #expect(LabMessage(Array(text.utf8)) == nil) }
}
