import Keys

/// Track 1 of a payment card, format B (ISO/IEC 7813, 6): `%B` PAN `^` name `^` expiry, service code, discretionary data `?`, at most 79
/// characters with sentinels and check.
public struct Track1: Sendable {
    public let accountNumber: PAN
    /// As on the card, SURNAME/GIVEN NAME, 2 to 26 characters; secret because it is cardholder data.
    public let name: SecretBytes
    /// `nil` where the card leaves it out.
    public let expiry: ExpiryDate?
    public let serviceCode: ServiceCode?
    public let discretionaryData: SecretBytes
    /// Everything between the sentinels: field 45.
    public let body: SecretBytes

    private static let framing = TrackFraming(characters: .alphanumeric, capacity: 79)

    public init(_ track: SecretBytes) throws(MagneticStripeError) {
        self = try track.withBytes { bytes throws(MagneticStripeError) in try Self(bytes) }
    }

    private init(_ track: UnsafeRawBufferPointer) throws(MagneticStripeError) {
        let body = try Self.framing.body(of: track)
        let separator = TrackCharacters.alphanumeric.separator
        var fields = TrackFields(body)
        guard fields.take(1)?.first == 0x42 else { throw MagneticStripeError(.formatCode, "track 1 is not in format B") }
        guard let number = fields.take(upTo: separator), let pan = PAN(String(decoding: number, as: UTF8.self)) else {
            throw MagneticStripeError(.accountNumber, "track 1 has no account number of 8 to 19 digits")
        }
        guard let name = fields.take(upTo: separator), (2...26).contains(name.count) else {
            throw MagneticStripeError(.name, "track 1 has no name of 2 to 26 characters")
        }
        accountNumber = pan
        self.name = SecretBytes(name)
        (expiry, serviceCode) = try fields.takeExpiryAndServiceCode(separator)
        discretionaryData = SecretBytes(fields.remainder)
        self.body = SecretBytes(body)
    }

    /// Field 45 of ISO 8583: the track without sentinels and check, at most 76 characters.
    public var field45: SecretBytes { body }
}

extension TrackFields {
    /// Both are of fixed length, or left out with a separator in their place.
    mutating func takeExpiryAndServiceCode(_ separator: UInt8) throws(MagneticStripeError) -> (ExpiryDate?, ServiceCode?) {
        guard let (hasExpiry, date) = takeOptional(4, separator: separator) else {
            throw MagneticStripeError(.expiry, "the track ends before the expiry")
        }
        let expiry = ExpiryDate(yymm: String(decoding: date, as: UTF8.self))
        guard expiry != nil || !hasExpiry else { throw MagneticStripeError(.expiry, "the expiry is no year and month") }
        guard let (hasCode, digits) = takeOptional(3, separator: separator) else {
            throw MagneticStripeError(.serviceCode, "the track ends before the service code")
        }
        let code = ServiceCode(String(decoding: digits, as: UTF8.self))
        guard code != nil || !hasCode else { throw MagneticStripeError(.serviceCode, "the service code is not three digits") }
        return (expiry, code)
    }
}
