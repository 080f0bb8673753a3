import Seeds
import Hex
import Keys
import SmartCard
import Testing

@testable import EMV

@Suite("Offline data authentication (EMV Book 3, 10.3)")
struct OfflineDataAuthenticationTests {
    private func terminal(_ capabilities: TerminalCapabilities) -> TerminalData {
        var terminal = TestShop.terminal
        terminal.capabilities.formUnion(capabilities)
        return terminal
    }

    @Test("the strongest method that card and terminal both have")
    func choice() {
        typealias Method = OfflineDataAuthentication.Method
        let everything: ApplicationInterchangeProfile = [.sdaSupported, .ddaSupported, .cdaSupported]
        #expect(Method(profile: everything, capabilities: [.sda, .dda, .cda]) == .combined)
        #expect(Method(profile: everything, capabilities: [.sda, .dda]) == .dynamic)
        #expect(Method(profile: everything, capabilities: [.sda]) == .static)
        #expect(Method(profile: everything, capabilities: []) == nil)
        #expect(Method(profile: [.sdaSupported, .ddaSupported], capabilities: [.sda, .dda, .cda]) == .dynamic)
        #expect(Method(profile: [.sdaSupported], capabilities: [.sda, .dda, .cda]) == .static)
        #expect(Method(profile: [.ddaSupported], capabilities: [.sda, .cda]) == nil)
    }

    @Test(
        "data of the card that a method needs and that is missing fails the method and sets its own bit",
        arguments: [("4000", "6200000000"), ("2000", "2800000000"), ("0100", "2400000000")])
    func missingData(profile: String, tvr: String) throws {
        var application = TestShop.lenient
        application.online = [.sdaFailed, .ddaFailed, .cdaFailed]
        let kernel = TestShop.kernel(terminal: terminal([.sda, .dda, .cda]), applications: [application])
        _ = try TestCard.offlineCapable.with(profile: profile).expect(kernel, tvr: tvr, tsi: "8800")
    }

    @Test("a certificate under a key the terminal does not have fails the method")
    func noKey() throws {
        var card = TestCard.offlineCapable.with(profile: "4000")
        for (tag, value) in [(0x8F, "94"), (0x90, "00"), (0x9F32, "03"), (0x93, "00")] as [(TagNumber, String)] {
            card = card.with(tag, value)
        }
        var application = TestShop.lenient
        application.online = [.sdaFailed]
        let kernel = TestShop.kernel(terminal: terminal([.sda]), applications: [application])
        _ = try card.expect(kernel, tvr: "4200000000", tsi: "8800")
    }

    @Test("records of files 1 to 10 count without their template, of files 11 to 30 whole; anything else spoils all")
    func signedRecords() {
        var authentication = OfflineDataAuthentication()
        authentication.addRecord([0x70, 0x03, 0x5F, 0x34, 0x00], file: 10)
        authentication.addRecord([0x70, 0x02, 0x50, 0x00], file: 11)
        #expect(authentication.signedRecords?.hex == "5F3400" + "70025000")
        authentication.addRecord([0x50, 0x00], file: 11)
        #expect(authentication.signedRecords == nil)
        authentication.addRecord([0x70, 0x02, 0x50, 0x00], file: 11)
        #expect(authentication.signedRecords == nil)
    }

    // MARK: With keys of its own

    /// 1024 bits each, made once.
    private static let keys = Result { try (0..<3).map { _ in try RSAPrivateKey.generate(bits: 1024) } }

    private static func sign(_ body: [UInt8], _ key: RSAPrivateKey, hashedToo: [UInt8] = []) throws -> [UInt8] {
        let padded = body + [UInt8](repeating: 0xBB, count: max(0, 106 - body.count))
        return try key.apply([0x6A] + padded.prefix(106) + Digest.sha1(padded.prefix(106) + hashedToo) + [0xBC])
    }

    private static func chain(
        list: [UInt8]?, expiry: String = "1249", pan: String = VisaTestChain.pan + "FFFF", algorithms: String = "0101",
        pinCertificate: (expiry: String, pan: String, exponent: [UInt8]?)? = nil
    )
        throws -> CertificateChain
    {
        let (authority, issuer, card) = (try keys.get()[0], try keys.get()[1], try keys.get()[2])
        let records: [UInt8] = [0x50, 0x01, 0x41]
        let (issuerModulus, cardModulus) = (issuer.publicKey.modulus, card.publicKey.modulus)
        let (issuerRest, cardRest) = (Array(issuerModulus.dropFirst(92)), Array(cardModulus.dropFirst(86)))
        let named: [UInt8] = (list ?? []).flatMap { _ in [0x20, 0x00] as [UInt8] }
        var data = DataStore()
        data.set(0x82, [0x20, 0x00])
        data.set(0x8F, [0x01])
        data.set(0x9F32, [3])
        data.set(0x9F47, [3])
        data.set(0x92, issuerRest)
        data.set(0x9F48, cardRest)
        if let list { data.set(0x9F4A, list) }
        data.set(
            0x90,
            try sign(
                ([UInt8](hex: "02476173FF1249000001010180" + "01") ?? []) + issuerModulus.prefix(92), authority,
                hashedToo: issuerRest + [3]))
        data.set(
            0x9F46,
            try sign(
                ([UInt8](hex: "04" + pan + expiry + "000002" + algorithms + "8001") ?? []) + cardModulus.prefix(86), issuer,
                hashedToo: cardRest + [3] + records + named))
        if let pinCertificate {
            // Any other key of the same length.
            let modulus = authority.publicKey.modulus
            let body = "04" + pinCertificate.pan + pinCertificate.expiry + "000003" + "0101" + "8001"
            data.set(0x9F2D, try sign(([UInt8](hex: body) ?? []) + modulus.prefix(86), issuer, hashedToo: modulus.dropFirst(86) + [3]))
            data.set(0x9F2F, modulus.dropFirst(86))
            if let exponent = pinCertificate.exponent { data.set(0x9F2E, exponent) }
        }
        data.set(0x93, try sign([0x03, 0x01, 0xDA, 0xC1], issuer, hashedToo: records + (list == [0x82] ? [0x20, 0x00] : [])))
        let key = authority.publicKey
        let table = try CertificationAuthorityKeys([
            CertificationAuthorityKey(
                rid: VisaTestChain.rid, index: 1, modulus: key.modulus, exponent: key.exponent,
                checksum: Digest.sha1(VisaTestChain.rid + [1] + key.modulus + key.exponent))
        ])
        return CertificateChain(
            authorities: table, rid: VisaTestChain.rid, date: KernelDate(year: 2026, month: 1, day: 5),
            pan: try #require(PAN(VisaTestChain.pan)), data: data, signedRecords: records)
    }

    @Test("9F4A adds the AIP to the static data and may name nothing else")
    func tagList() throws {
        for list in [nil, [0x82]] as [[UInt8]?] {
            let chain = try Self.chain(list: list)
            #expect(try chain.cardKey() == Self.keys.get()[2].publicKey)
            #expect(try chain.dataAuthenticationCode() == [0xDA, 0xC1])
        }
        for list in [[0x82, 0x82], [0x5A], []] as [[UInt8]] {
            #expect(throws: AuthenticationFailure.failed) { try Self.chain(list: list).cardKey() }
            #expect(throws: AuthenticationFailure.failed) { try Self.chain(list: list).dataAuthenticationCode() }
        }
    }

    @Test("a PIN is enciphered under the card's PIN key, if it has one that is its own and valid, else under the card's key (Book 2, 7.1)")
    func pinKey() throws {
        let own = VisaTestChain.pan + "FFFF"
        #expect(try Self.chain(list: nil).pinKey() == Self.keys.get()[2].publicKey)
        #expect(try Self.chain(list: nil, pinCertificate: ("1249", own, [3])).pinKey() == Self.keys.get()[0].publicKey)
        for bad in [("1225", own, [3]), ("1249", "4761739001010127FFFF", [3]), ("1249", own, [5])] as [(String, String, [UInt8]?)] {
            #expect(throws: AuthenticationFailure.failed) { try Self.chain(list: nil, pinCertificate: bad).pinKey() }
        }
        #expect(throws: AuthenticationFailure.missingData) { try Self.chain(list: nil, pinCertificate: ("1249", own, nil)).pinKey() }
    }

    @Test("a card's certificate for another account, expired, or of another algorithm fails")
    func cardCertificate() throws {
        for (expiry, pan, algorithms) in [
            ("1225", VisaTestChain.pan + "FFFF", "0101"), ("1349", VisaTestChain.pan + "FFFF", "0101"),
            ("1249", "4761739001010127FFFF", "0101"), ("1249", VisaTestChain.pan + "1FFF", "0101"),
            ("1249", VisaTestChain.pan + "FFFF", "0201"), ("1249", VisaTestChain.pan + "FFFF", "0102"),
        ] {
            let chain = try Self.chain(list: nil, expiry: expiry, pan: pan, algorithms: algorithms)
            #expect(throws: AuthenticationFailure.failed) { try chain.cardKey() }
        }
    }

    @Test("well signed rubbish is no certificate and no signature, and never traps")
    func signedRubbish() throws {
        var random = SeededRandom(seed: 11)
        let key = try Self.keys.get()[0]
        for _ in 0..<300 {
            var body = (0..<106).map { _ in UInt8.random(in: 0...255, using: &random) }
            (body[0], body[1]) = ([0x02, 0x04, 0x05].randomElement(using: &random) ?? 0x05, 0x01)
            if Bool.random(using: &random) { body[2] = UInt8.random(in: 0...9, using: &random) }
            for offset in [10, 16] { (body[offset], body[offset + 1]) = (0x01, 0x01) }
            let signature = try Self.sign(body, key)
            for kind in [PublicKeyCertificate.Kind.issuer, .card] {
                let opened = try? PublicKeyCertificate(kind, certificate: signature, remainder: [], exponent: [], signedBy: key.publicKey)
                #expect(opened == nil)
            }
            if let signed = try? SignedDynamicData(signature, key: key.publicKey, terminalData: []) {
                #expect((2...8).contains(signed.dynamicNumber.count))
                #expect(signed.combined == nil || signed.rest.count >= 29)
            }
        }
    }

    // MARK: DDA

    private func internalAuthenticate(list: String?, _ exchanges: [ScriptedCard.Exchange], tvr: String?) throws -> KernelOutcome {
        let chain = try Self.chain(list: [0x82])
        var card = TestCard.offlineCapable.with(profile: "2000").with(0x9F49, list)
        for tag in [0x8F, 0x90, 0x92, 0x9F32, 0x9F46, 0x9F47, 0x9F48, 0x9F4A] as [TagNumber] {
            card = card.with(tag, chain.data.bytes(tag)?.hex)
        }
        // The signed record is a file of its own, after the others.
        let opening =
            card.selection + [card.processingOptions(TestCard.tlv(0x80, "2000" + "08010100" + "10010101") + "9000"), card.readRecord()]
            + [.init("READ RECORD 1 of file 2", "00B2011400", "70035001419000")]
        var application = TestShop.lenient
        application.online = [.ddaFailed]
        let kernel = ContactKernel(
            terminal: terminal([.dda]), applications: [application], transaction: TestShop.transaction(), authorities: chain.authorities)
        let last = tvr.map {
            [TestCard.firstCryptogram($0.hasPrefix("00") ? "40" : "80", $0, "8800", "3F0000", TestCard.aac)]
        }
        return try Conversation.hold(kernel, opening + exchanges + (last ?? [])).outcome
    }

    /// INTERNAL AUTHENTICATE with the unpredictable number of the test shop.
    private func exchange(_ answer: String) -> ScriptedCard.Exchange {
        .init("INTERNAL AUTHENTICATE", "0088000004" + "52BF4585" + "00", answer)
    }

    @Test("DDA with the card's list or the terminal's default one, in both formats")
    func dynamic() throws {
        let signature = try Self.sign([0x05, 0x01, 0x03, 0x02, 0xAB, 0xCD], Self.keys.get()[2], hashedToo: [0x52, 0xBF, 0x45, 0x85]).hex
        for answer in [TestCard.tlv(0x80, signature), TestCard.tlv(0x77, TestCard.tlv(0x9F4B, signature))] {
            for list in [nil, "9F3704"] as [String?] {
                _ = try internalAuthenticate(list: list, [exchange(answer + "9000")], tvr: "0000000000")
            }
        }
    }

    @Test("DDA fails without the unpredictable number in the list, without a signature, and with a wrong one")
    func dynamicFails() throws {
        _ = try internalAuthenticate(list: "9F0206", [], tvr: "0800000000")
        _ = try internalAuthenticate(list: nil, [exchange("77009000")], tvr: "2800000000")
        let other = try Self.sign([0x05, 0x01, 0x03, 0x02, 0xAB, 0xCD], Self.keys.get()[2], hashedToo: [0x52, 0xBF, 0x45, 0x86]).hex
        _ = try internalAuthenticate(list: nil, [exchange(TestCard.tlv(0x80, other) + "9000")], tvr: "0800000000")
    }

    @Test("INTERNAL AUTHENTICATE refused, or answered with no template, ends the session")
    func dynamicRefused() throws {
        for answer in ["6985", "9000", "81009000"] {
            #expect(try internalAuthenticate(list: nil, [exchange(answer)], tvr: nil).verdict == .terminated)
        }
    }
}
