import Keys

extension CardProfile {
    /// What is on the outside of the card for a reader to find.
    public enum Chip: String, Sendable, CaseIterable {
        case works
        /// Contacts without life: no answer to reset.
        case dead
        /// Stripe only.
        case none
    }

    /// Tracks 1 and 2 as the issuer encodes them (ISO/IEC 7813), with made-up discretionary data.
    public var stripe: StripeReaderModel.Stripe {
        pan.withDigits { number in
            let dates = expiry.prefix(4) + serviceCode
            return StripeReaderModel.Stripe(
                track1: SecretBytes("%B\(number)^\(cardholder)^\(dates)0000000001230000?".utf8),
                track2: SecretBytes(";\(number)=\(dates)00000123?".utf8))
        }
    }
}

/// A card with a chip that is broken.
final class DeadCard: VirtualCard {
    func reset() -> [UInt8]? { nil }
    func process(_ command: [UInt8]) -> [UInt8]? { nil }
    func powerOff() {}
}
