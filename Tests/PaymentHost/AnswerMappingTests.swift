import ISO8583
import Keys
import Testing

@testable import PaymentHost

@Suite("Answers and what they are worth")
struct AnswerMappingTests {
    private let fixture: HostFixture
    private let request: HostRequest
    private let sent: Message

    init() throws {
        fixture = try HostFixture()
        request = .financial(try HostFixture.sale(42))
        sent = try fixture.mapping.message(for: request)
    }

    private func outcome(
        _ actionCode: String = "000", to other: HostRequest? = nil, spoilingMAC: Bool = false, _ change: (inout Message) -> Void = { _ in }
    ) throws -> HostOutcome {
        let request = other ?? request
        let sent = try fixture.mapping.message(for: request)
        let frame = try fixture.frame(fixture.answer(to: sent, actionCode, change), spoilingMAC: spoilingMAC)
        return fixture.mapping.outcome(of: try fixture.mapping.decode(Array(frame.dropFirst(2))), to: request, sent: sent)
    }

    private func answer(_ outcome: HostOutcome) throws -> HostAnswer {
        guard case .answered(let answer) = outcome else { throw PaymentHostError(.dialect, outcome.summary) }
        return answer
    }

    @Test("an approval brings code, amount, chip data, token and balance")
    func approval() throws {
        let answer = try answer(
            outcome {
                $0.set(55, bytes: [0x91, 0x01, 0x02])
                $0.set(48, "02004ABCD")
                $0.set(54, "0002840D000000000123")
            })
        #expect(answer.approved && !answer.isPartial)
        #expect(answer.responseCode == "00")
        #expect(answer.message == "APPROVED")
        #expect(answer.amount == HostFixture.amount(500))
        #expect(answer.approvalCode == "A00001")
        #expect(answer.iccData == [0x91, 0x01, 0x02])
        #expect(answer.cardToken == "ABCD")
        #expect(answer.balance == "-123")
    }

    @Test("declines keep their codes; an unknown code is 05", arguments: [("116", "51"), ("100", "05"), ("777", "05"), ("914", "25")])
    func declines(_ actionCode: String, _ responseCode: String) throws {
        let answer = try answer(outcome(actionCode))
        #expect(!answer.approved)
        #expect(answer.actionCode == actionCode)
        #expect(answer.responseCode == responseCode)
        #expect(answer.approvalCode == nil)
    }

    @Test("codes that accept advices approve no sale", arguments: ["400", "500", "800", "900"])
    func acceptedIsNoApproval(_ actionCode: String) throws { #expect(try !answer(outcome(actionCode)).approved) }

    @Test("a reversal is acknowledged by 400 and not by an approval's code", arguments: [("400", true), ("000", false), ("914", false)])
    func reversal(_ actionCode: String, _ approved: Bool) throws {
        let answer = try answer(outcome(actionCode, to: .reversal(HostFixture.reversal(43))))
        #expect(answer.approved == approved)
        #expect(answer.actionCode == actionCode)
    }

    @Test("a wrong echo is a bad answer", arguments: [3, 4, 7, 12, 42, 49])
    func wrongEcho(_ number: Int) throws {
        let length = sent.text(number)?.count ?? 0
        let wrong = try outcome { $0.set(number, String(repeating: "9", count: length)) }
        #expect(wrong.summary == "badAnswer field \(number): differs from the request's")
        let missing = try outcome { $0[number] = nil }
        #expect(missing.summary == "badAnswer field \(number): is missing")
        #expect(try outcome("116") { $0.set(number, String(repeating: "9", count: length)) }.summary.hasPrefix("badAnswer"))
    }

    @Test("a host's own 24 or 37 does no harm", arguments: [24, 37])
    func otherEcho(_ number: Int) throws { #expect(try outcome { $0.set(number, "999") }.summary == "answered 000") }

    @Test("another card's number is a bad answer, the same card's is not")
    func card() throws {
        #expect(try outcome { $0.set(2, HostFixture.pan) }.summary == "answered 000")
        let wrong = try outcome { $0.set(2, "4761739001010028") }
        #expect(wrong.summary == "badAnswer field 2: differs from the request's")
    }

    @Test("a partial approval has a smaller amount, and the amount asked in 30")
    func partial() throws {
        let good = try answer(
            outcome("002") {
                $0.set(4, "000000000200")
                $0.set(30, "000000000500000000000000")
            })
        #expect(good.approved && good.isPartial)
        #expect(good.amount == HostFixture.amount(200))
        #expect(good.responseCode == "10")
        for (amount, original) in [
            ("000000000500", "000000000500"), ("000000000501", "000000000500"), ("000000000000", "000000000500"),
            ("000000000200", "000000000400"),
        ] {
            let bad = try outcome("002") {
                $0.set(4, amount)
                $0.set(30, original + "000000000000")
            }
            #expect(bad.summary.hasPrefix("badAnswer"), "\(amount) of \(original)")
        }
    }

    @Test("a partial code approves no reversal")
    func partialReversal() throws {
        #expect(try !answer(outcome("002", to: .reversal(HostFixture.reversal(43)))).approved)
    }

    @Test("a wrong or missing MAC is a bad answer")
    func mac() throws {
        #expect(try outcome(spoilingMAC: true).summary == "badAnswer field 64: the MAC is wrong")
        let bare = try MessageEncoder(dialect: fixture.dialect).encode(fixture.answer(to: sent))
        let received = try fixture.mapping.decode(bare)
        #expect(fixture.mapping.outcome(of: received, to: request, sent: sent).summary == "badAnswer field 64: the MAC is missing")
    }

    @Test("without a key no MAC is sent and none is asked for")
    func noMAC() throws {
        let bare = try HostFixture(macKey: nil)
        let frame = try bare.frame(bare.answer(to: sent))
        let received = try bare.mapping.decode(Array(frame.dropFirst(2)))
        #expect(received.mac == nil)
        #expect(bare.mapping.outcome(of: received, to: request, sent: sent).summary == "answered 000")
    }

    @Test(
        "an answer without 39, or with elements that are none, is bad",
        arguments: [
            ("39", { @Sendable (message: inout Message) in message[39] = nil }), ("48.02", { $0.set(48, "02009A") }),
            ("54", { $0.set(54, "12") }),
        ] as [(String, @Sendable (inout Message) -> Void)])
    func malformed(_ field: String, _ change: @Sendable (inout Message) -> Void) throws {
        #expect(try outcome { change(&$0) }.summary.hasPrefix("badAnswer field \(field): "))
    }
}
