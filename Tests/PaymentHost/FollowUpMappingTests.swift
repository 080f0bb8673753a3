import Hex
import ISO8583
import Keys
import Testing

@testable import PaymentHost

@Suite("Advices, reconciliations and cards on file as messages")
struct FollowUpMappingTests {
    static let dialects = Dialect.embeddedNames

    private func fixture(_ dialect: String = "iso8583-1993", macKey: SecretBytes? = HostFixture.macKey) throws -> HostFixture {
        try HostFixture(Dialect.named(dialect), macKey: macKey)
    }

    private func completion(_ stan: Int, isRepeat: Bool = false) -> AdviceRequest {
        var request = AdviceRequest(
            exchange: HostFixture.exchange("1220", stan), functionCode: FunctionCode.completionOfOtherAmount,
            original: HostFixture.exchange("1100", stan - 1), processingCode: ProcessingCode.goods.text(), amount: HostFixture.amount(700),
            originalAmount: HostFixture.amount(500), entryMode: .chip, approvalCode: "A00001", batchNumber: 7, isRepeat: isRepeat)
        request.tip = HostFixture.amount(200)
        return request
    }

    private func reconciliation(_ stan: Int, isRepeat: Bool = false) -> ReconciliationRequest {
        var totals = ReconciliationRequest.Totals()
        totals.creditsCount = 1
        totals.creditsAmount = 300
        totals.creditsReversedCount = 2
        totals.creditsReversedAmount = 50
        totals.debitsCount = 3
        totals.debitsAmount = 1500
        totals.debitsReversedCount = 1
        totals.debitsReversedAmount = 500
        return ReconciliationRequest(
            exchange: HostFixture.exchange("1520", stan), batchNumber: 7, reconciliationDate: "261122", currency: HostFixture.usd,
            totals: totals, isRepeat: isRepeat)
    }

    @Test("a completion names its hold, its amount and the hold's, and no card")
    func completion() throws {
        let message = try fixture().mapping.message(for: .advice(completion(44)))
        #expect(message.mti == "1220")
        #expect(message.numbers == [3, 4, 7, 11, 12, 22, 24, 26, 30, 32, 37, 38, 41, 42, 43, 48, 49, 54, 56])
        #expect(message.text(24) == "202")
        #expect(message.text(30) == "000000000500000000000000")
        #expect(message.text(38) == "A00001")
        #expect(message.text(54) == "0044840D000000000200")
        #expect(message.text(56) == "11000000432611222148091112345678901")
    }

    @Test("30 is there only where the amount differs")
    func sameAmount() throws {
        var request = completion(44)
        request.functionCode = FunctionCode.completion
        request.amount = HostFixture.amount(500)
        #expect(try !fixture().mapping.message(for: .advice(request)).contains(30))
        var reversal = HostFixture.reversal(43)
        reversal.originalAmount = HostFixture.amount(900)
        #expect(try fixture().mapping.message(for: .reversal(reversal)).text(30) == "000000000900000000000000")
    }

    @Test("store and forward and FORCE carry the card, the chip's data and why", arguments: AdviceRequest.Reason.allCases)
    func storeAndForward(_ reason: AdviceRequest.Reason) throws {
        let card = try #require(HostFixture.sale(42).card)
        let request = AdviceRequest(
            exchange: HostFixture.exchange("1220", 44), functionCode: FunctionCode.financial, reason: reason,
            processingCode: ProcessingCode.goods.text(), amount: HostFixture.amount(500), card: card, entryMode: .chip,
            approvalCode: "T00001", batchNumber: 7)
        let message = try fixture().mapping.message(for: .advice(request))
        #expect(message.numbers == [3, 4, 7, 11, 12, 22, 23, 24, 25, 26, 32, 35, 37, 38, 41, 42, 43, 48, 49, 55])
        #expect(message.text(25) == reason.rawValue)
        #expect(message.secret(35) == SecretBytes(HostFixture.track2.utf8))
        #expect(try fixture("iso8583-1987").mapping.message(for: .advice(request)).text(39) == "00")
    }

    @Test("tip adjust and batch upload are marked in 48.11")
    func marker() throws {
        var request = completion(44)
        request.functionCode = FunctionCode.tipAdjust
        request.marker = AdviceMarker.tipAdjust
        let message = try fixture().mapping.message(for: .advice(request))
        #expect(message.text(24) == "690")
        #expect(try PrivateElements(#require(message.text(48)))["11"] == "TIP")
    }

    @Test("a reconciliation says the frozen totals, byte by byte")
    func reconciliationBytes() throws {
        // Bits 1 7 | 11 12 | 24 28 32 | 37 | 41 42 48 | 50, then 74 75 76 77 | 86 87 88 | 89 | 97.
        let bytes =
            Array("1520".utf8) + [0x82, 0x30, 0x01, 0x11, 0x08, 0xC1, 0x40, 0x00, 0x00, 0x78, 0x07, 0x80, 0x80, 0x00, 0x00, 0x00]
            + Array(
                ("1122204809" + "000050" + "261122214809" + "500" + "261122" + "1112345678901" + "632620000001" + "TERM0001"
                    + "MERCHANT1      " + "01101006000007" + "840" + "0000000001" + "0000000002" + "0000000003" + "0000000001"
                    + "0000000000000300" + "0000000000000050" + "0000000000001500" + "0000000000000500" + "D0000000000000750").utf8)
        let mapping = try fixture(macKey: nil).mapping
        let frame = try mapping.frame(mapping.message(for: .reconciliation(reconciliation(50))))
        #expect(Array(frame.dropFirst(2)) == bytes)
    }

    @Test("in the 1987 edition the day goes into 15 and there is no function code")
    func reconciliation1987() throws {
        let message = try fixture("iso8583-1987").mapping.message(for: .reconciliation(reconciliation(50)))
        #expect(message.mti == "0500")
        #expect(message.text(15) == "1122")
        #expect(!message.contains(24) && !message.contains(28))
        #expect(message.text(97) == "D0000000000000750")
    }

    @Test("a repeat has the repeat's type and is otherwise the same", arguments: dialects)
    func repeats(_ dialect: String) throws {
        let mapping = try fixture(dialect).mapping
        for (first, second) in [
            (HostRequest.advice(completion(44)), HostRequest.advice(completion(44, isRepeat: true))),
            (.reconciliation(reconciliation(50)), .reconciliation(reconciliation(50, isRepeat: true))),
        ] {
            var sent = try mapping.message(for: first)
            let repeated = try mapping.message(for: second)
            #expect(repeated.mti == mapping.dialect.messages[sent.mti]?.repeat)
            #expect(ExchangeKey(of: sent, mapping.dialect) == ExchangeKey(of: repeated, mapping.dialect))
            sent.mti = repeated.mti
            #expect(sent == repeated)
        }
    }

    @Test("an increment and a linked refund name their original and its approval code, without a card", arguments: dialects)
    func linked(_ dialect: String) throws {
        let mapping = try fixture(dialect).mapping
        for (mti, function, processing) in [("1100", "106", ProcessingCode.goods), ("1200", "200", .refund)] {
            var request = try HostFixture.sale(45)
            request.exchange.mti = mti
            request.functionCode = function
            request.processingCode = processing.text()
            request.card = nil
            request.original = HostFixture.exchange(mti, 44)
            request.originalAmount = HostFixture.amount(900)
            request.originalApprovalCode = "A00001"
            let message = try mapping.message(for: .financial(request))
            for secret in [2, 14, 23, 35, 45, 52, 55] { #expect(!message.contains(secret), "\(secret)") }
            let layout = mapping.dialect.placement.originalDataElements
            let original = try OriginalDataElements(#require(message.text(layout.field)), layout: layout)
            #expect(original.stan == "000044")
            #expect(original.mti == mapping.dialect.messageType(mti))
            #expect(try PrivateElements(#require(message.text(48)))["13"] == "A00001")
        }
    }

    @Test("a card on file is its token, expiry and stored credential indicator, and is not present")
    func token() throws {
        var request = try HostFixture.sale(42, entryMode: .manual)
        request.card = .token("TOK123", expiry: "2912", storedCredential: "C")
        request.vendorID = "VENDOR1"
        let message = try fixture().mapping.message(for: .financial(request))
        #expect(message.text(14) == "2912")
        #expect(!message.contains(2) && !message.contains(35))
        let elements = try PrivateElements(#require(message.text(48)))
        #expect(elements["02"] == "TOK123" && elements["04"] == "C" && elements["08"] == "VENDOR1")
        #expect(Array(message.text(22) ?? "")[4...6] == ["1", "0", "6"])
    }

    @Test("what a P2PE reader encrypted goes into 48, and nothing of the card elsewhere")
    func encrypted() throws {
        var request = try HostFixture.sale(42, entryMode: .swiped)
        request.card = .encrypted(
            EncryptedCardData(
                scheme: "MAGNESAFE-TDES", keySerialNumber: [0xFF, 0xFF, 0x98, 0x76], ciphertext: Array("any carnal pleas".utf8),
                maskedPAN: nil))
        let message = try fixture().mapping.message(for: .financial(request))
        for secret in [2, 14, 35, 45] { #expect(!message.contains(secret), "\(secret)") }
        let elements = try PrivateElements(#require(message.text(48)))
        #expect(elements["05"] == "MAGNESAFE-TDES FFFF9876")
        #expect(elements["06"] == "YW55IGNhcm5hbCBwbGVhcw==")
    }

    @Test(
        "base64 as RFC 4648, section 10 has it",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(_ clear: String, _ text: String) { #expect(Base64.text(Array(clear.utf8)) == text) }

    @Test("a PIN block of 8 bytes goes into 52 with its key in 53, one of 16 all into 53; an advice has neither", arguments: dialects)
    func pin(_ dialect: String) throws {
        let fixture = try fixture(dialect)
        let field = try #require(fixture.dialect.placement.securityData)
        var request = try HostFixture.sale(42)
        let serial = [UInt8](repeating: 0xFF, count: 10)
        request.pin = HostPINData(scheme: .tdesDUKPT, keySerialNumber: serial, block: SecretBytes([1, 2, 3, 4, 5, 6, 7, 8]))
        let first = try fixture.mapping.message(for: .financial(request))
        #expect(first.secret(52) == SecretBytes([1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(try SecurityData(#require(first.secret(field))) == SecurityData(scheme: .tdesDUKPT, keySerialNumber: serial))
        let block = SecretBytes([UInt8](0..<16))
        request.pin = HostPINData(scheme: .aesDUKPT, keySerialNumber: serial, block: block)
        let second = try fixture.mapping.message(for: .financial(request))
        #expect(!second.contains(52))
        #expect(
            try SecurityData(#require(second.secret(field))) == SecurityData(scheme: .aesDUKPT, keySerialNumber: serial, pinBlock: block))
        request.pin = HostPINData(scheme: .aesDUKPT, keySerialNumber: serial, block: SecretBytes([1]))
        #expect(throws: ISO8583Error.self) { try fixture.mapping.message(for: .financial(request)) }
    }

    private func answer(_ request: HostRequest, _ code: String, _ dialect: String, _ change: (inout Message) -> Void = { _ in }) throws
        -> HostAnswer
    {
        let fixture = try fixture(dialect)
        let sent = try fixture.mapping.message(for: request)
        let frame = try fixture.frame(fixture.answer(to: sent, code, change))
        let outcome = fixture.mapping.outcome(of: try fixture.mapping.decode(Array(frame.dropFirst(2))), to: request, sent: sent)
        guard case .answered(let answer) = outcome else { throw PaymentHostError(.dialect, outcome.summary) }
        return answer
    }

    @Test(
        "an advice is accepted by 000, 900, 901 and 913, whatever the edition calls them",
        arguments: [
            ("iso8583-1993", "000", "000", true), ("iso8583-1993", "900", "900", true), ("iso8583-1993", "901", "901", true),
            ("iso8583-1993", "913", "913", true), ("iso8583-1993", "914", "914", false), ("iso8583-1993", "904", "904", false),
            ("iso8583-1993", "100", "100", false), ("iso8583-1987", "00", "00", true), ("iso8583-1987", "94", "913", true),
            ("iso8583-1987", "25", "914", false), ("iso8583-1987", "05", "05", false),
        ])
    func advice(_ dialect: String, _ code: String, _ own: String, _ accepted: Bool) throws {
        let answer = try answer(.advice(completion(44)), code, dialect)
        #expect(answer.approved == accepted)
        #expect(answer.actionCode == own)
    }

    @Test(
        "a reconciliation balances by 500 only, and says the host's net where it does not",
        arguments: [
            ("iso8583-1993", "500", "500", true), ("iso8583-1993", "501", "501", false), ("iso8583-1993", "000", "000", false),
            ("iso8583-1987", "00", "500", true), ("iso8583-1987", "95", "501", false), ("iso8583-1987", "96", "96", false),
        ])
    func balanced(_ dialect: String, _ code: String, _ own: String, _ balanced: Bool) throws {
        let answer = try answer(.reconciliation(reconciliation(50)), code, dialect) { if !balanced { $0.set(97, "D0000000000000999") } }
        #expect(answer.approved == balanced)
        #expect(answer.actionCode == own)
        #expect(answer.reconciliationNet == (balanced ? nil : -999))
        #expect(answer.amount == nil)
    }
}
