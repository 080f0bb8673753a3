import SmartCard

/// The kinds of cryptogram, as P1 of GENERATE AC asks and the two high bits of 9F27 answer (EMV 4.4 Book 3, 6.5.5).
enum CryptogramType: UInt8, Sendable, Hashable {
    /// Application authentication cryptogram: declined.
    case aac = 0x00
    /// Transaction certificate: approved.
    case tc = 0x40
    /// Authorisation request cryptogram: ask the issuer.
    case arqc = 0x80
}

/// The response to GENERATE AC (EMV 4.4 Book 3, 6.5.5.4).
struct ApplicationCryptogram: Sendable, Hashable {
    /// 9F27.
    var information: UInt8
    /// 9F36.
    var transactionCounter: [UInt8]
    /// 9F26; empty until a signature that holds it is opened.
    var cryptogram: [UInt8]
    /// 9F10.
    var issuerApplicationData: [UInt8]?
    /// 9F4B.
    var signedDynamicData: [UInt8]?

    /// `nil` for 11, which is reserved.
    var type: CryptogramType? { CryptogramType(rawValue: information & 0xC0) }

    /// Bits 3 to 1 of 9F27 (Book 3, table 15); `nil` when the card gives no reason.
    var refusal: ContactKernel.Reason? {
        switch information & 0x07 {
        case 0x01: .serviceNotAllowed
        case 0x02: .pinTryLimitExceeded
        case 0x03: .issuerAuthenticationFailed
        default: nil
        }
    }

    /// With `isSigned` a CDA signature was asked for; 9F26 is then inside 9F4B (Book 2, table 20).
    ///
    /// `nil` when it is neither format 1 (80: CID, ATC, AC, IAD) nor format 2 (77) with all that is mandatory.
    init?(responseData: [UInt8], isSigned: Bool = false) {
        guard let objects = try? BERTLV.parse(responseData), objects.count == 1, let template = objects.first else { return nil }
        switch template.tag {
        case 0x80:
            let value = template.value
            guard (11...43).contains(value.count) else { return nil }
            information = value[0]
            transactionCounter = Array(value[1..<3])
            cryptogram = Array(value[3..<11])
            issuerApplicationData = value.count > 11 ? Array(value[11...]) : nil
        case 0x77:
            guard let information = template.first(0x9F27)?.value, information.count == 1, let counter = template.first(0x9F36)?.value,
                counter.count == 2
            else { return nil }
            let signature = isSigned ? template.first(0x9F4B)?.value : nil
            let cryptogram = template.first(0x9F26)?.value ?? []
            guard cryptogram.count == 8 || (cryptogram.isEmpty && signature != nil) else { return nil }
            let data = template.first(0x9F10)?.value
            guard data?.count ?? 0 <= 32 else { return nil }
            self.information = information[0]
            signedDynamicData = signature
            transactionCounter = counter
            self.cryptogram = cryptogram
            issuerApplicationData = data
        default: return nil
        }
    }
}
