import Hex
import Testing

@testable import Keys

@Suite("Secret types")
struct SecretTypesTests {
    /// Everything a program can write of a value.
    private func everyPrint(of value: some Any) -> String {
        var dumped = ""
        dump(value, to: &dumped)
        let children = Mirror(reflecting: value).children.map { "\($0)" }
        var streamed = ""
        print(value, to: &streamed)
        return [
            String(describing: value), String(reflecting: value), "\(value)", dumped, streamed, "\(children)", "\([value])",
            "\(Optional(value) as Any)",
        ].joined(separator: "\n")
    }

    @Test("No way of printing shows a key")
    func secretBytes() {
        let shown = everyPrint(of: SecretBytes("SECRETS!".utf8))
        for form in ["SECRET", "534543", "83, 69", "[83"] { #expect(!shown.contains(form)) }
        #expect(shown.contains("****"))
    }

    @Test("No way of printing shows a card number")
    func pan() throws {
        let shown = everyPrint(of: try #require(PAN("4761739001010119")))
        for form in ["4761", "0119", "52, 55", "3437"] { #expect(!shown.contains(form)) }
    }

    @Test("No way of printing shows a site's keys, a private key or a server's key")
    func keys() throws {
        let root = SecretBytes(0..<32)
        let keys = try SiteKeys(root: root)
        let journal = keys.journalKey.withBytes { $0.hex }
        let authority = try SiteCertificateAuthority.temporary(now: 1_700_000_000)
        let server = try authority.issue(names: CertificateNames(hosts: ["localhost"], addresses: []), now: 1_700_000_000)
        let rsa = try RSAPrivateKey.generate(bits: 512)
        let exponent = rsa.withPrivateExponent { $0.hex }
        for shown in [
            everyPrint(of: keys), everyPrint(of: keys.accountMask), everyPrint(of: authority), everyPrint(of: server), everyPrint(of: rsa),
        ] {
            for form in [journal, exponent, root.withBytes { $0.hex }, "PRIVATE KEY", "0, 1, 2, 3"] { #expect(!shown.contains(form)) }
        }
    }

    @Test("Secrets compare by content")
    func equality() {
        #expect(SecretBytes([1, 2, 3]) == SecretBytes([1, 2, 3]))
        #expect(SecretBytes([1, 2, 3]) != SecretBytes([1, 2, 4]))
        #expect(SecretBytes([1, 2, 3]) != SecretBytes([1, 2]))
        #expect(SecretBytes([]) == SecretBytes([]))
    }

    @Test("Wiping overwrites")
    func wiping() {
        var memory: [UInt8] = [1, 2, 3]
        memory.withUnsafeMutableBytes { wipe($0) }
        #expect(memory == [0, 0, 0])
    }

    @Test("A PAN is 8 to 19 digits and nothing else")
    func panFormat() {
        #expect(PAN("4761739001010119")?.count == 16)
        #expect(PAN("4761739001010119")?.firstSix == "476173")
        #expect(PAN("4761739001010119")?.lastFour == "0119")
        for text in ["", "1234567", "12345678901234567890", "4761 7390 0101 0119", "476173900101011٣", "47617390-0101"] {
            #expect(PAN(text) == nil)
        }
    }

    @Test("The Luhn check finds every single wrong digit")
    func luhn() {
        #expect(passesLuhn("4761739001010119"))
        #expect(PAN("5413330089020011")?.passesLuhnCheck == true)
        #expect(!passesLuhn(""))
        #expect(!passesLuhn("47617390010101a9"))
        let digits = Array("4761739001010119")
        for index in digits.indices {
            for digit in "0123456789" where digit != digits[index] {
                var other = digits
                other[index] = digit
                #expect(!passesLuhn(String(other)))
            }
        }
    }

    @Test("Error codes are stable")
    func codes() {
        #expect(
            KeysError.Code.allCases.map(\.rawValue) == [
                "keys.keyLength", "keys.dataLength", "keys.authentication", "keys.rsa", "keys.fileAccess", "keys.fileMode",
                "keys.fileContent",
                "keys.certificate", "keys.keySerialNumber", "keys.exhausted", "keys.pinBlock", "keys.libcrypto",
            ])
    }
}
