import ISO8583
import Keys
import Testing

@testable import PaymentHost

@Suite("Requests as messages")
struct RequestMappingTests {
    @Test("a chip sale has these fields and no others")
    func chipSale() throws {
        let message = try HostFixture().mapping.message(for: .financial(HostFixture.sale(42)))
        #expect(message.mti == "1200")
        #expect(message.numbers == [3, 4, 7, 11, 12, 22, 23, 24, 26, 32, 35, 37, 41, 42, 43, 48, 49, 55])
        let texts = [
            3: "000000", 4: "000000000500", 7: "1122204809", 11: "000042", 12: "261122214809", 22: "500101500310", 23: "001", 24: "200",
            26: "5411", 32: "12345678901", 37: "632620000001", 41: "TERM0001", 42: "MERCHANT1", 43: "Corner Shop, Springfield",
            48: "01006000007", 49: "840",
        ]
        for (number, text) in texts { #expect(message.text(number) == text, "field \(number)") }
        #expect(message.secret(35) == SecretBytes(HostFixture.track2.utf8))
        #expect(message.bytes(55) == [0x9F, 0x26, 0x01, 0xAA])
    }

    @Test("the bytes of a chip sale and of its reversal")
    func knownBytes() throws {
        // By hand: bits 3 4 7 | 11 12 | 22 23 24 | 26 32 | 35 37 | 41 42 43 48 | 49 55 | none.
        let sale =
            Array("1200".utf8) + [0x32, 0x30, 0x07, 0x41, 0x28, 0xE1, 0x82, 0x00]
            + Array(
                ("000000" + "000000000500" + "1122204809" + "000042" + "261122214809" + "500101500310" + "001" + "200" + "5411"
                    + "1112345678901" + "344761739001010010=29122011758928889" + "632620000001" + "TERM0001" + "MERCHANT1      "
                    + "24Corner Shop, Springfield" + "01101006000007" + "840" + "004").utf8) + [0x9F, 0x26, 0x01, 0xAA]
        // Bits 3 4 7 | 11 12 | 22 24 | 25 32 | 37 | 41 42 48 | 49 56 | none.
        let reversal =
            Array("1420".utf8) + [0x32, 0x30, 0x05, 0x81, 0x08, 0xC1, 0x81, 0x00]
            + Array(
                ("000000" + "000000000500" + "1122204809" + "000043" + "261122214809" + "500101500310" + "400" + "4021" + "1112345678901"
                    + "632620000001" + "TERM0001" + "MERCHANT1      " + "01101006000007" + "840"
                    + "3512000000422611222148091112345678901").utf8)
        let mapping = try HostFixture(macKey: nil).mapping
        #expect(try mapping.frame(mapping.message(for: .financial(HostFixture.sale(42)))).dropFirst(2).elementsEqual(sale))
        #expect(try mapping.frame(mapping.message(for: .reversal(HostFixture.reversal(43)))).dropFirst(2).elementsEqual(reversal))
    }

    @Test("a keyed-in card goes as 2 and 14, never as 35")
    func manual() throws {
        let message = try HostFixture().mapping.message(for: .financial(HostFixture.sale(42, entryMode: .manual)))
        #expect(message.secret(2) == SecretBytes(HostFixture.pan.utf8))
        #expect(message.text(14) == "2912")
        #expect(!message.contains(35) && !message.contains(23) && !message.contains(55))
    }

    @Test("parts of the amount are sets of 54, partial approval and the merchant's references elements of 48")
    func parts() throws {
        var sale = try HostFixture.sale(42, amount: 1000)
        sale.tip = HostFixture.amount(100)
        sale.cashback = HostFixture.amount(200)
        sale.surcharge = HostFixture.amount(0)
        sale.tax = HostFixture.amount(30)
        sale.partialApprovalAllowed = true
        sale.invoice = "INV1"
        sale.reference = "REF22"
        let message = try HostFixture().mapping.message(for: .financial(sale))
        let sets = try AdditionalAmount.sets(#require(message.text(54)))
        #expect(sets.map(\.amountType) == ["44", "40", "56"])
        #expect(sets.map(\.minorUnits) == [100, 200, 30])
        #expect(sets.allSatisfy { $0.currency == "840" && !$0.isCredit })
        let elements = try PrivateElements(#require(message.text(48)))
        #expect(elements["01"] == "000007")
        #expect(elements["03"] == "1")
        #expect(elements["09"] == "INV1")
        #expect(elements["10"] == "REF22")
    }

    @Test("a reversal names its original and carries no card data")
    func reversal() throws {
        var request = HostFixture.reversal(43)
        request.approvalCode = "A00001"
        request.iccData = [0x95, 0x05, 0, 0, 0, 0, 0]
        let message = try HostFixture().mapping.message(for: .reversal(request))
        #expect(message.mti == "1420")
        #expect(message.numbers == [3, 4, 7, 11, 12, 22, 24, 25, 32, 37, 38, 41, 42, 48, 49, 55, 56])
        #expect(message.text(24) == "400")
        #expect(message.text(25) == "4021")
        #expect(message.text(38) == "A00001")
        #expect(message.text(56) == "12000000422611222148091112345678901")
    }

    @Test("a repeat is a 1421 and otherwise the same")
    func reversalRepeat() throws {
        let mapping = try HostFixture().mapping
        var first = try mapping.message(for: .reversal(HostFixture.reversal(43)))
        let second = try mapping.message(for: .reversal(HostFixture.reversal(43, isRepeat: true)))
        #expect(second.mti == "1421")
        first.mti = "1421"
        #expect(second == first)
    }

    @Test("each reason of a reversal is its code of field 25", arguments: ReversalRequest.Reason.allCases)
    func reasons(_ reason: ReversalRequest.Reason) throws {
        var request = HostFixture.reversal(43)
        request.reason = reason
        #expect(try HostFixture().mapping.message(for: .reversal(request)).text(25) == reason.rawValue)
    }

    @Test(
        "field 22 follows terminal, entry mode and authentication",
        arguments: [
            (PointOfServiceTerminal(), EntryMode.chip, HostCardholderAuthentication.notAuthenticated, "500101500310"),
            (PointOfServiceTerminal(hasPrinter: true, hasDisplay: true), .chip, .signature, "500101554340"),
            (PointOfServiceTerminal(hasPINPad: true, longestPIN: 12, hasDisplay: true), .chip, .offlinePIN, "51010151133C"),
            (
                PointOfServiceTerminal(readsChips: false, readsStripes: true, isAttended: false, hasPrinter: true), .swiped, .onlinePIN,
                "200201213120"
            ),
            (PointOfServiceTerminal(readsChips: false), .manual, .notAuthenticated, "600101600110"),
            (PointOfServiceTerminal(), .contactless, .notAuthenticated, "500101C00310"),
            (PointOfServiceTerminal(), .chipSwiped, .notAuthenticated, "500101F00310"),
        ])
    func pointOfService(
        _ terminal: PointOfServiceTerminal, _ entryMode: EntryMode, _ authentication: HostCardholderAuthentication, _ code: String
    ) throws {
        var sale = try HostFixture.sale(42, entryMode: entryMode)
        sale.authentication = authentication
        #expect(try HostFixture(terminal: terminal).mapping.message(for: .financial(sale)).text(22) == code)
    }

    @Test(
        "a request that cannot be a message is refused by field, without its value",
        arguments: [
            ("11", { @Sendable (sale: inout FinancialRequest) in sale.exchange.stan = 1_000_000 }), ("11", { $0.exchange.stan = 0 }),
            ("mti", { $0.exchange.mti = "1201" }), ("48.01", { $0.batchNumber = 1_000_000 }), ("4", { $0.amount = HostFixture.amount(5) }),
        ] as [(String, @Sendable (inout FinancialRequest) -> Void)])
    func refused(_ field: String, _ spoil: @Sendable (inout FinancialRequest) -> Void) throws {
        let mapping = try HostFixture().mapping
        var sale = try HostFixture.sale(42)
        spoil(&sale)
        // An amount is always right by its type.
        guard field != "4" else { return #expect(try mapping.message(for: .financial(sale)).text(4) == "000000000005") }
        let error = #expect(throws: ISO8583Error.self) { try mapping.message(for: .financial(sale)) }
        #expect(error?.field == field)
    }

    @Test(
        "merchant data that do not fit their fields are found at start",
        arguments: [
            { @Sendable (merchant: inout MerchantIdentity) in merchant.terminalID = "NINECHARS" }, { $0.terminalID = "" },
            { $0.merchantID = String(repeating: "M", count: 16) }, { $0.nameAndLocation = "Caf\u{E9}" }, { $0.categoryCode = "541" },
            { $0.acquirerID = "1234567890123" },
        ] as [@Sendable (inout MerchantIdentity) -> Void])
    func merchant(_ spoil: @Sendable (inout MerchantIdentity) -> Void) throws {
        var merchant = HostFixture.merchant
        spoil(&merchant)
        let error = #expect(throws: PaymentHostError.self) {
            try DialectMapping(dialect: .named("iso8583-1993"), merchant: merchant, terminal: PointOfServiceTerminal(), macKey: nil)
        }
        #expect(error?.code == .merchant)
    }

    @Test("a MAC key of a wrong length is found at start")
    func macKey() throws {
        let error = #expect(throws: PaymentHostError.self) { try HostFixture(macKey: SecretBytes([1, 2, 3])) }
        #expect(error?.code == .macKey)
    }
}
