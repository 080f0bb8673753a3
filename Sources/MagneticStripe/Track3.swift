import Keys

/// Track 3 (ISO/IEC 4909): read, checked and passed on; nothing in it is needed for a payment. At most 107 characters with sentinels and check.
public struct Track3: Sendable {
    /// Two digits in front of the account number.
    public let formatCode: String
    public let accountNumber: PAN
    /// Everything behind the account number.
    public let useAndSecurityData: SecretBytes
    public let body: SecretBytes

    private static let framing = TrackFraming(characters: .numeric, capacity: 107, alternativeStarts: [0x2B, 0x23])

    public init(_ track: SecretBytes) throws(MagneticStripeError) {
        self = try track.withBytes { bytes throws(MagneticStripeError) in try Self(bytes) }
    }

    private init(_ track: UnsafeRawBufferPointer) throws(MagneticStripeError) {
        let body = try Self.framing.body(of: track)
        var fields = TrackFields(body)
        guard let code = fields.take(2), isDecimal(code) else { throw MagneticStripeError(.formatCode, "track 3 has no format code") }
        guard let number = fields.take(upTo: TrackCharacters.numeric.separator), let pan = PAN(String(decoding: number, as: UTF8.self))
        else {
            throw MagneticStripeError(.accountNumber, "track 3 has no account number of 8 to 19 digits")
        }
        formatCode = String(decoding: code, as: UTF8.self)
        accountNumber = pan
        useAndSecurityData = SecretBytes(fields.remainder)
        self.body = SecretBytes(body)
    }
}
