import Hex
import ISO8583
import Keys
import Testing

@testable import PaymentHost

@Suite("Requests and answers in the 1987 edition")
struct Edition1987MappingTests {
    private let fixture: HostFixture

    init() throws { fixture = try HostFixture(.named("iso8583-1987")) }

    private func outcome(
        _ code: String, to request: HostRequest, _ change: (inout Message) -> Void = { _ in }
    ) throws -> HostOutcome {
        let sent = try fixture.mapping.message(for: request)
        let frame = try fixture.frame(fixture.answer(to: sent, code, change))
        return fixture.mapping.outcome(of: try fixture.mapping.decode(Array(frame.dropFirst(2))), to: request, sent: sent)
    }

    private func answer(_ outcome: HostOutcome) throws -> HostAnswer {
        guard case .answered(let answer) = outcome else { throw PaymentHostError(.dialect, outcome.summary) }
        return answer
    }

    @Test("a chip sale has these fields and no others, and no second bitmap")
    func chipSale() throws {
        let message = try fixture.mapping.message(for: .financial(HostFixture.sale(42)))
        #expect(message.mti == "0200")
        #expect(message.numbers == [3, 4, 7, 11, 12, 13, 18, 22, 23, 25, 32, 35, 37, 41, 42, 43, 48, 49, 55])
        let texts = [
            3: "000000", 4: "000000000500", 7: "1122204809", 11: "000042", 12: "214809", 13: "1122", 18: "5411", 22: "052", 23: "001",
            25: "00", 32: "12345678901", 37: "632620000001", 41: "TERM0001", 42: "MERCHANT1", 43: "Corner Shop, Springfield",
            48: "01006000007", 49: "840",
        ]
        for (number, text) in texts { #expect(message.text(number) == text, "field \(number)") }
        #expect(message.secret(35) == SecretBytes(HostFixture.track2.utf8))
        #expect(message.bytes(55) == [0x9F, 0x26, 0x01, 0xAA])
    }

    @Test("the bytes of a chip sale")
    func knownSale() throws {
        // By hand: "0200"; bits 3 4 7 | 11 12 13 | 18 22 23 | 25 32 | 35 37 | 41 42 43 48 | 49 55 | none are 32 38 46 81 28 E1 82 00; then the
        // fields in order, 42 and 43 filled with spaces, 32 and 35 behind two length digits, 48 and 55 behind three.
        // pyiso8583 4.0.1 (default_ascii with binary bitmaps and this table) makes the same bytes of the same values.
        let expected =
            Array("0200".utf8) + [0x32, 0x38, 0x46, 0x81, 0x28, 0xE1, 0x82, 0x00]
            + Array(
                ("000000" + "000000000500" + "1122204809" + "000042" + "214809" + "1122" + "5411" + "052" + "001" + "00" + "1112345678901"
                    + "344761739001010010=29122011758928889" + "632620000001" + "TERM0001" + "MERCHANT1      "
                    + "Corner Shop, Springfield                " + "01101006000007" + "840" + "004").utf8) + [0x9F, 0x26, 0x01, 0xAA]
        let bare = try HostFixture(.named("iso8583-1987"), macKey: nil)
        let frame = try bare.mapping.frame(bare.mapping.message(for: .financial(HostFixture.sale(42))))
        #expect(frame.hex == ([0x00, 0xD8] + expected).hex)
    }

    @Test("an authorization is a 0100, and a type that the edition does not have is refused")
    func authorization() throws {
        var sale = try HostFixture.sale(42)
        sale.exchange.mti = "1100"
        #expect(try fixture.mapping.message(for: .financial(sale)).mti == "0100")
        sale.exchange.mti = "1201"
        let error = #expect(throws: ISO8583Error.self) { try fixture.mapping.message(for: .financial(sale)) }
        #expect(error?.field == "mti")
    }

    @Test("a reversal names its original in 90 and its reason in 39, and these are its bytes")
    func reversal() throws {
        let message = try fixture.mapping.message(for: .reversal(HostFixture.reversal(43)))
        #expect(message.mti == "0400")
        #expect(message.numbers == [3, 4, 7, 11, 12, 13, 22, 25, 32, 37, 39, 41, 42, 48, 49, 90])
        #expect(message.text(90) == "0200" + "000042" + "1122204809" + "12345678901" + "00000000000")
        // Bits 1 3 4 7 | 11 12 13 | 22 | 25 32 | 37 39 | 41 42 48 | 49 | none; 90 is the second bit of the fourth byte of the second bitmap.
        // pyiso8583 4.0.1 makes the same bytes of the same values.
        let expected =
            Array("0400".utf8)
            + [0xB2, 0x38, 0x04, 0x81, 0x0A, 0xC1, 0x80, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00]
            + Array(
                ("000000" + "000000000500" + "1122204809" + "000043" + "214809" + "1122" + "052" + "00" + "1112345678901" + "632620000001"
                    + "68" + "TERM0001" + "MERCHANT1      " + "01101006000007" + "840" + "020000004211222048091234567890100000000000").utf8)
        let bare = try HostFixture(.named("iso8583-1987"), macKey: nil)
        #expect(try Array(bare.mapping.frame(message).dropFirst(2)).hex == expected.hex)
    }

    @Test("a repeated reversal is a 0401 and otherwise the same")
    func reversalRepeat() throws {
        var first = try fixture.mapping.message(for: .reversal(HostFixture.reversal(43)))
        let second = try fixture.mapping.message(for: .reversal(HostFixture.reversal(43, isRepeat: true)))
        #expect(second.mti == "0401")
        first.mti = "0401"
        #expect(second == first)
    }

    @Test(
        "each reason of a reversal is its response code",
        arguments: zip(ReversalRequest.Reason.allCases, ["17", "22", "22", "20", "68"]))
    func reasons(_ reason: ReversalRequest.Reason, _ code: String) throws {
        var request = HostFixture.reversal(43)
        request.reason = reason
        #expect(try fixture.mapping.message(for: .reversal(request)).text(39) == code)
    }

    @Test(
        "field 22 is entry mode and PIN entry capability; 25 is the normal condition",
        arguments: [
            (EntryMode.chip, true, "051"), (.chip, false, "052"), (.manual, false, "012"), (.swiped, true, "901"),
            (.contactless, true, "071"),
            (.chipSwiped, false, "802"),
        ])
    func pointOfService(_ entryMode: EntryMode, _ hasPINPad: Bool, _ code: String) throws {
        let terminal = PointOfServiceTerminal(hasPINPad: hasPINPad)
        let message = try HostFixture(.named("iso8583-1987"), terminal: terminal).mapping
            .message(for: .financial(HostFixture.sale(42, entryMode: entryMode)))
        #expect(message.text(22) == code)
        #expect(message.text(25) == "00")
    }

    @Test("network messages say in 70 what they ask", arguments: [(NetworkFunction.signOn, "001"), (.signOff, "002"), (.echo, "301")])
    func network(_ function: NetworkFunction, _ code: String) throws {
        let times = WireDateTimes(local: "261122214809", transmission: "1122204809")
        let message = try fixture.mapping.message(for: function, NetworkStamp(stan: 7, dateTimes: times))
        #expect(message.mti == "0800")
        #expect(message.numbers == [7, 11, 12, 13, 41, 70])
        #expect(message.text(70) == code)
        #expect(fixture.dialect.functionCodes["keyChange"] == "161")
        let received = try fixture.mapping.decode(Array(fixture.frame(fixture.answer(to: message, "00")).dropFirst(2)))
        #expect(received.message.mti == "0810")
        #expect(try fixture.mapping.networkAction(received, sent: message, key: HostFixture.macKey) == "00")
    }

    @Test("an approval, a decline and an unknown code")
    func answers() throws {
        let sale = HostRequest.financial(try HostFixture.sale(42))
        let approval = try answer(outcome("00", to: sale) { $0.set(54, "0002840C000000000123") })
        #expect(approval.approved && !approval.isPartial)
        #expect(approval.actionCode == "00" && approval.responseCode == "00" && approval.message == "APPROVED")
        #expect(approval.approvalCode == "A00001")
        #expect(approval.balance == "123")
        for (code, responseCode) in [("51", "51"), ("05", "05"), ("77", "05"), ("25", "25"), ("94", "94")] {
            let decline = try answer(outcome(code, to: sale))
            #expect(!decline.approved)
            #expect(decline.actionCode == code)
            #expect(decline.responseCode == responseCode)
        }
        #expect(try answer(outcome("11", to: sale)).approved)
    }

    @Test("a partial approval has a smaller amount; field 30 is a fee here and says nothing of it")
    func partial() throws {
        let sale = HostRequest.financial(try HostFixture.sale(42))
        let good = try answer(
            outcome("10", to: sale) {
                $0.set(4, "000000000200")
                $0.set(30, "D00000000")
            })
        #expect(good.approved && good.isPartial)
        #expect(good.responseCode == "10")
        #expect(good.amount == HostFixture.amount(200))
        for amount in ["000000000500", "000000000501", "000000000000"] {
            #expect(try outcome("10", to: sale) { $0.set(4, amount) }.summary.hasPrefix("badAnswer field 4"), "\(amount)")
        }
    }

    @Test("a wrong or missing echo is a bad answer, the date's included", arguments: [3, 4, 7, 12, 13, 42, 49])
    func wrongEcho(_ number: Int) throws {
        let sale = HostRequest.financial(try HostFixture.sale(42))
        let length = try fixture.mapping.message(for: sale).text(number)?.count ?? 0
        let wrong = try outcome("00", to: sale) { $0.set(number, String(repeating: "9", count: length)) }
        #expect(wrong.summary == "badAnswer field \(number): differs from the request's")
        #expect(try outcome("00", to: sale) { $0[number] = nil }.summary == "badAnswer field \(number): is missing")
    }

    @Test(
        "the answer to a reversal is told in the terms of the 1993 edition",
        arguments: [("00", "400", true), ("25", "914", false), ("94", "913", false), ("96", "96", false), ("10", "10", false)])
    func reversalAnswers(_ code: String, _ actionCode: String, _ approved: Bool) throws {
        let answer = try answer(outcome(code, to: .reversal(HostFixture.reversal(43))))
        #expect(answer.actionCode == actionCode)
        #expect(answer.approved == approved)
    }

    @Test("the link signs on, exchanges and echoes in it")
    func link() throws {
        var script = try MachineScript(.named("iso8583-1987"))
        try script.on(.start)
        try script.on(.connected(script.connection))
        try script.answerNetwork("00")
        script.expect(["connect host0", "state connecting", "send 0800", "state connected"])
        let sale = try #require(try script.sale(1))
        try script.receive(fixture.answer(to: sale, "00"))
        #expect(script.outcomes == [1: "answered 00"])
        try script.pass(.seconds(60))
        script.expect(["send 0200", "send 0800"])
        #expect(script.frames.map { $0.text(70) } == ["001", nil, "301"])
    }

    @Test("a sign-on that is refused does not connect")
    func signOnRefused() throws {
        var script = try MachineScript(.named("iso8583-1987"))
        try script.on(.start)
        try script.on(.connected(script.connection))
        try script.answerNetwork("96")
        script.expect(["connect host0", "state connecting", "send 0800", "close", "state down"])
    }

    @Test("what an acquirer assigns once goes wherever the message has a place for it")
    func constants() throws {
        var dialect = try Dialect.named("iso8583-1987")
        dialect.constants = [24: "003", 26: "12"]
        let mapping = try HostFixture(dialect).mapping
        let sale = try mapping.message(for: .financial(HostFixture.sale(42)))
        #expect(sale.text(24) == "003" && sale.text(26) == "12")
        let reversal = try mapping.message(for: .reversal(HostFixture.reversal(43)))
        #expect(reversal.text(24) == "003" && !reversal.contains(26))
    }

    @Test("what the link needs and the dialect lacks is found at start")
    func lacking() throws {
        let whole = try Dialect.named("iso8583-1987")
        let spoils: [(inout Dialect) -> Void] = [
            { $0.functionCodes["echo"] = nil }, { $0.functionCodes["signOn"] = "1" }, { $0.reasonCodes["4021"] = nil },
            { $0.pointOfService[22]?[1].codes["none"] = "22" }, { $0.pointOfService[22]?[0].codes["chip"] = nil },
        ]
        for spoil in spoils {
            var dialect = whole
            spoil(&dialect)
            let error = #expect(throws: PaymentHostError.self) { try HostFixture(dialect) }
            #expect(error?.code == .dialect)
        }
    }

    @Test("a name and location over forty characters does not fit this edition")
    func merchant() throws {
        var merchant = HostFixture.merchant
        merchant.nameAndLocation = String(repeating: "S", count: 41)
        let error = #expect(throws: PaymentHostError.self) {
            try DialectMapping(dialect: .named("iso8583-1987"), merchant: merchant, terminal: PointOfServiceTerminal(), macKey: nil)
        }
        #expect(error?.code == .merchant)
    }
}
