import Hex
import JSON

extension CardProfile {
    /// What `countertop-lab cards` says of a card. Its number and PIN are test data that no issuer has, and those who rehearse must know them.
    public var listing: JSONValue {
        [
            "name": .string(name), "summary": .string(summary), "pan": .string(pan.withDigits { $0 }),
            "expiry": .string("20" + expiry.prefix(2) + "-" + expiry.dropFirst(2).prefix(2)),
            "pin": pin.map { .string($0.withBytes { String(decoding: $0, as: UTF8.self) }) } ?? .null,
            "aids": .array(applications.map { .string($0.aid.hex) }),
        ]
    }
}
