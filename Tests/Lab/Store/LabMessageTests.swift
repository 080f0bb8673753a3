import Devices
import Lab
import Testing

@Suite struct LabMessageTests {
    @Test("What terminal and lab tell each other arrives as it was said")
    func roundTrip() {
        let messages: [LabMessage] = [
            .ready(port: 8442, tlsPort: 8443),
            .display(DisplayMessage(.insertCard, text: "Insert \"card\"\n", buttons: ["18%", "No tip"])), .armed(nil),
            .armed("afterSend"), .arm("afterSend"), .arm(nil), .press("18%"),
        ]
        for message in messages { #expect(LabMessage(message.bytes) == message) }
    }

    @Test(
        "Anything else is no such message",
        arguments: [
            "", "{}", "[]", "{\"kind\":\"ready\"}", "{\"kind\":\"ready\",\"port\":\"1\",\"tlsPort\":2}",
            "{\"kind\":\"display\",\"prompt\":\"no\",\"text\":\"\"}",
            "{\"kind\":\"press\"}", "{\"kind\":\"other\"}",
        ])
    func malformed(text: String) { #expect(LabMessage(Array(text.utf8)) == nil) }
}
