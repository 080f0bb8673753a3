import Hex
import Testing

@testable import Keys

func secret(_ hex: String) -> SecretBytes { SecretBytes([UInt8](hex: hex)!) }
func bytes(_ hex: String) -> [UInt8] { [UInt8](hex: hex)! }

@Suite("Ciphers")
struct CipherTests {
    @Test(
        "AES blocks as in FIPS 197, appendix C",
        arguments: [
            ("000102030405060708090A0B0C0D0E0F", "69C4E0D86A7B0430D8CDB78070B4C55A"),
            ("000102030405060708090A0B0C0D0E0F1011121314151617", "DDA97CA4864CDFE06EAF70A0EC0D7191"),
            ("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "8EA2B7CA516745BFEAFC49904B496089"),
        ])
    func aesBlock(key: String, ciphertext: String) throws {
        let plaintext = bytes("00112233445566778899AABBCCDDEEFF")
        #expect(try AES.encryptECB(plaintext, key: secret(key)).hex == ciphertext)
        #expect(try AES.decryptECB(bytes(ciphertext), key: secret(key)) == plaintext)
    }

    @Test("AES CBC as in SP 800-38A, F.2.1")
    func aesCBC() throws {
        let key = secret("2B7E151628AED2A6ABF7158809CF4F3C")
        let iv = bytes("000102030405060708090A0B0C0D0E0F")
        let plaintext = bytes("6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51")
        let ciphertext = try AES.encryptCBC(plaintext, key: key, iv: iv)
        #expect(ciphertext.hex == "7649ABAC8119B246CEE98E9B12E9197D5086CB9B507219EE95DB113A917678B2")
        #expect(try AES.decryptCBC(ciphertext, key: key, iv: iv) == plaintext)
    }

    @Test("GCM as in the GCM specification, test cases 1, 2, 14 and 4 (with a header)")
    func gcm() throws {
        let zero = [UInt8](repeating: 0, count: 16)
        let nonce = [UInt8](repeating: 0, count: 12)
        #expect(try AES.sealGCM(SecretBytes([]), key: SecretBytes(zero), nonce: nonce).hex == "58E2FCCEFA7E3061367F1D57A4E7455A")
        #expect(
            try AES.sealGCM(SecretBytes(zero), key: SecretBytes(zero), nonce: nonce).hex
                == "0388DACE60B6A392F328C2B971B2FE78AB6E47D42CEC13BDF53A67B21257BDDF")
        #expect(
            try AES.sealGCM(SecretBytes(zero), key: SecretBytes(zero + zero), nonce: nonce).hex
                == "CEA7403D4D606B6E074EC5D3BAF39D18D0D1C8A799996BF0265B98B5D48AB919")
        let sealed = try AES.sealGCM(
            secret(
                "D9313225F88406E5A55909C5AFF5269A86A7A9531534F7DA2E4C303D8A318A721C3C0C95956809532FCF0E2449A6B525B16AEDF5AA0DE657BA637B39"),
            key: secret("FEFFE9928665731C6D6A8F9467308308"), nonce: bytes("CAFEBABEFACEDBADDECAF888"),
            authenticating: bytes("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"))
        #expect(sealed.suffix(16).hex == "5BC94FBC3221A5DB94FAE95AE7121A47")
    }

    @Test("What GCM sealed opens with the same key, nonce and header, and with nothing else")
    func gcmOpens() throws {
        let key = secret("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
        let nonce = bytes("000000000000000000000001")
        let sealed = try AES.sealGCM(secret("0102030405"), key: key, nonce: nonce, authenticating: [7])
        #expect(try AES.openGCM(sealed, key: key, nonce: nonce, authenticating: [7]) == secret("0102030405"))
        for index in sealed.indices {
            var broken = sealed
            broken[index] ^= 0x10
            #expect { try AES.openGCM(broken, key: key, nonce: nonce, authenticating: [7]) } throws: {
                ($0 as? KeysError)?.code == .authentication
            }
        }
        #expect(throws: KeysError.self) { try AES.openGCM(sealed, key: key, nonce: nonce, authenticating: [8]) }
        for count in 0..<16 {
            #expect { try AES.openGCM(Array(sealed.prefix(count)), key: key, nonce: nonce) } throws: {
                ($0 as? KeysError)?.code == .dataLength
            }
        }
    }

    @Test("TDES with three keys as in SP 800-67, B.1")
    func tripleDES() throws {
        let key = secret("0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123")
        let plaintext = bytes("54686520717566636B2062726F776E20666F78206A756D70")
        let ciphertext = try TripleDES.encryptECB(plaintext, key: key)
        #expect(ciphertext.hex == "A826FD8CE53B855FCCE21C8112256FE668D5C05DD9B6B900")
        #expect(try TripleDES.decryptECB(ciphertext, key: key) == plaintext)
    }

    @Test("An 8-byte key is single DES (FIPS 81, appendix B), a 16-byte key K1 K2 K1")
    func shortKeys() throws {
        let now = Array("Now is the time for all ".utf8)
        #expect(try TripleDES.encryptECB(now, key: secret("0123456789ABCDEF")).hex == "3FA40E8A984D48156A271787AB8883F9893D51EC4B563B53")
        #expect(
            try TripleDES.encryptCBC(now, key: secret("0123456789ABCDEF"), iv: bytes("1234567890ABCDEF")).hex
                == "E5C7CDDE872BF27C43E934008C389C0F683788499A7C05F6")
        #expect(
            try TripleDES.encryptECB(now, key: secret("0123456789ABCDEFFEDCBA9876543210"))
                == TripleDES.encryptECB(now, key: secret("0123456789ABCDEFFEDCBA98765432100123456789ABCDEF")))
        #expect(
            try TripleDES.decryptCBC(
                bytes("E5C7CDDE872BF27C43E934008C389C0F683788499A7C05F6"), key: secret("0123456789ABCDEF"), iv: bytes("1234567890ABCDEF"))
                == now)
    }

    @Test("Odd parity changes only the lowest bit, and makes every byte's ones odd")
    func parity() {
        let adjusted = TripleDES.withOddParity(SecretBytes(0...255))
        adjusted.withBytes { all in
            for (index, byte) in all.enumerated() {
                #expect(byte >> 1 == UInt8(index) >> 1)
                #expect(!byte.nonzeroBitCount.isMultiple(of: 2))
            }
        }
    }

    @Test("Wrong lengths of keys, data and vectors are errors with their code")
    func lengths() {
        for count in 0...40 where ![16, 24, 32].contains(count) {
            #expect { try AES.encryptECB([], key: SecretBytes(repeatElement(1, count: count))) } throws: {
                ($0 as? KeysError)?.code == .keyLength
            }
        }
        for count in 0...40 where ![8, 16, 24].contains(count) {
            #expect { try TripleDES.encryptECB([], key: SecretBytes(repeatElement(1, count: count))) } throws: {
                ($0 as? KeysError)?.code == .keyLength
            }
        }
        #expect { try AES.encryptECB([1, 2], key: SecretBytes(0..<16)) } throws: { ($0 as? KeysError)?.code == .dataLength }
        #expect { try AES.encryptCBC([], key: SecretBytes(0..<16), iv: [0]) } throws: { ($0 as? KeysError)?.code == .dataLength }
        #expect { try TripleDES.encryptECB([1], key: SecretBytes(0..<16)) } throws: { ($0 as? KeysError)?.code == .dataLength }
        #expect { try AES.sealGCM(SecretBytes([]), key: SecretBytes(0..<16), nonce: [0]) } throws: {
            ($0 as? KeysError)?.code == .dataLength
        }
        #expect { try CMAC.code(for: [], key: SecretBytes(0..<8)) } throws: { ($0 as? KeysError)?.code == .keyLength }
        #expect { try RetailMAC.code(for: [], key: SecretBytes(0..<8), padding: .zeros) } throws: { ($0 as? KeysError)?.code == .keyLength }
    }
}
