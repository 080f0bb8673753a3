import Keys
import SmartCard

/// The issuer behind the lab's cards: checks an ARQC out of field 55 and makes the answer that the card can check.
public struct IssuerCryptography: Sendable {
    private let masterKey: SecretBytes

    private let scriptMasterKey: SecretBytes

    /// The issuer's master keys for application cryptograms and for scripts, 16 bytes each; the lab's cards are personalised with the defaults.
    public init(masterKey: SecretBytes = Self.labMasterKey, scriptMasterKey: SecretBytes = Self.labScriptMasterKey) {
        self.masterKey = masterKey
        self.scriptMasterKey = scriptMasterKey
    }

    /// The published test key for issuer scripts of every issuer in the lab.
    public static let labScriptMasterKey = SecretBytes([
        0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
    ])

    /// The published test key of every issuer in the lab (KCV 08D7). It protects nothing.
    public static let labMasterKey = SecretBytes([
        0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
    ])

    /// What the issuer says about the cryptogram of a request.
    public enum Verdict: Sendable {
        case valid(VerifiedRequest)
        /// The cryptogram does not fit the data, or was not made by a card of this issuer. Answers to it can still be made.
        case wrong(VerifiedRequest)
        /// Data objects missing or malformed; says which, never a value.
        case unusable(String)
    }

    /// Checks 9F26 of field 55. Needed are 9F26 9F10 9F36 9F37 9F02 9F03 9F1A 95 5F2A 9A 9C 82; the card's way is told by the CVN in 9F10.
    /// `panSequenceNumber` is field 23; 5F34 in the data stands in for it.
    public func verify(iccData: [UInt8], pan: PAN, panSequenceNumber: Int?) -> Verdict {
        let objects: [BERTLV]
        do throws(SmartCardError) { objects = try BERTLV.parse(iccData) } catch { return .unusable("field 55: \(error.code.rawValue)") }
        var input: [UInt8] = []
        // Visa's order for CVN 10 and 18.
        for (tag, length) in [
            (0x9F02, 6), (0x9F03, 6), (0x9F1A, 2), (0x95, 5), (0x5F2A, 2), (0x9A, 3), (0x9C, 1), (0x9F37, 4), (0x82, 2), (0x9F36, 2),
        ]
            as [(TagNumber, Int)]
        {
            guard let object = objects.first(tag), object.content.count == length else {
                return .unusable("\(tag) is missing or has a wrong length")
            }
            input += object.content
        }
        guard let issuerData = objects.first(0x9F10)?.value, issuerData.count >= 7, let version = CryptogramVersion(rawValue: issuerData[2])
        else {
            return .unusable("9F10 is missing or of an unknown cryptogram version")
        }
        guard let cryptogram = objects.first(0x9F26)?.value, cryptogram.count == 8 else {
            return .unusable("9F26 is missing or has a wrong length")
        }
        let sequence = panSequenceNumber ?? objects.first(0x5F34)?.content.first.map { Int($0 >> 4) * 10 + Int($0 & 0x0F) }
        let counter = input.suffix(2).reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        input += version.part(of: issuerData)
        do throws(KeysError) {
            let cardKey = try CardCryptography.cardMasterKey(issuerKey: masterKey, pan: pan, panSequenceNumber: sequence)
            let key = try version.key(cardKey: cardKey, transactionCounter: counter)
            let expected = try version.cryptogram(over: input, key: key)
            let request = VerifiedRequest(
                cryptogram: cryptogram, key: key,
                scriptKey: try CardCryptography.cardMasterKey(issuerKey: scriptMasterKey, pan: pan, panSequenceNumber: sequence),
                transactionCounter: counter)
            return constantTimeEqual(expected, cryptogram) ? .valid(request) : .wrong(request)
        } catch {
            return .unusable(error.description)
        }
    }
}

/// A request whose cryptogram was looked at; makes the issuer's answer to it.
public struct VerifiedRequest: Sendable {
    /// 9F26.
    public let cryptogram: [UInt8]
    /// 9F36.
    public let transactionCounter: UInt16
    private let key: SecretBytes
    private let scriptKey: SecretBytes

    init(cryptogram: [UInt8], key: SecretBytes, scriptKey: SecretBytes, transactionCounter: UInt16) {
        self.cryptogram = cryptogram
        self.key = key
        self.scriptKey = scriptKey
        self.transactionCounter = transactionCounter
    }

    /// The value of tag 91: ARPC (8) | ARC (2), method 1 (EMV 4.4 Book 2, 8.2.1). `code` is the two ASCII bytes of 8A (`3030` for "00").
    /// `corrupted` gives an ARPC that the card must refuse.
    public func issuerAuthenticationData(responseCode code: [UInt8], corrupted: Bool = false) throws(KeysError) -> [UInt8] {
        var cryptogram = try CardCryptography.responseCryptogram(self.cryptogram, code: code, key: key)
        if corrupted { cryptogram[7] ^= 0xFF }
        return cryptogram + code
    }

    /// A script of these commands for field 55, behind 91: template 71 or 72 with an identifier and, for each, 86.
    public func script(_ orders: [IssuerOrder], beforeFinalCryptogram: Bool = false, identifier: UInt32 = 1) throws(KeysError) -> [UInt8] {
        let cryptography = ScriptCryptography(cardKey: scriptKey, requestCryptogram: cryptogram, transactionCounter: transactionCounter)
        var objects = [BERTLV(0x9F18, [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: identifier >> UInt32($0)) })]
        for order in orders { objects.append(BERTLV(0x86, try cryptography.command(order))) }
        return BERTLV(beforeFinalCryptogram ? 0x71 : 0x72, objects).encoded
    }

    /// Field 55 of the answer: 91 as TLV.
    public func responseICCData(responseCode code: [UInt8], corrupted: Bool = false) throws(KeysError) -> [UInt8] {
        BERTLV(0x91, try issuerAuthenticationData(responseCode: code, corrupted: corrupted)).encoded
    }
}
