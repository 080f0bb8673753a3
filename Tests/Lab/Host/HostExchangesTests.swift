import ISO8583
@_spi(ClearPIN) import Keys
import Money
import Testing

@testable import Lab
@testable import PaymentHost

/// The terminal's own mapping against the host, exchange by exchange.
struct HostConversation {
    let mapping: DialectMapping
    var machine: HostMachine
    private let dollars: Currency
    private var stan = 0

    init(_ dialect: String) throws {
        let dialect = try Dialect.named(dialect)
        mapping = try DialectMapping(
            dialect: dialect,
            merchant: MerchantIdentity(
                terminalID: "TERM0001", merchantID: "MERCHANT0000001", nameAndLocation: "COUNTERTOP LAB", categoryCode: "5999",
                acquirerID: "12345"),
            terminal: PointOfServiceTerminal(readsStripes: true), macKey: LabKeys.hostMAC)
        machine = HostMachine(dialect: dialect)
        dollars = try #require(Currency("USD"))
    }

    mutating func exchange(_ mti: String) -> ExchangeIdentity {
        stan += 1
        let digits = String(String(1_000_000 + stan).dropFirst())
        return ExchangeIdentity(
            mti: mti, stan: stan, localDateTime: "260728120000", transmissionDateTime: "0728120000", retrievalReference: "620900" + digits)
    }

    func amount(_ minorUnits: Int64) throws -> Amount { try #require(Amount(minorUnits: minorUnits, currency: dollars)) }

    func card(_ pan: String = HostMessages.pan) throws -> HostCard {
        .clear(
            HostCardData(
                pan: try #require(PAN(pan)), expiry: "3012", track2: SecretBytes("\(pan)=3012201".utf8), panSequenceNumber: nil,
                iccData: nil))
    }

    /// Sends a 1100 or 1200 and says under which identity.
    mutating func financial(
        _ mti: String, _ function: String, _ processing: ProcessingCode = .goods, _ minorUnits: Int64, card: HostCard?? = .none,
        original: ExchangeIdentity? = nil, partialAllowed: Bool = false, pin: HostPINData? = nil
    ) throws -> (exchange: ExchangeIdentity, answer: HostAnswer) {
        let exchange = exchange(mti)
        let request = FinancialRequest(
            exchange: exchange, functionCode: function, processingCode: processing.text(), amount: try amount(minorUnits),
            card: try card ?? self.card(), entryMode: .swiped, authentication: .signature, pin: pin, original: original, batchNumber: 1,
            partialApprovalAllowed: partialAllowed)
        return (exchange, try answer(.financial(request)))
    }

    mutating func sale(
        _ minorUnits: Int64, card: HostCard?? = .none, pin: HostPINData? = nil
    ) throws -> (exchange: ExchangeIdentity, answer: HostAnswer) {
        try financial("1200", FunctionCode.financial, .goods, minorUnits, card: card, pin: pin)
    }

    mutating func advice(
        _ function: String, _ minorUnits: Int64, original: ExchangeIdentity? = nil, card: HostCard? = nil, marker: String? = nil,
        processing: ProcessingCode = .goods, isRepeat: Bool = false, exchange: ExchangeIdentity? = nil
    ) throws -> (exchange: ExchangeIdentity, answer: HostAnswer) {
        let exchange = exchange ?? self.exchange("1220")
        var request = AdviceRequest(
            exchange: exchange, functionCode: function, original: original, processingCode: processing.text(),
            amount: try amount(minorUnits), card: card, entryMode: .swiped, approvalCode: "T00001", batchNumber: 1, isRepeat: isRepeat)
        request.marker = marker
        return (exchange, try answer(.advice(request)))
    }

    mutating func reversal(of original: ExchangeIdentity, _ minorUnits: Int64, _ reason: ReversalRequest.Reason) throws -> HostAnswer {
        try answer(
            .reversal(
                ReversalRequest(
                    exchange: exchange("1420"), original: original, reason: reason, processingCode: "000000",
                    amount: try amount(minorUnits), approvalCode: nil, iccData: nil, entryMode: .swiped, batchNumber: 1, isRepeat: false)))
    }

    mutating func reconciliation(debits: Int64, credits: Int64) throws -> HostAnswer {
        var totals = ReconciliationRequest.Totals()
        totals.debitsAmount = debits
        totals.creditsAmount = credits
        return try answer(
            .reconciliation(
                ReconciliationRequest(
                    exchange: exchange("1520"), batchNumber: 1, reconciliationDate: "260728", currency: dollars, totals: totals)))
    }

    private mutating func answer(_ request: HostRequest) throws -> HostAnswer {
        let sent = try mapping.message(for: request)
        let outcomes = HostOutcomes(machine.received(Array(try mapping.frame(sent).dropFirst(2)), time: ""))
        guard let frame = outcomes.frames.first else { throw HostPeer.Missing(description: "no answer: \(outcomes.notes)") }
        let received = try mapping.decode(Array(frame.bytes.dropFirst(2)))
        let outcome = mapping.outcome(of: received, to: request, sent: sent)
        guard case .answered(let answer) = outcome else { throw HostPeer.Missing(description: "no believable answer: \(outcome)") }
        return answer
    }

    var net: Int64 { machine.ledger.netByBatch["000001"] ?? 0 }
    var holds: Int64 { machine.ledger.transactions.reduce(0) { $0 + $1.hold } }
}

@Suite("Every exchange of the contract, between the terminal's mapping and the host, in each dialect")
struct HostExchangesTests {
    static let dialects = Dialect.embeddedNames

    @Test("an authorization holds, an increment raises the hold, the completion posts in its place", arguments: dialects)
    func hold(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        let hold = try host.financial("1100", FunctionCode.authorization, .goods, 1000)
        #expect(hold.answer.approved && hold.answer.approvalCode != nil)
        let more = try host.financial(
            "1100", FunctionCode.supplementaryAuthorization, .goods, 500, card: .some(nil), original: hold.exchange)
        #expect(more.answer.approved)
        #expect(host.holds == 1500 && host.net == 0)
        let completion = try host.advice(FunctionCode.completionOfOtherAmount, 1400, original: hold.exchange)
        #expect(completion.answer.approved)
        #expect(host.holds == 0 && host.net == 1400)
        let again = try host.advice(
            FunctionCode.completionOfOtherAmount, 1400, original: hold.exchange, isRepeat: true, exchange: completion.exchange)
        #expect(again.answer.approved && host.net == 1400)
    }

    @Test("a void of a completion is two reversals: back to the open hold, then nothing", arguments: dialects)
    func voidCompletion(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        let hold = try host.financial("1100", FunctionCode.authorization, .goods, 1000)
        let completion = try host.advice(FunctionCode.completion, 1000, original: hold.exchange)
        #expect(try host.reversal(of: completion.exchange, 1000, .cancelled).actionCode == "400")
        #expect(host.holds == 1000 && host.net == 0)
        #expect(try host.reversal(of: hold.exchange, 1000, .cancelled).actionCode == "400")
        #expect(host.holds == 0 && host.net == 0)
        #expect(host.machine.ledger.transactions.allSatisfy { $0.state == .voided })
    }

    @Test("a reversal of an increment takes only that back", arguments: dialects)
    func increment(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        let hold = try host.financial("1100", FunctionCode.authorization, .goods, 1000)
        let more = try host.financial(
            "1100", FunctionCode.supplementaryAuthorization, .goods, 500, card: .some(nil), original: hold.exchange)
        #expect(try host.reversal(of: more.exchange, 500, .noAnswer).approved)
        #expect(host.holds == 1000)
    }

    @Test("a tip adjust replaces the sale; a linked refund gives back beside it", arguments: dialects)
    func tipAndRefund(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        let sale = try host.sale(1000)
        let tip = try host.advice(FunctionCode.tipAdjust, 1200, original: sale.exchange, marker: AdviceMarker.tipAdjust)
        #expect(tip.answer.approved && host.net == 1200)
        let refund = try host.financial("1200", FunctionCode.financial, .refund, 300, card: .some(nil), original: sale.exchange)
        #expect(refund.answer.approved && host.net == 900)
        #expect(host.machine.ledger.transactions.last?.account == "476173******0119")
    }

    @Test("store and forward: the reversal of the unanswered sale and its advice leave one posting", arguments: dialects)
    func storeAndForward(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        let sale = try host.sale(1000)
        #expect(try host.reversal(of: sale.exchange, 1000, .noAnswer).actionCode == "400")
        let stored = try host.advice(FunctionCode.financial, 1000, card: host.card())
        #expect(stored.answer.approved && host.net == 1000)
    }

    @Test("a reversal that comes first is remembered: its original counts no more", arguments: dialects)
    func unknownOriginal(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        let coming = ExchangeIdentity(
            mti: "1200", stan: 2, localDateTime: "260728120000", transmissionDateTime: "0728120000", retrievalReference: "620900000002")
        #expect(try host.reversal(of: coming, 500, .noAnswer).actionCode == "914")
        let late = try host.sale(500)
        #expect(late.exchange.stan == 2 && !late.answer.approved)
        #expect(host.net == 0)
    }

    @Test("a reconciliation compares the net; a batch upload brings what the host has missed", arguments: dialects)
    func reconciliation(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        _ = try host.sale(1000)
        _ = try host.financial("1200", FunctionCode.financial, .refund, 200)
        #expect(try host.reconciliation(debits: 1000, credits: 200).actionCode == "500")
        let off = try host.reconciliation(debits: 1500, credits: 200)
        #expect(off.actionCode == "501" && !off.approved)
        #expect(off.reconciliationNet == -800)
        let missed = try host.advice(
            FunctionCode.batchUpload, 500,
            original: ExchangeIdentity(
                mti: "1200", stan: 999, localDateTime: "260728120000", transmissionDateTime: "0728120000",
                retrievalReference: "620900000999"), marker: AdviceMarker.batchUpload)
        #expect(missed.answer.approved)
        #expect(try host.reconciliation(debits: 1500, credits: 200).approved)
    }

    @Test("an approval brings a token that pays later without the card; nobody else's token does", arguments: dialects)
    func token(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        let token = try #require(try host.sale(1000).answer.cardToken)
        let onFile = try host.sale(700, card: .token(token, expiry: "3012", storedCredential: "C"))
        #expect(onFile.answer.approved && onFile.answer.cardToken == token)
        #expect(host.machine.ledger.transactions.last?.account == "476173******0119")
        let foreign = try host.sale(700, card: .token("T0123456789ABCDEF", expiry: nil, storedCredential: nil))
        #expect(!foreign.answer.approved && foreign.answer.responseCode == "14")
        #expect(host.net == 1700)
    }

    @Test("a balance is the limit less what is posted and held", arguments: dialects)
    func balance(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        _ = try host.sale(1000)
        _ = try host.financial("1100", FunctionCode.authorization, .goods, 500)
        #expect(try host.financial("1100", FunctionCode.inquiry, .balance, 0).answer.balance == String(HostMachine.creditLimit - 1500))
        #expect(try host.financial("1100", FunctionCode.inquiry, .verify, 0).answer.approved)
        #expect(host.net == 1000 && host.holds == 500)
    }

    @Test("a gift card lives: unknown, activated, loaded, spent, deactivated, reactivated", arguments: dialects)
    func gift(_ dialect: String) throws {
        var host = try HostConversation(dialect)
        func code(_ processing: ProcessingCode, _ amount: Int64, partial: Bool = false) throws -> (String, String?) {
            let answer = try host.financial("1200", FunctionCode.financial, processing, amount, partialAllowed: partial).answer
            return (answer.responseCode, answer.balance)
        }
        #expect(try code(.giftRedemption, 500) == ("14", nil))
        #expect(try code(.giftActivation, 2500) == ("00", "2500"))
        #expect(try code(.giftActivation, 2500) == ("12", nil))
        #expect(try code(.giftIssuance, 1000) == ("00", "3500"))
        #expect(try code(.giftRedemption, 3000) == ("00", "500"))
        #expect(try code(.giftRedemption, 700) == ("51", nil))
        #expect(try code(.giftRedemption, 700, partial: true) == ("10", "0"))
        #expect(try code(.giftBalance, 0) == ("00", "0"))
        #expect(try code(.giftDeactivation, 0) == ("00", "0"))
        #expect(try code(.giftIssuance, 1000) == ("57", nil))
        #expect(try code(.giftReactivation, 0) == ("00", "0"))
        let load = try host.financial("1200", FunctionCode.financial, .giftIssuance, 900)
        #expect(load.answer.balance == "900")
        #expect(try host.reversal(of: load.exchange, 900, .posLost).approved)
        #expect(try code(.giftBalance, 0) == ("00", "0"), "a reversed load is no load")
    }

    @Test("the books read back from their file are the same books")
    func entries() throws {
        var host = try HostConversation("iso8583-1993")
        _ = try host.financial("1200", FunctionCode.financial, .giftActivation, 2500)
        let request = try #require(
            try LedgerRequest(
                host.mapping.message(
                    for: .financial(
                        FinancialRequest(
                            exchange: host.exchange("1200"), functionCode: "200", processingCode: "610000", amount: try host.amount(5),
                            card: try host.card(), entryMode: .swiped, authentication: .signature, batchNumber: 1))),
                HostVocabulary(host.machine.dialect)))
        let decision = LedgerDecision(
            actionCode: "000", isApproved: true, amount: 5, approvalCode: "A00001", cardToken: request.cardToken, balance: -7, net: 3)
        #expect(LedgerRequest(json: request.json) == request)
        #expect(LedgerDecision(json: decision.json) == decision)
    }
}

@Suite("What other dialects call the 1993 edition's action codes")
struct HostVocabularyTests {
    @Test(
        "the 1987 edition's two characters",
        arguments: [
            ("000", "00"), ("002", "10"), ("100", "05"), ("116", "51"), ("129", "05"), ("400", "00"), ("500", "00"), ("501", "95"),
            ("800", "00"), ("902", "12"), ("904", "30"), ("913", "94"), ("914", "25"),
        ])
    func edition1987(_ code: String, _ own: String) throws {
        #expect(HostVocabulary(try Dialect.named("iso8583-1987")).actionCode(code) == own)
        #expect(HostVocabulary(try Dialect.named("iso8583-1993")).actionCode(code) == code)
    }
}

@Suite("Online PINs at the host")
struct HostPINTests {
    private func host(_ dialect: String) throws -> HostConversation {
        var host = try HostConversation(dialect)
        let pan = try #require(PAN(HostMessages.pan))
        host.machine = HostMachine(dialect: host.mapping.dialect, pins: HostPINs([(pan, SecretBytes("1234".utf8))]))
        return host
    }

    /// As a PIN pad enciphers it, under the published test keys.
    private func pin(_ digits: String, _ scheme: HostPINData.Scheme) throws -> HostPINData {
        let pan = try #require(PAN(HostMessages.pan))
        let pin = try #require(PIN(digits))
        switch scheme {
        case .tdesDUKPT:
            let serial = try KeySerialNumber([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0x00, 0x01])
            let key = try TripleDESDUKPT.transactionKey(baseKey: LabKeys.tdesBaseKey, serial: serial)
            return HostPINData(
                scheme: scheme, keySerialNumber: serial.bytes, block: try PINBlock.encipher(.iso0, pin, pan: pan, under: key))
        case .aesDUKPT:
            let serial = try KeySerialNumber([0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x00, 0x00, 0x00, 0x01])
            let key = try AESDUKPT.transactionKey(baseKey: LabKeys.aesBaseKey, serial: serial)
            return HostPINData(scheme: scheme, keySerialNumber: serial.bytes, block: try PINBlock.encipher(pin, pan: pan, under: key))
        }
    }

    @Test("the right PIN pays; a wrong one is 55, the third 75, and then the right one too", arguments: HostExchangesTests.dialects)
    func tries(_ dialect: String) throws {
        for scheme in [HostPINData.Scheme.tdesDUKPT, .aesDUKPT] {
            var host = try host(dialect)
            #expect(try host.sale(500, pin: pin("1234", scheme)).answer.responseCode == "00")
            #expect(try host.sale(500, pin: pin("4321", scheme)).answer.responseCode == "55")
            #expect(try host.sale(500, pin: pin("1234", scheme)).answer.responseCode == "00")
            for expected in ["55", "55", "75", "75"] {
                #expect(try host.sale(500, pin: pin("99999", scheme)).answer.responseCode == expected)
            }
            #expect(try host.sale(500, pin: pin("1234", scheme)).answer.responseCode == "75")
            #expect(host.net == 1000)
        }
    }

    @Test("a block that opens to no PIN is a format error", arguments: HostExchangesTests.dialects)
    func garbage(_ dialect: String) throws {
        var host = try host(dialect)
        let data = HostPINData(
            scheme: .tdesDUKPT, keySerialNumber: [UInt8](repeating: 0xFF, count: 10), block: SecretBytes([1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(try host.sale(500, pin: data).answer.responseCode == "30")
        #expect(host.net == 0)
    }
}
