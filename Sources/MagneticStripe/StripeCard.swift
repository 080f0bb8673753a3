import Keys

/// A payment card as its stripe tells it: track 2, completed by track 1, or track 1 alone.
public struct StripeCard: Sendable {
    public let accountNumber: PAN
    public let expiry: ExpiryDate?
    public let serviceCode: ServiceCode?
    /// Field 35, when track 2 was read.
    public let track2: SecretBytes?
    /// Field 45, when track 1 was read.
    public let track1: SecretBytes?
    /// Cardholder name of track 1.
    public let name: SecretBytes?

    /// Tracks with their sentinels. A track that is there and broken is left out when the other is whole; what they both say must agree, since a
    /// card whose tracks differ was tampered with.
    public init(track1: SecretBytes?, track2: SecretBytes?) throws(MagneticStripeError) {
        let first = track1.map { track in Result { () throws(MagneticStripeError) in try Track1(track) } }
        let second = track2.map { track in Result { () throws(MagneticStripeError) in try Track2(track) } }
        let one = try? first?.get()
        let two = try? second?.get()
        if let one, let two, one.accountNumber != two.accountNumber || one.expiry != two.expiry || one.serviceCode != two.serviceCode {
            throw MagneticStripeError(.disagreement, "tracks 1 and 2 are not of one card")
        }
        guard let number = two?.accountNumber ?? one?.accountNumber else {
            for case .failure(let error)? in [second.map { $0.map { _ in } }, first.map { $0.map { _ in } }] { throw error }
            throw MagneticStripeError(.unreadable, "neither track 1 nor track 2 was read")
        }
        accountNumber = number
        expiry = two?.expiry ?? one?.expiry
        serviceCode = two?.serviceCode ?? one?.serviceCode
        self.track2 = two?.field35
        self.track1 = one?.field45
        name = one?.name
    }

    /// Whether the issuer put a chip on the card: it is to be used first (service code 2xx and 6xx).
    public var hasChip: Bool { serviceCode?.prefersChip ?? false }
}
