/// A card in a virtual reader: the card side of ISO 7816 at APDU level.
public protocol VirtualCard: AnyObject, Sendable {
    /// Cold or warm reset. The ATR, or `nil` for a card that stays mute.
    func reset() -> [UInt8]?
    /// One command APDU, one response APDU with its status word; `nil` for a card that falls mute.
    func process(_ command: [UInt8]) -> [UInt8]?
    /// Power is gone.
    func powerOff()
    /// What it makes of a PPS request.
    var rateAgreement: RateAgreement { get }
}
