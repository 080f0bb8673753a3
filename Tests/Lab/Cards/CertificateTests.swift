import Hex
import Keys
import SmartCard
import Testing

@testable import Lab

@Suite("Certificates of the lab's authority")
struct CertificateTests {
    /// The recovered bytes between 6A and BC, after the hash over them and `hashedToo` was compared.
    private func open(_ certificate: [UInt8], with key: RSAPublicKey, hashedToo: [UInt8], _ what: String) throws -> [UInt8] {
        let opened = try key.apply(certificate)
        #expect(opened.first == 0x6A, "\(what)")
        #expect(opened.last == 0xBC, "\(what)")
        let body = Array(opened.dropFirst().dropLast(21))
        #expect(try Digest.sha1(body + hashedToo) == Array(opened.dropLast().suffix(20)), "\(what)")
        return body
    }

    /// The modulus that a certificate and its remainder give.
    private func modulus(_ body: [UInt8], header: Int, remainder: [UInt8]) -> [UInt8] {
        let length = Int(body[header - 2])
        return body.dropFirst(header).prefix(length - remainder.count) + remainder
    }

    @Test(
        "The chain of every card opens from the authority's key down to the card's, and its hashes fit (EMV 4.4 Book 2, 5 and 6)",
        arguments: try CardProfiles.serving().filter { $0.applications.allSatisfy { $0.fault == nil } }.map(\.name))
    func chain(name: String) throws {
        let dialogue = try CardDialogue(name)
        for (index, application) in dialogue.profile.applications.enumerated() {
            let (interchangeProfile, locator) = try dialogue.begin(index)
            let (objects, signed) = try dialogue.readRecords(locator)
            #expect(objects.first(0x9F4A)?.value == [0x82])
            let staticData = signed + interchangeProfile
            let authorityIndex = try #require(objects.first(0x8F)?.value)
            let authority = try #require(try TestCertificationAuthority.load().first { [$0.index] == authorityIndex })

            let issuerRemainder = objects.first(0x92)?.value ?? []
            let issuerExponent = try #require(objects.first(0x9F32)).value
            let issuerBody = try open(
                try #require(objects.first(0x90)).value, with: authority.publicKey, hashedToo: issuerRemainder + issuerExponent, "issuer")
            #expect(issuerBody.prefix(5).hex == "02" + dialogue.profile.pan.firstSix + "FF")
            #expect(issuerBody[5..<7].hex == "1249")
            #expect(issuerBody[10..<12].hex == "0101")
            #expect(Int(issuerBody[13]) == issuerExponent.count)
            let issuer = try RSAPublicKey(
                modulus: modulus(issuerBody, header: 14, remainder: issuerRemainder), exponent: issuerExponent)
            #expect(issuer == (try application.keys.issuer.key().publicKey))

            if application.supports.contains(.sda) {
                let body = try open(try #require(objects.first(0x93)).value, with: issuer, hashedToo: staticData, "static data")
                #expect(body.prefix(4).hex == "0301DAC0")
                #expect(body.dropFirst(4).allSatisfy { $0 == 0xBB })
            }
            guard application.supports.contains(.dda) else { continue }
            let cardRemainder = objects.first(0x9F48)?.value ?? []
            let cardExponent = try #require(objects.first(0x9F47)).value
            let cardBody = try open(
                try #require(objects.first(0x9F46)).value, with: issuer, hashedToo: cardRemainder + cardExponent + staticData, "card")
            dialogue.profile.pan.withDigits { #expect(cardBody.prefix(11).hex == "04" + $0 + String(repeating: "F", count: 20 - $0.count)) }
            let card = try RSAPublicKey(modulus: modulus(cardBody, header: 20, remainder: cardRemainder), exponent: cardExponent)
            #expect(card == (try application.keys.card.key().publicKey))

            let answer = try BERTLV.parse(try dialogue.send("008800000452BF458500"))
            let signature = try #require(answer.first(0x80)?.value ?? answer.first(0x77)?.first(0x9F4B)?.value)
            let dynamic = try open(signature, with: card, hashedToo: bytes("52BF4585"), "dynamic data")
            #expect(dynamic.prefix(4).hex == "05010908")
            #expect(dynamic.dropFirst(12).allSatisfy { $0 == 0xBB })
        }
    }

    /// CDA is limited to shorter keys: its signature shares the answer with the cryptogram's data.
    @Test("The longest chain, 1984 and 1976 bits, fits into records and authenticates by DDA")
    func longest() throws {
        var profile = try CardProfiles.named("visa-credit")
        profile.applications[0].keys = .longest
        let card = try CardIssuer().personalise(profile)
        #expect(card.applications[0].records.values.allSatisfy { $0.count <= 254 })
        let sale = try sell(
            EMVCard(card), capabilities: [.sda, .dda, .cda], authorities: try TestCertificationAuthority.terminalKeys())
        #expect(sale.outcome.verdict == .approved && sale.outcome.receipt.tvr[0] == 0)
    }

    @Test("Both kinds of certificate occur: with a remainder and padded")
    func remainders() throws {
        let visa = try CardDialogue("visa-credit")
        let visaObjects = try visa.readRecords(try visa.begin().locator).objects
        #expect(visaObjects.first(0x92)?.content.count == 36)
        #expect(visaObjects.first(0x9F48)?.content.count == 10)
        let mastercard = try CardDialogue("mc-credit")
        let objects = try mastercard.readRecords(try mastercard.begin().locator).objects
        #expect(objects.first(0x92) == nil)
        #expect(objects.first(0x9F48) == nil)
        #expect(objects.first(0x90)?.content.count == 248)
    }

    @Test("Two signatures differ, and another challenge does not fit")
    func dynamicSignature() throws {
        let dialogue = try CardDialogue("visa-credit")
        _ = try dialogue.begin()
        let first = try dialogue.send("008800000452BF458500")
        #expect(try dialogue.send("008800000452BF458500") != first)
        try dialogue.send("008800000352BF4500", "6700")
        let none = try CardDialogue("visa-credit") { $0.applications[0].supports.remove(.dda) }
        _ = try none.begin()
        try none.send("008800000452BF458500", "6D00")
    }

    @Test("The key check is SHA-1 over RID, index, modulus and exponent: Visa's test key 99 as published")
    func checksum() throws {
        let modulus =
            "AB79FCC9520896967E776E64444E5DCDD6E13611874F3985722520425295EEA4BD0C2781DE7F31CD3D041F565F747306EED62954B17EDABA3A6C5B85A1DE1BEB"
            + "9A34141AF38FCF8279C9DEA0D5A6710D08DB4124F041945587E20359BAB47B7575AD94262D4B25F264AF33DEDCF28E09615E937DE32EDC03C54445FE7E382777"
        #expect(
            try Digest.sha1(bytes("A00000000399") + bytes(modulus) + [0x03]).hex == "4ABFFD6B1C51212D05552E431C5B17007D2F5E6D")
        let authority = try #require(try TestCertificationAuthority.load().first)
        #expect(
            try authority.checksum(rid: bytes("A000000003"))
                == Digest.sha1(bytes("A000000003C1") + authority.publicKey.modulus + [0x03]))
        #expect(try authority.checksum(rid: bytes("A000000003")) != authority.checksum(rid: bytes("A000000004")))
    }

    @Test("The lab's key pairs are pairs of the stated sizes")
    func pairs() throws {
        for (pair, size) in [
            (TestKeyPair.authorityC1, 176), (.authorityC2, 248), (.issuer1, 176), (.issuer2, 176), (.card1, 144), (.card2, 128),
            (.card3, 144),
        ] {
            let key = try pair.key()
            let message = [0x6A] + [UInt8](repeating: 0x42, count: size - 1)
            #expect(key.publicKey.modulus.count == size)
            #expect(try key.publicKey.apply(key.apply(message)) == message)
        }
    }
}
