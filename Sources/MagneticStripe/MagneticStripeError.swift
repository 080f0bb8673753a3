/// Why a track is no payment card's track. Names the place and the rule, never the data.
public struct MagneticStripeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A sentinel is missing, or there is something behind the end.
        case framing = "stripe.framing"
        /// A character that the track cannot hold.
        case character = "stripe.character"
        /// The longitudinal redundancy check does not fit.
        case redundancy = "stripe.redundancy"
        /// Longer than the track holds.
        case tooLong = "stripe.tooLong"
        /// A format code that is not that of payment cards.
        case formatCode = "stripe.formatCode"
        case accountNumber = "stripe.accountNumber"
        case name = "stripe.name"
        case expiry = "stripe.expiry"
        case serviceCode = "stripe.serviceCode"
        /// Tracks 1 and 2 are not of one card.
        case disagreement = "stripe.disagreement"
        /// Neither track 1 nor track 2 can be used.
        case unreadable = "stripe.unreadable"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
