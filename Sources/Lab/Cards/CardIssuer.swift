import Hex
import Keys
import SmartCard

/// Personalises the lab's cards: makes certificates, keys and records of a profile.
public struct CardIssuer: Sendable {
    private let masterKey: SecretBytes
    private let authorities: [TestCertificationAuthority]

    private let scriptMasterKey: SecretBytes

    /// Both keys must be those of the host's `IssuerCryptography`.
    public init(
        masterKey: SecretBytes = IssuerCryptography.labMasterKey, scriptMasterKey: SecretBytes = IssuerCryptography.labScriptMasterKey
    ) throws {
        self.masterKey = masterKey
        self.scriptMasterKey = scriptMasterKey
        authorities = try TestCertificationAuthority.load()
    }

    /// A new card: its counter starts at zero.
    public func issue(_ profile: CardProfile) throws -> EMVCard { EMVCard(try personalise(profile)) }

    func personalise(_ profile: CardProfile) throws -> PersonalisedCard {
        PersonalisedCard(
            answerToReset: Self.answerToReset, blocked: profile.blocked,
            directory: profile.paymentSystemEnvironment ? profile.applications.map { Self.directoryRecord($0, of: profile) } : nil,
            directoryInformation: BERTLV(
                0x6F,
                [
                    BERTLV(0x84, Self.directoryName),
                    BERTLV(
                        0xA5,
                        [BERTLV(0x88, [Self.directoryFile]), BERTLV(0x5F2D, Array(profile.language.utf8)), BERTLV(0x9F11, [0x01])]),
                ]
            ).encoded, pin: profile.pin, applications: try profile.applications.map { try application($0, of: profile) })
    }

    /// `1PAY.SYS.DDF01` (EMV 4.4 Book 1, 12.2.2), its records in the file with this short identifier.
    static let directoryName = Array("1PAY.SYS.DDF01".utf8)
    static let directoryFile: UInt8 = 1

    /// T=1, EMV's basic answer (EMV Level 1, 8.3): block waiting integer 4, character waiting integer 5, information fields up to 254 bytes.
    static let answerToReset: [UInt8] = {
        let interface: [UInt8] = [0xE3, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45] + Array("LAB".utf8)
        return [0x3B] + interface + [interface.reduce(0, ^)]
    }()

    /// 70 { 61 { 4F 50 9F12 87 73 } } (Book 1, 12.2.3).
    private static func directoryRecord(_ application: CardProfile.Application, of profile: CardProfile) -> [UInt8] {
        BERTLV(0x70, [BERTLV(0x61, [BERTLV(0x4F, application.aid)] + names(of: application) + issuer(of: profile, in: 0x73))]).encoded
    }

    /// 42 in a template for the issuer's discretion.
    private static func issuer(of profile: CardProfile, in template: TagNumber) -> [BERTLV] {
        profile.issuerIdentification.map { [BERTLV(template, [BERTLV(0x42, CardCryptography.packed($0))])] } ?? []
    }

    private static func names(of application: CardProfile.Application) -> [BERTLV] {
        [BERTLV(0x50, Array(application.label.utf8))]
            + (application.preferredName.map { [BERTLV(0x9F12, Array($0.utf8))] } ?? [])
            + [BERTLV(0x87, [application.priority | (application.confirmation ? 0x80 : 0)])]
    }

    private func application(_ application: CardProfile.Application, of profile: CardProfile) throws -> PersonalisedCard.Application {
        let interchangeProfile: [UInt8] = [application.supports.reduce(UInt8(0)) { $0 | $1.bit }, 0]
        let signed = signedRecord(application, of: profile)
        let keys = try certificateRecords(application, of: profile, staticData: signed.encoded + interchangeProfile)
        let files: [(file: UInt8, signedRecords: UInt8, records: [[BERTLV]])] = [
            (1, 0, [cardholderRecord(profile)]), (2, 1, [signed, riskRecord(application, of: profile)]), (3, 0, keys),
        ]
        var records: [PersonalisedCard.RecordAddress: [UInt8]] = [:]
        var locator: [UInt8] = []
        for (file, signedRecords, contents) in files where !contents.isEmpty {
            // SFI in the upper five bits, first and last record, records in offline data authentication (EMV 4.4 Book 3, 10.2).
            locator += [file << 3, 1, UInt8(clamping: contents.count), signedRecords]
            for (index, content) in contents.enumerated() {
                records[.init(file: file, record: UInt8(clamping: index + 1))] = BERTLV(0x70, content).encoded
            }
        }
        let usesKey = application.supports.contains(.dda) || application.supports.contains(.cda)
        return PersonalisedCard.Application(
            aid: application.aid, blocked: application.blocked, fileControlInformation: fileControlInformation(application, of: profile),
            pdol: application.pdol, cdol1: application.cdol1, cdol2: application.cdol2, interchangeProfile: interchangeProfile,
            fileLocator: locator, records: records,
            masterKey: try CardCryptography.cardMasterKey(
                issuerKey: masterKey, pan: profile.pan, panSequenceNumber: profile.panSequenceNumber),
            cryptogramVersion: application.cryptogramVersion, responseFormat: application.responseFormat,
            key: usesKey ? try signingKey(application) : nil, supports: application.supports, firstApproval: application.firstApproval,
            onlineRequest: application.onlineRequest, secondApproval: application.secondApproval,
            issuerAuthenticationMandatory: application.issuerAuthenticationMandatory,
            scriptKey: try CardCryptography.cardMasterKey(
                issuerKey: scriptMasterKey, pan: profile.pan, panSequenceNumber: profile.panSequenceNumber),
            acceptsScripts: application.acceptsScripts, muteAt: application.muteAt)
    }

    /// The card's key, or one of the same length that nobody certified.
    private func signingKey(_ application: CardProfile.Application) throws -> RSAPrivateKey {
        guard application.fault == .wrongDynamicSignature else { return try application.keys.card.key() }
        return try (application.keys == .remainders ? TestKeyPair.card3 : .card1).key()
    }

    /// 6F { 84, A5 { 50 87 9F38 5F2D 9F11 9F12 BF0C } } (Book 1, table 10).
    private func fileControlInformation(_ application: CardProfile.Application, of profile: CardProfile) -> [UInt8] {
        var proprietary = [
            BERTLV(0x50, Array(application.label.utf8)), BERTLV(0x87, [application.priority | (application.confirmation ? 0x80 : 0)]),
        ]
        if !application.pdol.entries.isEmpty { proprietary.append(BERTLV(0x9F38, application.pdol.encoded)) }
        proprietary += [BERTLV(0x5F2D, Array(profile.language.utf8)), BERTLV(0x9F11, [0x01])]
        if let name = application.preferredName { proprietary.append(BERTLV(0x9F12, Array(name.utf8))) }
        proprietary += Self.issuer(of: profile, in: 0xBF0C)
        return BERTLV(0x6F, [BERTLV(0x84, application.aid), BERTLV(0xA5, proprietary)]).encoded
    }

    /// File 1, record 1: 57 and 5F20.
    private func cardholderRecord(_ profile: CardProfile) -> [BERTLV] {
        let track2 = profile.pan.withDigits { $0 + "D" + profile.expiry.prefix(4) + profile.serviceCode + "0000000" }
        return [
            BERTLV(0x57, [UInt8](hex: track2.count.isMultiple(of: 2) ? track2 : track2 + "F") ?? []),
            BERTLV(0x5F20, Array(profile.cardholder.utf8)),
        ]
    }

    /// File 2, record 1: what offline data authentication covers, with 9F4A naming 82 too (Book 3, 10.3).
    private func signedRecord(_ application: CardProfile.Application, of profile: CardProfile) -> [BERTLV] {
        var objects = [
            BERTLV(0x5A, applicationPAN(profile.pan, digits: profile.pan.count)), BERTLV(0x5F24, CardCryptography.packed(profile.expiry)),
            BERTLV(0x5F25, CardCryptography.packed(profile.effective)), BERTLV(0x5F28, CardCryptography.packed("0" + profile.country)),
        ]
        if let sequence = profile.panSequenceNumber {
            objects.append(BERTLV(0x5F34, [UInt8(clamping: sequence / 10 * 16 + sequence % 10)]))
        }
        return objects + [
            BERTLV(0x5F30, CardCryptography.packed("0" + profile.serviceCode)), BERTLV(0x9F07, application.usageControl),
            BERTLV(0x9F08, application.version), BERTLV(0x9F0D, application.actionCodeDefault),
            BERTLV(0x9F0E, application.actionCodeDenial),
            BERTLV(0x9F0F, application.actionCodeOnline), BERTLV(0x8E, application.cvmList), BERTLV(0x9F4A, [0x82]),
        ]
    }

    /// File 2, record 2: the lists, and the application's currency.
    private func riskRecord(_ application: CardProfile.Application, of profile: CardProfile) -> [BERTLV] {
        var objects = [
            BERTLV(0x8C, application.cdol1.encoded), BERTLV(0x8D, application.cdol2.encoded),
            BERTLV(0x9F42, CardCryptography.packed("0" + profile.currency)), BERTLV(0x9F44, [0x02]),
        ]
        if let limits = application.offlineLimits {
            objects += [BERTLV(0x9F14, [limits.lower]), BERTLV(0x9F23, [limits.upper])]
        }
        // The unpredictable number alone (Book 2, 6.5.1 asks for it).
        if application.supports.contains(.dda) { objects.append(BERTLV(0x9F49, [0x9F, 0x37, 0x04])) }
        return objects
    }

    /// File 3: certificates, one record each, since a record holds no more than 254 bytes. Valid until the end of 2049.
    private func certificateRecords(
        _ application: CardProfile.Application, of profile: CardProfile, staticData: [UInt8]
    ) throws -> [[BERTLV]] {
        guard !application.supports.isDisjoint(with: [.sda, .dda, .cda]) else { return [] }
        guard let authority = authorities.first(where: { $0.index == application.keys.authorityIndex }) else {
            throw LabError(.badFile, "no certification authority \([application.keys.authorityIndex].hex)")
        }
        let expiry: [UInt8] = [0x12, 0x49]
        let covered = application.fault == .wrongStaticSignature ? staticData + [0x00] : staticData
        let issuer = IssuerSigner(key: try application.keys.issuer.key())
        let signer = application.fault == .forgedCertificate ? try authority.forged() : authority
        let certificate = try signer.issuerCertificate(
            for: issuer.key.publicKey, issuerIdentifier: CardCryptography.packed(profile.pan.firstSix) + [0xFF], expiry: expiry,
            serial: application.fault == .revokedCertificate ? TestCertificationAuthority.revokedSerial : [0x00, 0x00, 0x01])
        var records = [
            [BERTLV(0x8F, [authority.index]), BERTLV(0x9F32, certificate.exponent)]
                + (certificate.remainder.isEmpty ? [] : [BERTLV(0x92, certificate.remainder)]), [BERTLV(0x90, certificate.certificate)],
        ]
        if application.supports.contains(.sda) {
            records.append([BERTLV(0x93, try issuer.signedStaticData(authenticationCode: [0xDA, 0xC0], staticData: covered))])
        }
        if application.supports.contains(.dda) || application.supports.contains(.cda) {
            let card = try issuer.cardCertificate(
                for: try application.keys.card.key().publicKey, applicationPAN: applicationPAN(profile.pan, digits: 20), expiry: expiry,
                serial: [0x00, 0x00, 0x02], staticData: staticData)
            let rest = [BERTLV(0x9F47, card.exponent)] + (card.remainder.isEmpty ? [] : [BERTLV(0x9F48, card.remainder)])
            let certificate = BERTLV(0x9F46, card.certificate)
            records += certificate.encoded.count + rest.encoded.count > 250 ? [[certificate], rest] : [[certificate] + rest]
        }
        return records
    }

    /// Compressed numeric: padded on the right with F to an even number of digits, at least `digits`.
    private func applicationPAN(_ pan: PAN, digits: Int) -> [UInt8] {
        let length = max(digits, pan.count)
        let padding = String(repeating: "F", count: length - pan.count + length % 2)
        return pan.withDigits { [UInt8](hex: $0 + padding) ?? [] }
    }
}
