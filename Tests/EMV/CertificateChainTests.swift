import Seeds
import Hex
import Keys
import SmartCard
import Testing

@testable import EMV

@Suite("Certificates and signatures (EMV Book 2, 5 and 6)")
struct CertificateChainTests {
    private let date = KernelDate(year: 2022, month: 12, day: 31)

    /// The published chain's data as a card would give it, changed for one rule.
    private func chain(
        authorities: CertificationAuthorityKeys? = nil, pan: String = VisaTestChain.pan, date: KernelDate? = nil,
        change: (inout DataStore) -> Void = { _ in }
    ) throws -> CertificateChain {
        var data = DataStore()
        data.set(0x8F, [0x94])
        data.set(0x90, VisaTestChain.issuerCertificate)
        data.set(0x9F32, [0x03])
        data.set(0x93, VisaTestChain.signedStaticData)
        data.set(0x9F46, VisaTestChain.cardCertificate)
        data.set(0x9F47, [0x03])
        data.set(0x9F48, VisaTestChain.cardRemainder)
        change(&data)
        return CertificateChain(
            authorities: try authorities ?? CertificationAuthorityKeys([VisaTestChain.authority()]), rid: VisaTestChain.rid,
            date: date ?? self.date, pan: try #require(PAN(pan)), data: data, signedRecords: [])
    }

    private func issuerFailure(_ chain: CertificateChain) -> AuthenticationFailure? {
        do throws(AuthenticationFailure) {
            _ = try chain.issuerKey()
            return nil
        } catch { return error }
    }

    @Test("the published issuer certificate opens under Visa's test key 94")
    func issuer() throws {
        let key = try chain().issuerKey()
        #expect(key.modulus.count == 176 && key.modulus.prefix(4).hex == "DDD9039A")
        #expect(key.exponent == [3])
    }

    @Test("the published card certificate, static data and dynamic signature open one under the other")
    func card() throws {
        let issuer = try chain().issuerKey()
        let statics = try #require(RecoveredSignature(VisaTestChain.signedStaticData, key: issuer, format: 0x03))
        #expect(statics.body.prefix(4).hex == "0301DAC0")
        let certificate = try #require(RecoveredSignature(VisaTestChain.cardCertificate, key: issuer, format: 0x04))
        #expect(certificate.body.prefix(20).hex == "04" + VisaTestChain.pan + "FFFF" + "1222" + "000001" + "0101B001")
        let modulus = Array(certificate.body.dropFirst(20)) + VisaTestChain.cardRemainder
        #expect(modulus.count == 176)
        let key = try RSAPublicKey(modulus: modulus, exponent: [3])
        let signed = try SignedDynamicData(VisaTestChain.signedDynamicData, key: key, terminalData: VisaTestChain.challenge)
        #expect(signed.dynamicNumber.count == 2)
        #expect(throws: AuthenticationFailure.failed) {
            try SignedDynamicData(VisaTestChain.signedDynamicData, key: key, terminalData: [0x7F, 0xBC, 0x40, 0x48])
        }
    }

    @Test("a hash over other static data fails the card's certificate and the signed static data")
    func otherStaticData() throws {
        #expect(throws: AuthenticationFailure.failed) { try chain().cardKey() }
        #expect(throws: AuthenticationFailure.failed) { try chain().dataAuthenticationCode() }
    }

    @Test("one changed byte anywhere in certificate, remainder or exponent fails it")
    func changedByte() throws {
        for position in stride(from: 0, to: 248, by: 31) {
            let changed = try chain { data in
                var certificate = VisaTestChain.issuerCertificate
                certificate[position] ^= 0x01
                data.set(0x90, certificate)
            }
            #expect(issuerFailure(changed) == .failed, "byte \(position)")
        }
        #expect(issuerFailure(try chain { $0.set(0x9F32, [0x01, 0x00, 0x01]) }) == .failed)
        #expect(issuerFailure(try chain { $0.set(0x92, [0x00]) }) == .failed)
        #expect(issuerFailure(try chain { $0.set(0x90, VisaTestChain.issuerCertificate.dropLast()) }) == .failed)
    }

    @Test("data that is not there is missing, not failed", arguments: [0x8F, 0x90, 0x9F32] as [TagNumber])
    func missing(tag: TagNumber) throws {
        #expect(issuerFailure(try chain { $0.remove(tag) }) == .missingData)
    }

    @Test("the issuer identifier is the beginning of the account number")
    func issuerIdentifier() throws {
        #expect(issuerFailure(try chain(pan: "4761749001010119")) == .failed)
        #expect(issuerFailure(try chain(pan: "4761739001010127")) == nil)
    }

    @Test("an issuer certificate is valid until the last day of its month")
    func expiry() throws {
        #expect(issuerFailure(try chain(date: KernelDate(year: 2031, month: 12, day: 31))) == nil)
        #expect(issuerFailure(try chain(date: KernelDate(year: 2032, month: 1, day: 1))) == .failed)
    }

    @Test("a revoked serial number fails, under its own key only")
    func revoked() throws {
        let key = try VisaTestChain.authority()
        let serial: [UInt8] = [0x03, 0xDA, 0x0A]
        for (index, expected) in [(0x94, AuthenticationFailure.failed), (0x95, nil)] as [(UInt8, AuthenticationFailure?)] {
            let list = try CertificationAuthorityKeys(
                [key], revoked: [RevokedCertificate(rid: VisaTestChain.rid, index: index, serial: serial)])
            #expect(issuerFailure(try chain(authorities: list)) == expected)
        }
    }

    @Test("no key, another index and an expired key fail")
    func authority() throws {
        #expect(issuerFailure(try chain(authorities: CertificationAuthorityKeys.none)) == .failed)
        #expect(issuerFailure(try chain { $0.set(0x8F, [0x95]) }) == .failed)
        for (day, expected) in [(30, AuthenticationFailure.failed), (31, nil)] as [(Int, AuthenticationFailure?)] {
            let key = try VisaTestChain.authority(expiry: KernelDate(year: 2022, month: 12, day: day))
            #expect(issuerFailure(try chain(authorities: CertificationAuthorityKeys([key]))) == expected)
        }
    }

    @Test("random bytes as keys, certificates and signatures fail and never trap")
    func randomBytes() throws {
        var random = SeededRandom(seed: 5)
        let issuer = try chain().issuerKey()
        for _ in 0..<3_000 {
            let body = random.bytes(upTo: 176)
            #expect(RecoveredSignature(body, key: issuer, format: 0x03) == nil)
            #expect(throws: AuthenticationFailure.self) {
                try PublicKeyCertificate(
                    .card, certificate: body, remainder: random.bytes(upTo: 50), exponent: random.bytes(upTo: 3), signedBy: issuer)
            }
            #expect(throws: AuthenticationFailure.self) { try SignedDynamicData(body, key: issuer, terminalData: []) }
            let changed = try chain { data in
                for tag in [0x8F, 0x90, 0x92, 0x9F32, 0x9F46, 0x9F47, 0x9F48, 0x9F4A, 0x93] as [TagNumber]
                where Bool.random(using: &random) { data.set(tag, random.bytes(upTo: 248)) }
            }
            #expect(throws: AuthenticationFailure.self) { try changed.cardKey() }
            #expect(throws: AuthenticationFailure.self) { try changed.dataAuthenticationCode() }
        }
    }
}
