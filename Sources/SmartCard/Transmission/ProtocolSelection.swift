/// Protocol and parameters selection, PPS (ISO/IEC 7816-3, 9): `FF | PPS0 | [PPS1] | PCK`. An EMV terminal sends none (Level 1, 8.3.3.1:
/// default rates until the card insists on others); a proprietary agreement on faster rates is made with it.
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

    /// What a card's answer agrees to (9.3): the request itself, or without PPS1, which leaves the default rates. `nil` for anything else,
    /// after which the card is reset or rejected.
    public func agreed(_ response: [UInt8]) -> ProtocolSelection? {
        if response == request { return self }
        let withoutRates = ProtocolSelection(transmissionProtocol: transmissionProtocol)
        return response == withoutRates.request ? withoutRates : nil
    }
}
