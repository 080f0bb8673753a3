import Hex
import Testing

@testable import Keys

@Suite("Raw RSA")
struct RSATests {
    /// Visa's test key 94 and the chain of openemv/emv-utils, tests/emv_rsa_test.c.
    static let authorityModulus =
        "ACD2B12302EE644F3F835ABD1FC7A6F62CCE48FFEC622AA8EF062BEF6FB8BA8BC68BBF6AB5870EED579BC3973E121303D34841A796D6DCBC41DBF9E52C460979"
        + "5C0CCF7EE86FA1D5CB041071ED2C51D2202F63F1156C58A92D38BC60BDF424E1776E2BC9648078A03B36FB554375FC53D57C73F5160EA59F3AFC5398EC7B6775"
        + "8D65C9BFF7828B6B82D4BE124A416AB7301914311EA462C19F771F31B3B57336000DFF732D3B83DE07052D730354D297BEC72871DCCF0E193F171ABA27EE464C"
        + "6A97690943D59BDABB2A27EB71CEEBDAFA1176046478FD62FEC452D5CA393296530AA3F41927ADFE434A2DF2AE3054F8840657A26E0FC617"
    static let issuerCertificate =
        "665CD65C20DEAE638C7320EA011E5E2B33FC5070FF7D153D74FE9A01ABFF0B9587B3779C524577F8A57C19923B39CD3F5CCDD457D360DC2619CDBB9432877"
        + "7BB905E1CB79E280458F60C8C5593EFD22D6385512B11B7F2EAFE1184CF9066B9B47A0BF832045066359AE465473D31B9F830A6DE7D88E969CB456033F8073BE"
        + "C512205920E3DEA773D3E36E1F46C2E8BDDC423FB675CA1710A3D0A06E9C7570919735190BD6ED65BD5EF92C0416BFE4094EA96A218013838EF337151A8BE722"
        + "2DCF0717399553C4DDA16EBABB2DD386A07BDF313D970C1324CAAB885067691E3EE5E5D8B912799BD53C8E1830237E9EC0A9254D80B2BD3622C"

    @Test("The test CA's key opens an issuer certificate to its layout (EMV 4.4 Book 2, table 6)")
    func opensCertificate() throws {
        let key = try RSAPublicKey(modulus: bytes(Self.authorityModulus), exponent: [3])
        let opened = try key.apply(bytes(Self.issuerCertificate))
        #expect(opened.prefix(16).hex == "6A02476173FF123103DA0A0101B001DD")
        #expect(opened.last == 0xBC)
        #expect(opened.count == 248)
    }

    @Test("A key of 1408 bits with exponent 65537 opens what its private half signed (made with Python's pow)")
    func exponent65537() throws {
        let modulus =
            "CC6EECAD26E3D404EF637797FDC67FEB12C8196BC379A9B53E1560CAE8416EB18C40E8A85A8B9F81FE304A9BE1ED94441D37EE731A8BF4067A6FC2D8E4EB86CC"
            + "1A1FB96055E3AF5B31BEA7C2B143A7470B4C54D73383381344F9A92EBD912C147365EB0AE78B3F5EAFA58CAE67772C2F0CAE7101FEC9A949B688B39531A0EC18"
            + "F4DD02AD131F4756D527030145CB96571D09F163027C8E8AFA28CF95F303B2C903D981B0E12E4F4A9595BDA7542A2459"
        let signature =
            "0EBE0D80D12197DCEF161070A6D800704D766B1CB4D56F44CCF2E512E4E98B486B982A4CFBABBC84A2826F09DA014EB1467633F1FA55DB5618C7FC8C7154F27F"
            + "3BCCE863879586F5CB4FC49E75FD0217939E5F7E89418D3A3C33EC2AA5B1B561A4C6BED9911D8A73F6CA0695B151A08A7CC15D7C142C13AD22FB1280C3DAC8DA"
            + "A13CECB16BACEC28BAEC317A1E832EB59DB5B9BCE6EA11BF4944B8F6A12759AEC72C7750C59CFAC7D9D3A6B1937FA951"
        let opened = try RSAPublicKey(modulus: bytes(modulus), exponent: [1, 0, 1]).apply(bytes(signature))
        #expect(opened.prefix(8).hex == "6A0218581B4AFA06")
        #expect(opened.suffix(8).hex == "649FCBFBC696B5BC")
    }

    @Test("A generated key's halves undo each other, for both exponents", arguments: [UInt(3), 65537])
    func generated(exponent: UInt) throws {
        let key = try RSAPrivateKey.generate(bits: 1024, exponent: exponent)
        #expect(key.publicKey.modulus.count == 128)
        let message = [0x6A] + (0..<126).map { UInt8($0) } + [0xBC]
        #expect(try key.publicKey.apply(key.apply(message)) == message)
        #expect(try key.apply(message) != message)
        #expect("\(key) \(String(reflecting: key.publicKey.exponent))".contains("****"))
    }

    @Test("Numbers and keys that RSA does not take are errors")
    func refused() throws {
        let key = try RSAPublicKey(modulus: bytes(Self.authorityModulus), exponent: [3])
        for input in [[], [1], key.modulus, [UInt8](repeating: 0xFF, count: 248), [UInt8](repeating: 0, count: 249)] {
            #expect { try key.apply(input) } throws: { ($0 as? KeysError)?.code == .rsa }
        }
        #expect(throws: KeysError.self) { try RSAPublicKey(modulus: [], exponent: [3]) }
        #expect(throws: KeysError.self) { try RSAPublicKey(modulus: [UInt8](repeating: 2, count: 128), exponent: [3]) }
        #expect(throws: KeysError.self) { try RSAPublicKey(modulus: bytes(Self.authorityModulus), exponent: [2]) }
        #expect(throws: KeysError.self) { try RSAPrivateKey.generate(bits: 100) }
        #expect(throws: KeysError.self) { try RSAPrivateKey.generate(bits: 1024, exponent: 4) }
    }
}
