import Keys

/// Track 2 of a payment card (ISO/IEC 7813, 7): `;` PAN `=` expiry, service code, discretionary data `?`, at most 40 characters with sentinels
/// and check.
public struct Track2: Sendable {
    public let accountNumber: PAN
    /// `nil` where the card leaves it out.
    public let expiry: ExpiryDate?
    public let serviceCode: ServiceCode?
    public let discretionaryData: SecretBytes
    /// Everything between the sentinels: field 35.
    public let body: SecretBytes

    private static let framing = TrackFraming(characters: .numeric, capacity: 40)

    /// A track with its sentinels.
    public init(_ track: SecretBytes) throws(MagneticStripeError) {
        self = try track.withBytes { bytes throws(MagneticStripeError) in try Self(body: Self.framing.body(of: bytes)) }
    }

    /// Track 2 equivalent data of a chip or a contactless card (EMV tag 57): binary coded decimal, `D` as separator, one `F` as filling.
    public init(equivalentData: SecretBytes) throws(MagneticStripeError) {
        var characters = equivalentData.withBytes { bytes in
            bytes.flatMap { [$0 >> 4, $0 & 0x0F] }.map { $0 == 0x0D ? TrackCharacters.numeric.separator : 0x30 + $0 }
        }
        // A filling of F became 3F, the end sentinel.
        if characters.last == TrackCharacters.endSentinel { characters.removeLast() }
        guard characters.count <= 37 else { throw MagneticStripeError(.tooLong, "the track 2 equivalent data is too long") }
        self = try SecretBytes(characters).withBytes { bytes throws(MagneticStripeError) in try Self(body: bytes[...]) }
    }

    private init(body: UnsafeRawBufferPointer.SubSequence) throws(MagneticStripeError) {
        let separator = TrackCharacters.numeric.separator
        for character in body where !(0x30...0x39).contains(character) && character != separator {
            throw MagneticStripeError(.character, "track 2 holds digits only")
        }
        var fields = TrackFields(body)
        guard let number = fields.take(upTo: separator), let pan = PAN(String(decoding: number, as: UTF8.self)) else {
            throw MagneticStripeError(.accountNumber, "track 2 has no account number of 8 to 19 digits")
        }
        accountNumber = pan
        (expiry, serviceCode) = try fields.takeExpiryAndServiceCode(separator)
        discretionaryData = SecretBytes(fields.remainder)
        self.body = SecretBytes(body)
    }

    /// Field 35 of ISO 8583: the track without sentinels and check, at most 37 characters.
    public var field35: SecretBytes { body }
}
