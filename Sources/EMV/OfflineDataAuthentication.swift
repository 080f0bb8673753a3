import Keys
import SmartCard

/// What the kernel keeps for offline data authentication (EMV 4.4 Book 3, 10.3; Book 2, 5 and 6).
struct OfflineDataAuthentication: Sendable {
    enum Method: Sendable, Hashable {
        case combined, dynamic, `static`

        /// 10.3: the strongest that card and terminal both have.
        init?(profile: ApplicationInterchangeProfile, capabilities: TerminalCapabilities) {
            if profile.contains(.cdaSupported), capabilities.contains(.cda) {
                self = .combined
            } else if profile.contains(.ddaSupported), capabilities.contains(.dda) {
                self = .dynamic
            } else if profile.contains(.sdaSupported), capabilities.contains(.sda) {
                self = .static
            } else {
                return nil
            }
        }

        var failed: TerminalVerificationResults {
            switch self {
            case .combined: .cdaFailed
            case .dynamic: .ddaFailed
            case .static: .sdaFailed
            }
        }
    }

    var method: Method?
    /// The card's key once its certificates are checked.
    var cardKey: RSAPublicKey?
    /// What INTERNAL AUTHENTICATE was sent.
    var challenge: [UInt8] = []
    /// What the card was sent in GET PROCESSING OPTIONS and GENERATE AC, for the transaction data hash code.
    var transactionData: [UInt8] = []
    /// An answer to GENERATE AC had no right signature.
    var signatureFailed = false

    /// Records that the AFL has authenticated; `nil` once one of them was not coded as 10.3 demands.
    private(set) var signedRecords: [UInt8]? = []

    /// 10.3: of files 1 to 10 what is in the template 70, of files 11 to 30 the whole record.
    mutating func addRecord(_ record: [UInt8], file: UInt8) {
        guard let objects = try? BERTLV.parse(record), objects.count == 1, let template = objects.first, template.tag == 0x70 else {
            signedRecords = nil
            return
        }
        signedRecords?.append(contentsOf: file <= 10 ? template.content : record[...])
    }
}

/// The certificates of one card, opened from the certification authority's key down.
struct CertificateChain {
    let authorities: CertificationAuthorityKeys
    /// Of the selected application.
    let rid: [UInt8]
    let date: KernelDate
    let pan: PAN
    let data: DataStore
    /// Records that the AFL has authenticated.
    let signedRecords: [UInt8]?

    private func mandatory(_ tag: TagNumber) throws(AuthenticationFailure) -> [UInt8] {
        guard let value = data.bytes(tag) else { throw .missingData }
        return value
    }

    /// Book 3, 10.3: the records, then what 9F4A names, which may be the AIP only.
    private func staticData() throws(AuthenticationFailure) -> [UInt8] {
        guard let signedRecords else { throw .failed }
        guard let tags = data.bytes(0x9F4A) else { return signedRecords }
        guard tags == [0x82] else { throw .failed }
        return signedRecords + (data.bytes(0x82) ?? [])
    }

    /// The issuer's key (Book 2, 5.2 and 5.3, or 6.2 and 6.3).
    func issuerKey() throws(AuthenticationFailure) -> RSAPublicKey {
        let index = try mandatory(0x8F)
        let certificate = try mandatory(0x90)
        let exponent = try mandatory(0x9F32)
        guard index.count == 1, let first = index.first, let authority = authorities.key(rid: rid, index: first, on: date) else {
            throw .failed
        }
        let issuer = try PublicKeyCertificate(
            .issuer, certificate: certificate, remainder: data.bytes(0x92) ?? [], exponent: exponent, signedBy: authority.publicKey)
        // 5.3, step 8: the leftmost 3 to 8 digits of the account number.
        guard (3...8).contains(issuer.identifier.utf8.count), pan.withDigits({ $0.hasPrefix(issuer.identifier) }) else { throw .failed }
        // Steps 9 and 10.
        guard issuer.isValid(on: date), !authorities.isRevoked(serial: issuer.serial, under: authority) else { throw .failed }
        return issuer.key
    }

    /// The card's key (Book 2, 6.4).
    func cardKey() throws(AuthenticationFailure) -> RSAPublicKey {
        let certificate = try mandatory(0x9F46)
        let exponent = try mandatory(0x9F47)
        let card = try PublicKeyCertificate(
            .card, certificate: certificate, remainder: data.bytes(0x9F48) ?? [], exponent: exponent, staticData: try staticData(),
            signedBy: try issuerKey())
        // 6.4, steps 8 and 9.
        guard pan.withDigits({ $0 == card.identifier }), card.isValid(on: date) else { throw .failed }
        return card.key
    }

    /// The key that enciphers a PIN (Book 2, 7.1): that of 9F2D if the card has one, else the card's key.
    func pinKey() throws(AuthenticationFailure) -> RSAPublicKey {
        guard let certificate = data.bytes(0x9F2D) else { return try cardKey() }
        let exponent = try mandatory(0x9F2E)
        let pin = try PublicKeyCertificate(
            .card, certificate: certificate, remainder: data.bytes(0x9F2F) ?? [], exponent: exponent, signedBy: try issuerKey())
        guard pan.withDigits({ $0 == pin.identifier }), pin.isValid(on: date) else { throw .failed }
        return pin.key
    }

    /// SDA (Book 2, 5.4): the data authentication code, 9F45.
    func dataAuthenticationCode() throws(AuthenticationFailure) -> [UInt8] {
        let signed = try mandatory(0x93)
        guard let recovered = RecoveredSignature(signed, key: try issuerKey(), format: 0x03), recovered.body[1] == 0x01,
            recovered.covers(try staticData())
        else { throw .failed }
        return Array(recovered.body[2..<4])
    }
}
