import ISO8583
import Keys
import Money
import Testing

@testable import Lab
@testable import PaymentHost

@Suite("The host simulator and the terminal's own messages")
struct HostAndTerminalTests {
    let mapping: DialectMapping
    var machine: HostMachine

    init() throws {
        let dialect = try Dialect.named("iso8583-1993")
        mapping = try DialectMapping(
            dialect: dialect,
            merchant: MerchantIdentity(
                terminalID: "TERM0001", merchantID: "MERCHANT0000001", nameAndLocation: "COUNTERTOP LAB", categoryCode: "5999",
                acquirerID: "12345"),
            terminal: PointOfServiceTerminal(readsStripes: true), macKey: LabKeys.hostMAC)
        machine = HostMachine(dialect: dialect)
    }

    private func identity(_ mti: String, _ stan: Int) -> ExchangeIdentity {
        ExchangeIdentity(
            mti: mti, stan: stan, localDateTime: "260728120000", transmissionDateTime: "0728120000", retrievalReference: "620900000001")
    }

    private func sale(stan: Int, cents: Int64) throws -> HostRequest {
        let dollars = try #require(Currency("USD"))
        return .financial(
            FinancialRequest(
                exchange: identity("1200", stan), functionCode: "200", processingCode: "000000",
                amount: try #require(Amount(minorUnits: cents, currency: dollars)),
                card: .clear(
                    HostCardData(
                        pan: try #require(PAN(HostMessages.pan)), expiry: "3012", track2: SecretBytes("\(HostMessages.pan)=3012201".utf8),
                        panSequenceNumber: 1, iccData: nil)),
                entryMode: .swiped, authentication: .signature, batchNumber: 1))
    }

    private mutating func outcome(_ request: HostRequest) throws -> HostOutcome? {
        let sent = try mapping.message(for: request)
        let outcomes = HostOutcomes(machine.received(Array(try mapping.frame(sent).dropFirst(2)), time: ""))
        guard let frame = outcomes.frames.first else { return nil }
        return mapping.outcome(of: try mapping.decode(Array(frame.bytes.dropFirst(2))), to: request, sent: sent)
    }

    private func answer(_ outcome: HostOutcome?) throws -> HostAnswer {
        guard case .answered(let answer)? = outcome else {
            throw HostPeer.Missing(description: "no believable answer: \(String(describing: outcome))")
        }
        return answer
    }

    @Test("Every amount rule reaches the terminal as the contract's response code")
    mutating func responseCodes() throws {
        let expected: [Int64: String] = [
            1: "05", 2: "01", 3: "04", 4: "19", 5: "14", 6: "54", 7: "15", 8: "15", 9: "38", 10: "03", 11: "03", 12: "13", 13: "12",
            14: "01",
            20: "10", 0: "00", 50: "00",
        ]
        for (index, (cents, code)) in expected.enumerated() {
            let answer = try answer(outcome(sale(stan: index + 1, cents: 500 + cents)))
            #expect(answer.responseCode == code, "amount rule .\(cents)")
            #expect(answer.approved == ["00", "10"].contains(code))
        }
    }

    @Test("A sale is approved, its reversal and the reversal's repeat are accepted, and the books are even")
    mutating func saleAndReversal() throws {
        let approved = try answer(outcome(sale(stan: 1, cents: 500)))
        #expect(approved.approved && approved.approvalCode != nil)
        var reversal = ReversalRequest(
            exchange: identity("1420", 2), original: identity("1200", 1), reason: .noAnswer, processingCode: "000000",
            amount: try #require(approved.amount), approvalCode: approved.approvalCode, iccData: nil, entryMode: .swiped, batchNumber: 1,
            isRepeat: false)
        #expect(try answer(outcome(.reversal(reversal))).actionCode == "400")
        reversal.isRepeat = true
        #expect(try answer(outcome(.reversal(reversal))).actionCode == "400")
        #expect(machine.ledger.transactions.map(\.state) == [.reversed])
        #expect(machine.ledger.netByBatch == ["000001": 0])
        #expect(machine.ledger.messages.map(\.messageType) == ["1200", "1420", "1421"])
    }

    @Test("A bad MAC is a bad answer to the terminal; a wrong STAN is nobody's answer")
    mutating func badAnswers() throws {
        guard case .badAnswer? = try outcome(sale(stan: 1, cents: 535)) else {
            Issue.record("the terminal believed a bad MAC")
            return
        }
        let request = try sale(stan: 2, cents: 534)
        let sent = try mapping.message(for: request)
        let frame = HostOutcomes(machine.received(Array(try mapping.frame(sent).dropFirst(2)), time: "")).frames.first?.bytes ?? []
        #expect(try mapping.decode(Array(frame.dropFirst(2))).message.text(11) != sent.text(11))
    }
}
