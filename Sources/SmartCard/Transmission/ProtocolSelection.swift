/// Protocol and parameters selection, PPS (ISO/IEC 7816-3, 9): `FF | PPS0 | [PPS1] | PCK`. EMV asks for none (Level 1, 8.3.3.1: the default
/// rates stay unless terminal and card agree on others in a way of their own); such an agreement is made with it.
public struct ProtocolSelection: Sendable, Hashable {
    /// T, 0 to 14.
    public var transmissionProtocol: UInt8
    /// Fi and Di as in TA1; `nil` leaves the default 11.
    public var rates: UInt8?

    public init(transmissionProtocol: UInt8, rates: UInt8? = nil) {
        self.transmissionProtocol = transmissionProtocol
        self.rates = rates
    }

    public var request: [UInt8] {
        let body = [0xFF, transmissionProtocol & 0x0F | (rates == nil ? 0 : 0x10)] + (rates.map { [$0] } ?? [])
        return body + [body.reduce(0, ^)]
    }

    /// How many characters follow PPSS and PPS0: PPS1 to PPS3 as PPS0 announces them, and PCK. `nil` when `start` is no beginning of an answer.
    public static func rest(after start: [UInt8]) -> Int? {
        guard start.count == 2, start[0] == 0xFF else { return nil }
        return (start[1] & 0x70).nonzeroBitCount + 1
    }

    /// What a card's answer agrees to (9.3): the request itself, or without PPS1, which leaves the default rates. `nil` for anything else,
    /// after which the card is reset or rejected.
    public func agreed(_ response: [UInt8]) -> ProtocolSelection? {
        if response == request { return self }
        let withoutRates = ProtocolSelection(transmissionProtocol: transmissionProtocol)
        return response == withoutRates.request ? withoutRates : nil
    }
}
