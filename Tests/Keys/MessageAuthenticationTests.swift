import Hex
import Testing

@testable import Keys

@Suite("MACs and digests")
struct MessageAuthenticationTests {
    @Test(
        "AES-CMAC as in RFC 4493, section 4",
        arguments: [
            (0, "BB1D6929E95937287FA37D129B756746"), (16, "070A16B46B4D4144F79BDD9DD04A287C"),
            (40, "DFA66747DE9AE63030CA32611497C827"), (64, "51F0BEBF7E3B9D92FC49741779363CFE"),
        ])
    func cmac(length: Int, expected: String) throws {
        let message = bytes(
            "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710"
        )
        let key = secret("2B7E151628AED2A6ABF7158809CF4F3C")
        #expect(try CMAC.code(for: message.prefix(length), key: key).hex == expected)
        #expect(try CMAC.code(for: message.prefix(length), key: key, length: 8).hex == expected.prefix(16))
    }

    @Test("AES-256-CMAC as in SP 800-38B, D.3")
    func cmac256() throws {
        let key = secret("603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4")
        #expect(try CMAC.code(for: [], key: key).hex == "028962F61B7BF89EFC6B551F4667D983")
        #expect(try CMAC.code(for: bytes("6BC1BEE22E409F96E93D7E117393172A"), key: key).hex == "28A7023F452E8F82BD4BF28D8C37C35C")
    }

    @Test(
        "Retail MAC with the three paddings (psec's vectors)",
        arguments: [
            (RetailMAC.Padding.zeros, "3DDE5C5511661CBF"), (.bit80, "E16941032C3BC7D4"), (.lengthBlock, "BA90F750EF43F668"),
        ])
    func retailMAC(padding: RetailMAC.Padding, expected: String) throws {
        let key = SecretBytes("AAAAAAAABBBBBBBB".utf8)
        #expect(try RetailMAC.code(for: Array("hello world".utf8), key: key, padding: padding).hex == expected)
        #expect(try RetailMAC.code(for: Array("hello world".utf8), key: key, padding: padding, length: 4).hex == expected.prefix(8))
    }

    @Test("Retail MAC under X9.24-1's first DUKPT key (annex A.4)")
    func retailMACOfDUKPT() throws {
        let key = secret("042666B49184CFA368DE9628D0397BC9").withBytes { transaction in
            SecretBytes(zip(transaction, bytes("000000000000FF00000000000000FF00")).map { $0 ^ $1 })
        }
        #expect(try RetailMAC.code(for: Array("4012345678909D987".utf8), key: key, padding: .zeros, length: 4).hex == "9CCC7817")
    }

    @Test("Retail MAC as in ICAO 9303 part 11, D.3")
    func retailMACOfPassports() throws {
        let key = secret("7962D9ECE03D1ACD4C76089DCE131543")
        let message = bytes("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
        #expect(try RetailMAC.code(for: message, key: key, padding: .bit80).hex == "5F1448EEA8AD90A7")
    }

    @Test("Paddings of ISO/IEC 9797-1")
    func paddings() {
        #expect(RetailMAC.Padding.zeros.padded(bytes("1234")).hex == "1234000000000000")
        #expect(RetailMAC.Padding.zeros.padded(bytes("1234567890123456")).hex == "1234567890123456")
        #expect(RetailMAC.Padding.zeros.padded([]).hex == "0000000000000000")
        #expect(RetailMAC.Padding.bit80.padded(bytes("1234")).hex == "1234800000000000")
        #expect(RetailMAC.Padding.bit80.padded(bytes("1234567890123456")).hex == "12345678901234568000000000000000")
        #expect(RetailMAC.Padding.lengthBlock.padded(bytes("1234")).hex == "00000000000000101234000000000000")
    }

    @Test("SHA-1 and SHA-256 as in FIPS 180")
    func digests() throws {
        #expect(try Digest.sha1(Array("abc".utf8)).hex == "A9993E364706816ABA3E25717850C26C9CD0D89D")
        #expect(try Digest.sha1([]).hex == "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709")
        #expect(try Digest.sha256(Array("abc".utf8)).hex == "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")
        #expect(try Digest.sha256([]).hex == "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")
    }

    @Test("HMAC-SHA-256 as in RFC 4231, cases 1, 2 and 6")
    func hmac() throws {
        #expect(
            try HMACSHA256.code(for: Array("Hi There".utf8), key: SecretBytes(repeatElement(0x0B, count: 20))).hex
                == "B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7")
        #expect(
            try HMACSHA256.code(for: Array("what do ya want for nothing?".utf8), key: SecretBytes("Jefe".utf8)).hex
                == "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843")
        #expect(
            try HMACSHA256.code(
                for: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8), key: SecretBytes(repeatElement(0xAA, count: 131))
            ).hex == "60E431591EE0B67F0D8A26AACBF5B77F8E0BC6213728C5140546040F0EE37F54")
    }

    @Test("HKDF as in RFC 5869, A.1 and A.3")
    func hkdf() throws {
        let secret22 = SecretBytes(repeatElement(0x0B, count: 22))
        #expect(
            try HMACSHA256.deriveKey(
                from: secret22, salt: bytes("000102030405060708090A0B0C"), info: bytes("F0F1F2F3F4F5F6F7F8F9"), count: 42)
                == secret("3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B887185865"))
        #expect(
            try HMACSHA256.deriveKey(from: secret22, salt: [], info: [], count: 42)
                == secret("8DA4E775A563C18F715F802A063C5A31B8A11F5C5EE1879EC3454E5F3C738D2D9D201395FAA4B61A96C8"))
    }

    @Test("Key check values: the first TDES block of zeros, the CMAC of zeros")
    func checkValues() throws {
        #expect(try KeyCheckValue.tripleDES(secret("0123456789ABCDEFFEDCBA9876543210"), length: 2).hex == "08D7")
        let key = secret("FEDCBA9876543210F1F1F1F1F1F1F1F1")
        #expect(try KeyCheckValue.aes(key) == CMAC.code(for: [UInt8](repeating: 0, count: 16), key: key, length: 5))
    }

    @Test("Comparison in constant time tells equal from different, at any place and length")
    func comparison() {
        let left: [UInt8] = Array(0..<32)
        #expect(constantTimeEqual(left, left))
        #expect(constantTimeEqual([], []))
        #expect(!constantTimeEqual(left, Array(left.dropLast())))
        for index in left.indices {
            var other = left
            other[index] ^= 1
            #expect(!constantTimeEqual(left, other))
        }
    }

    @Test("Random bytes have the length asked for and differ")
    func random() throws {
        #expect(try RandomBytes.generate(0).isEmpty)
        #expect(try RandomBytes.generate(32) != RandomBytes.generate(32))
        #expect(try RandomBytes.secret(24).count == 24)
        #expect(throws: KeysError.self) { try RandomBytes.generate(-1) }
    }
}
