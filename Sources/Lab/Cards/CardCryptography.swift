import Keys
import SmartCard

/// What card and issuer both compute: keys by card and by transaction, application cryptograms, the issuer's answer (EMV 4.4 Book 2, 8 and A1).
enum CardCryptography {
    /// The card's master key, option A (Book 2, A1.4.1): Y = the rightmost 16 digits of PAN | sequence number (00 when there is none), zeros in
    /// front; TDES(Y) | TDES(¬Y) under the issuer's key, with odd parity.
    static func cardMasterKey(issuerKey: SecretBytes, pan: PAN, panSequenceNumber: Int?) throws(KeysError) -> SecretBytes {
        let sequence = (panSequenceNumber ?? 0) % 100
        let y = pan.withDigits { digits in
            let text = String(repeating: "0", count: 16) + digits + (sequence < 10 ? "0" : "") + String(sequence)
            return packed(text.suffix(16))
        }
        return TripleDES.withOddParity(SecretBytes(try TripleDES.encryptECB(y + y.map { ~$0 }, key: issuerKey)))
    }

    /// The common session key (Book 2, A1.3.1) for R: `ATC 00 00 00 00 00 00` for application cryptograms.
    static func sessionKey(cardKey: SecretBytes, diversifier r: [UInt8]) throws(KeysError) -> SecretBytes {
        guard r.count == 8 else { throw KeysError(.dataLength, "A session key is diversified by 8 bytes, not \(r.count).") }
        var left = r
        var right = r
        left[2] = 0xF0
        right[2] = 0x0F
        return SecretBytes(try TripleDES.encryptECB(left + right, key: cardKey))
    }

    static func sessionKey(cardKey: SecretBytes, transactionCounter: UInt16) throws(KeysError) -> SecretBytes {
        try sessionKey(cardKey: cardKey, diversifier: [UInt8(transactionCounter >> 8), UInt8(transactionCounter & 0xFF), 0, 0, 0, 0, 0, 0])
    }

    /// ARPC, method 1 (Book 2, 8.2.1): TDES of ARQC ⊕ (ARC | 00 00 00 00 00 00). `code` is the two bytes of 8A.
    static func responseCryptogram(_ request: [UInt8], code: [UInt8], key: SecretBytes) throws(KeysError) -> [UInt8] {
        guard request.count == 8, code.count == 2 else { throw KeysError(.dataLength, "An ARPC is made of 8 bytes ARQC and 2 bytes ARC.") }
        return try TripleDES.encryptECB(zip(request, code + [0, 0, 0, 0, 0, 0]).map { $0 ^ $1 }, key: key)
    }

    /// Two digits a byte; `digits` is an even number of decimal digits.
    static func packed(_ digits: some StringProtocol) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in digits.utf8 {
            let digit = character & 0x0F
            if let upper = high {
                bytes.append(upper << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }
}

/// How a card makes its application cryptograms: Visa's cryptogram version numbers.
enum CryptogramVersion: UInt8, Sendable, CaseIterable {
    /// Under the card's master key, zero padding, the card verification results alone from the issuer application data.
    case cvn10 = 0x0A
    /// Under a common session key, padding 80, with the whole issuer application data.
    case cvn18 = 0x12

    /// What the terminal gives for the cryptogram, in Visa's order, which is that of CDOL1.
    static let terminalData: [DataObjectList.Entry] = [
        .init(0x9F02, 6), .init(0x9F03, 6), .init(0x9F1A, 2), .init(0x95, 5), .init(0x5F2A, 2), .init(0x9A, 3), .init(0x9C, 1),
        .init(0x9F37, 4),
    ]
    /// What the card adds, before its part of the issuer application data.
    static let cardData: [DataObjectList.Entry] = [.init(0x82, 2), .init(0x9F36, 2)]

    /// The key that makes AC and ARPC of the transaction with this counter.
    func key(cardKey: SecretBytes, transactionCounter: UInt16) throws(KeysError) -> SecretBytes {
        switch self {
        case .cvn10: cardKey
        case .cvn18: try CardCryptography.sessionKey(cardKey: cardKey, transactionCounter: transactionCounter)
        }
    }

    /// The application cryptogram over `input`.
    func cryptogram(over input: [UInt8], key: SecretBytes) throws(KeysError) -> [UInt8] {
        try RetailMAC.code(for: input, key: key, padding: self == .cvn10 ? .zeros : .bit80)
    }

    /// Of the issuer application data (9F10: `06 DKI CVN CVR(4) …`), the part that goes into the cryptogram.
    func part(of issuerApplicationData: [UInt8]) -> [UInt8] {
        self == .cvn10 ? Array(issuerApplicationData.dropFirst(3).prefix(4)) : issuerApplicationData
    }
}
