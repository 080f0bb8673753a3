import Seeds
import Hex
import ISO8583
import Keys
import SmartCard
import Testing

@testable import Lab

@Suite("The host, message by message")
struct HostMachineTests {
    let messages: HostMessages
    var machine: HostMachine

    init() throws {
        messages = try HostMessages()
        machine = HostMachine(dialect: messages.dialect)
    }

    private mutating func send(_ message: Message) throws -> HostOutcomes {
        HostOutcomes(machine.received(try messages.bytes(message), time: "2026-07-28T12:00:00.000Z"))
    }

    private mutating func answer(_ message: Message) throws -> Message {
        let outcomes = try send(message)
        let frame = try #require(outcomes.frames.first, "no answer: \(outcomes.notes)")
        return try messages.answer(frame.bytes)
    }

    @Test("Every answer has the fields that its dialect wants and echoes the request")
    mutating func answersFitTheDialect() throws {
        let requests: [Message] = [
            messages.network(stan: 1, function: "801"), messages.payment(stan: 2, amount: 500), messages.payment(stan: 3, amount: 501),
            messages.payment("1100", stan: 4, amount: 700, function: "100"), try messages.reversal(stan: 5, of: 2, amount: 500),
            try messages.reversal(stan: 6, of: 77, amount: 500), try messages.reconciliation(stan: 7, net: 0),
            try messages.reconciliation(stan: 8, net: 1),
            messages.payment("1100", stan: 9, amount: 0, processing: "310000", function: "108"),
        ]
        for request in requests {
            let answer = try answer(request)
            #expect(messages.dialect.answerFault(answer, to: request) == nil, "\(request) -> \(answer)")
            #expect(messages.dialect.presenceFault(answer) == nil, "\(request) -> \(answer)")
        }
    }

    @Test("A sale is approved with an approval code and posted")
    mutating func sale() throws {
        let answer = try answer(messages.payment(stan: 1, amount: 500))
        #expect(answer.mti == "1210" && answer.text(39) == "000" && answer.text(38)?.utf8.count == 6)
        #expect(machine.ledger.netByBatch == ["000001": 500])
        #expect(machine.ledger.transactions.first?.account == "476173******0119")
    }

    @Test("A decline has no approval code and posts nothing")
    mutating func decline() throws {
        let answer = try answer(messages.payment(stan: 1, amount: 501))
        #expect(answer.text(39) == "100" && answer.text(38) == nil)
        #expect(machine.ledger.netByBatch == ["000001": 0])
    }

    @Test("A partial approval carries half in 4 and the amount asked in 30")
    mutating func partial() throws {
        let request = messages.payment(stan: 1, amount: 520)
        let answer = try answer(request)
        #expect(answer.text(39) == "002" && answer.text(4) == "000000000260" && answer.text(30) == "000000000520000000000000")
        #expect(messages.dialect.answerFault(answer, to: request, except: [4]) == nil)
        #expect(machine.ledger.netByBatch == ["000001": 260])
    }

    @Test("Network messages are answered 800", arguments: ["801", "802", "831"])
    mutating func network(function: String) throws {
        let answer = try answer(messages.network(stan: 1, function: function))
        #expect(answer.mti == "1814" && answer.text(39) == "800" && answer.text(24) == function)
        #expect(machine.ledger.messages.count == 1)
    }

    @Test("A balance inquiry is answered with a balance in 54")
    mutating func balance() throws {
        let answer = try answer(messages.payment("1100", stan: 1, amount: 0, processing: "310000", function: "108"))
        #expect(answer.text(54) == "0002840C000001000000")
    }

    @Test("A silent host has heard: the sale is posted and the reversal takes it back")
    mutating func silence() throws {
        #expect(try send(messages.payment(stan: 1, amount: 530)).frames.isEmpty)
        #expect(machine.ledger.netByBatch == ["000001": 530])
        #expect(try answer(messages.reversal(stan: 2, of: 1, amount: 530)).text(39) == "400")
        #expect(machine.ledger.netByBatch == ["000001": 0])
    }

    @Test("Spoilt deliveries do what their amount rule says")
    mutating func deliveries() throws {
        let late = try #require(try send(messages.payment(stan: 1, amount: 531)).frames.first)
        #expect(late.delay == 35_000)
        let closed = try send(messages.payment(stan: 2, amount: 532))
        #expect(closed.isClosed && closed.frames.isEmpty)
        let garbage = try #require(try send(messages.payment(stan: 3, amount: 533)).frames.first)
        #expect(throws: ISO8583Error.self) { try messages.decoder.decode(Array(garbage.bytes.dropFirst(2))) }
        #expect(try answer(messages.payment(stan: 4, amount: 534)).text(11) == "000005")
        #expect(try answer(messages.payment(stan: 999_999, amount: 534)).text(11) == "000001")
        let badMAC = try messages.decoder.decode(
            Array(#require(try send(messages.payment(stan: 6, amount: 535)).frames.first).bytes.dropFirst(2)))
        let right = try CMAC.code(for: badMAC.authenticated, key: LabKeys.hostMAC, length: 8)
        #expect(badMAC.mac != nil && badMAC.mac != right)
        let twice = try send(messages.payment(stan: 7, amount: 536)).frames
        #expect(twice.count == 2 && twice.first?.bytes == twice.last?.bytes)
        #expect(machine.ledger.transactions.allSatisfy { $0.state == .approved }, "a lost answer loses nothing else")
    }

    @Test("A repeat of any kind gets the very same answer")
    mutating func repeats() throws {
        let sale = try #require(try send(messages.payment(stan: 1, amount: 500)).frames.first).bytes
        #expect(try #require(try send(messages.payment(stan: 1, amount: 500)).frames.first).bytes == sale)
        let first = try #require(try send(messages.reversal("1420", stan: 2, of: 1, amount: 500)).frames.first).bytes
        #expect(try #require(try send(messages.reversal("1421", stan: 2, of: 1, amount: 500)).frames.first).bytes == first)
        #expect(machine.ledger.transactions.count == 1)
        #expect(machine.ledger.messages.count == 4, "every message stands in the books")
    }

    @Test("A reconciliation compares 97 and answers 501 with the host's net")
    mutating func reconciliation() throws {
        _ = try answer(messages.payment(stan: 1, amount: 500))
        _ = try answer(messages.payment(stan: 2, amount: 700, processing: "200000"))
        let refused = try answer(messages.reconciliation(stan: 3, net: 500))
        #expect(refused.text(39) == "501" && refused.text(97) == "C0000000000000200")
        let balanced = try answer(messages.reconciliation(stan: 4, net: -200))
        #expect(balanced.text(39) == "500" && balanced.text(97) == nil)
    }

    @Test("A message with a wrong MAC or none gets 916 and moves nothing")
    mutating func wrongMAC() throws {
        var bytes = try messages.bytes(messages.payment(stan: 1, amount: 500))
        bytes[bytes.count - 1] ^= 1
        let bare = try messages.encoder.encode(messages.payment(stan: 1, amount: 500))
        for request in [bytes, bare] {
            let outcomes = HostOutcomes(machine.received(request, time: ""))
            #expect(try messages.answer(#require(outcomes.frames.first).bytes).text(39) == "916")
        }
        #expect(machine.ledger.transactions.isEmpty)
    }

    @Test("A message without a mandatory field, or with a malformed 48, 56 or 97, gets 904 and moves nothing")
    mutating func formatError() throws {
        var noCurrency = messages.payment(stan: 1, amount: 500)
        noCurrency.set(49, nil)
        var badPrivate = messages.payment(stan: 2, amount: 500)
        badPrivate.set(48, "01999000001")
        var badOriginal = try messages.reversal(stan: 3, of: 1, amount: 500)
        badOriginal.set(56, "120000000126072812000099")
        for message in [noCurrency, badPrivate, badOriginal] { #expect(try answer(message).text(39) == "904") }
        #expect(machine.ledger.transactions.isEmpty)
    }

    @Test("1101 and 1201 do not exist: not answered, and visible in the books", arguments: ["1101", "1201", "1210", "9999"])
    mutating func noSuchRequest(mti: String) throws {
        let outcomes = try send(messages.payment(mti, stan: 1, amount: 500))
        #expect(outcomes.frames.isEmpty && !outcomes.isClosed)
        #expect(machine.ledger.messages.map(\.messageType) == [mti])
        #expect(machine.ledger.transactions.isEmpty)
    }

    @Test("Truncated, altered and random bytes never trap and never post twice", arguments: 0..<8)
    mutating func anyBytes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let good = try messages.bytes(messages.payment(stan: 1, amount: 500))
        for length in 0..<good.count { _ = machine.received(Array(good[..<length]), time: "") }
        for _ in 0..<2000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if bytes != good { _ = machine.received(bytes, time: "") }
            let noise = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(HostOutcomes(machine.received(noise, time: "")).frames.isEmpty)
        }
        #expect(machine.ledger.transactions.isEmpty, "nothing that was altered has a right MAC")
    }

    @Test("The books hold no card data: PAN, track, expiry, PIN data, chip's card tags")
    mutating func masked() throws {
        var message = messages.payment(stan: 1, amount: 500)
        message.set(2, secret: SecretBytes(HostMessages.pan.utf8))
        message.set(14, "3012")
        message.set(45, secret: SecretBytes("B\(HostMessages.pan)^DOE/JOHN^30122010000".utf8))
        message.set(52, secret: SecretBytes([1, 2, 3, 4, 5, 6, 7, 8]))
        message.set(55, bytes: [UInt8](hex: "9F2608112233445566778857124761739001010119D301220101234567890F5A084761739001010119"))
        message.set(48, "0100600000106004QUJD10016\(HostMessages.pan)")
        _ = try send(message)
        let text = machine.ledger.json.text
        for secret in [HostMessages.pan, "4761739001010119D", "30122010", "DOE", "0102030405060708", "QUJD", "739001"] {
            #expect(!text.contains(secret), "a secret stands in the books")
        }
        let fields = try #require(machine.ledger.messages.first?.fields)
        #expect(fields[2] == "476173******0119" && fields[35] == "476173******0119" && fields[52] == "****" && fields[14] == "****")
        #expect(fields[55]?.hasPrefix("9F26081122334455667788") == true)
    }

    // MARK: Chip

    /// 55 of a Visa card with CVN 18 and the lab's issuer key, its ARQC computed here.
    private func chipData(amount: String = "000000000500") throws -> [UInt8] {
        let pan = try #require(PAN(HostMessages.pan))
        let issuerData = try #require([UInt8](hex: "06011203A0B000"))
        let data = try #require(
            [UInt8](hex: amount + "000000000000" + "0840" + "8000048000" + "0840" + "260728" + "00" + "52BF4585" + "1800" + "001C"))
        let cardKey = try CardCryptography.cardMasterKey(issuerKey: IssuerCryptography.labMasterKey, pan: pan, panSequenceNumber: 1)
        let key = try CryptogramVersion.cvn18.key(cardKey: cardKey, transactionCounter: 0x1C)
        let cryptogram = try CryptogramVersion.cvn18.cryptogram(over: data + issuerData, key: key)
        let text =
            "9F2608\(cryptogram.hex)9F100706011203A0B0009F370452BF45859F3602001C950580000480009A032607289C01009F0206\(amount)"
            + "5F2A020840820218009F1A0208409F0306000000000000"
        return try #require([UInt8](hex: text))
    }

    private func chipPayment(stan: Int, amount: Int, iccData: [UInt8]) -> Message {
        var message = messages.payment(stan: stan, amount: amount)
        message.set(23, "001")
        message.set(55, bytes: iccData)
        return message
    }

    @Test("A right cryptogram is answered with 91: ARPC over the response code that the terminal will see")
    mutating func issuerAuthentication() throws {
        machine = HostMachine(dialect: messages.dialect, issuer: IssuerCryptography())
        let pan = try #require(PAN(HostMessages.pan))
        let iccData = try chipData()
        guard case .valid(let verified) = IssuerCryptography().verify(iccData: iccData, pan: pan, panSequenceNumber: 1) else {
            Issue.record("the test's own cryptogram is wrong")
            return
        }
        let approved = try answer(chipPayment(stan: 1, amount: 500, iccData: iccData))
        #expect(approved.text(39) == "000")
        #expect(approved.bytes(55) == (try verified.responseICCData(responseCode: Array("00".utf8))))
        let declined = try answer(chipPayment(stan: 2, amount: 501, iccData: iccData))
        #expect(declined.text(39) == "100")
        #expect(declined.bytes(55) == (try verified.responseICCData(responseCode: Array("05".utf8))))
        let wrong = try answer(chipPayment(stan: 3, amount: 522, iccData: iccData))
        #expect(wrong.text(39) == "000")
        #expect(wrong.bytes(55) == (try verified.responseICCData(responseCode: Array("00".utf8), corrupted: true)))
        let script = try answer(chipPayment(stan: 4, amount: 521, iccData: iccData))
        #expect(try BERTLV.parse(script.bytes(55) ?? []).map(\.tag) == [0x91, 0x72])
        #expect(try BERTLV.parse(script.bytes(55) ?? []).last?.children.map(\.tag) == [0x9F18, 0x86])
    }

    @Test("A wrong cryptogram is declined, whatever the amount; data that cannot be checked too")
    mutating func wrongCryptogram() throws {
        machine = HostMachine(dialect: messages.dialect, issuer: IssuerCryptography())
        var iccData = try chipData()
        iccData[3] ^= 1
        let declined = try answer(chipPayment(stan: 1, amount: 500, iccData: iccData))
        #expect(declined.text(39) == "129" && messages.dialect.action("129").meaning == .declined)
        #expect(try answer(chipPayment(stan: 2, amount: 500, iccData: Array(iccData.dropLast(9)))).text(39) == "904")
        #expect(try answer(chipPayment(stan: 3, amount: 500, iccData: [0x9F, 0x26])).text(39) == "904")
        #expect(machine.ledger.netByBatch == ["000001": 0])
    }
}
