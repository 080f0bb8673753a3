import EMV
import FoundationEssentials
import Hex
import Testing

@Suite("Certification authority keys (EMV Book 2, 11.2)")
struct CertificationAuthorityKeyTests {
    private func key(
        rid: [UInt8] = VisaTestChain.rid, index: UInt8 = 0x94, modulus: [UInt8] = VisaTestChain.modulus, exponent: [UInt8] = [3]
    )
        throws -> CertificationAuthorityKey
    {
        try CertificationAuthorityKey(rid: rid, index: index, modulus: modulus, exponent: exponent, checksum: VisaTestChain.checksum)
    }

    private func code(_ body: () throws -> CertificationAuthorityKey) -> EMVError.Code? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? EMVError)?.code }
    }

    @Test("a key whose checksum does not fit does not exist")
    func checksum() {
        #expect(code { try key() } == nil)
        #expect(code { try key(rid: [0xA0, 0, 0, 0, 4]) } == .authorityKeyChecksum)
        #expect(code { try key(index: 0x95) } == .authorityKeyChecksum)
        #expect(code { try key(exponent: [1, 0, 1]) } == .authorityKeyChecksum)
        var modulus = VisaTestChain.modulus
        modulus[100] ^= 0x10
        #expect(code { try key(modulus: modulus) } == .authorityKeyChecksum)
    }

    @Test("RID, modulus and exponent have the books' lengths and values")
    func malformed() {
        #expect(code { try key(rid: [0xA0]) } == .authorityKeyMalformed)
        #expect(code { try key(exponent: [5]) } == .authorityKeyMalformed)
        #expect(code { try key(modulus: [1, 2, 3]) } == .authorityKeyMalformed)
        #expect(code { try key(modulus: VisaTestChain.modulus + [0x01]) } == .authorityKeyMalformed)
        #expect(throws: EMVError.self) { try RevokedCertificate(rid: [0xA0], index: 1, serial: [1, 2, 3]) }
        #expect(throws: EMVError.self) { try RevokedCertificate(rid: VisaTestChain.rid, index: 1, serial: [1, 2]) }
    }

    @Test("a key is found by RID and index until it expires; the same name twice is refused")
    func lookup() throws {
        let last = KernelDate(year: 2030, month: 6, day: 15)
        let table = try CertificationAuthorityKeys([VisaTestChain.authority(expiry: last)])
        #expect(table.key(rid: VisaTestChain.rid, index: 0x94, on: last)?.index == 0x94)
        #expect(table.key(rid: VisaTestChain.rid, index: 0x94, on: KernelDate(year: 2030, month: 6, day: 16)) == nil)
        #expect(table.key(rid: VisaTestChain.rid, index: 0x92, on: last) == nil)
        #expect(table.key(rid: [0xA0, 0, 0, 0, 4], index: 0x94, on: last) == nil)
        #expect(throws: EMVError.self) { try CertificationAuthorityKeys([VisaTestChain.authority(), VisaTestChain.authority()]) }
    }

    @Test("keys and revocations are written and read as hexadecimal text; a wrong checksum does not read")
    func coding() throws {
        let table = try CertificationAuthorityKeys(
            [VisaTestChain.authority(expiry: KernelDate(year: 2030, month: 6, day: 15))],
            revoked: [RevokedCertificate(rid: VisaTestChain.rid, index: 0x94, serial: [0, 0, 1])])
        let data = try JSONEncoder().encode(table)
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains("\"expiry\":\"300615\"") && text.contains("\"serial\":\"000001\""))
        #expect(try JSONDecoder().decode(CertificationAuthorityKeys.self, from: data) == table)
        for (right, wrong) in [("C4A3C43C", "C4A3C43D"), ("300615", "301315"), ("000001", "0001"), ("\"94\"", "\"9\"")] {
            let changed = Data(text.split(separator: right, omittingEmptySubsequences: false).joined(separator: wrong).utf8)
            #expect(throws: (any Error).self) { try JSONDecoder().decode(CertificationAuthorityKeys.self, from: changed) }
        }
        #expect(try JSONDecoder().decode(CertificationAuthorityKeys.self, from: Data("{}".utf8)) == .none)
    }
}
