import EMV
import Hex
import SmartCard
import Testing

/// A whole sale of 5.00 USD, byte by byte. The card's key is derived from the issuer master key 0123456789ABCDEFFEDCBA9876543210 for PAN
/// 4761739001010119, sequence number 01 (option A); cryptograms as Visa CVN 10 (no session key, zero padding), ARPC by method 1. The same
/// computation gives the published CVN 10 values 29CCA15AE665FA2E and 28993816AFAE4AEB.
@Suite("A sale from the first command to the last")
struct OnlineSaleTests {
    static let exchanges: [ScriptedCard.Exchange] = [
        .init(
            "SELECT directory", "00A404000E315041592E5359532E444446303100",
            "6F1E840E315041592E5359532E4444463031A50C8801015F2D02656E9F1101019000"),
        .init(
            "directory record 1", "00B2010C00",
            "702961274F07A0000000031010500B56495341204352454449549F120B56697361204372656469748701019000"),
        .init("directory record 2", "00B2020C00", "6A83"),
        .init(
            "SELECT application", "00A4040007A000000003101000",
            "6F438407A0000000031010A538500B56495341204352454449548701019F38069F1A029F35015F2D02656E9F1101019F120B5669736120437265646974"
                + "BF0C059F4D020B0A9000"),
        .init("GET PROCESSING OPTIONS", "80A8000005830308402200", "770E82021C00940808010100100101009000"),
        .init(
            "record 1 of file 1", "00B2010C00",
            "703957134761739001010119D25122011143804400000F5F200E43415244484F4C4445522F4C41429F1F1031313433383034343030303030303030"
                + "9000"
        ),
        .init(
            "record 1 of file 2", "00B2011400",
            "7081845A0847617390010101195F3401015F24032512315F25032101015F280208409F0702FF009F0802008C"
                + "8C159F02069F03069F1A0295055F2A029A039C019F37048D178A029F02069F03069F1A0295055F2A029A039C019F3704"
                + "8E0C00000000000000001E031F039F0D05F0404408009F0E0500108800009F0F05F0E0FC98009F420208409000"),
        .init(
            "first GENERATE AC",
            "80AE80001D" + "000000000500" + "000000000000" + "0840" + "8000008000" + "0840" + "251122" + "00" + "52BF4585" + "00",
            "801280002A554D3C96E90921FA06010A03A000009000"),
        .init("EXTERNAL AUTHENTICATE", "008200000A" + "908CA37E676F93EF" + "3030", "9000"),
        .init(
            "second GENERATE AC",
            "80AE40001F" + "3030" + "000000000500" + "000000000000" + "0840" + "8000008000" + "0840" + "251122" + "00" + "52BF4585" + "00",
            "771E9F2701409F3602002A9F26082CB31FFBD3621EF79F100706010A036010009000"),
    ]

    private let approval = IssuerAnswer.answered(
        authorisationResponseCode: [0x30, 0x30], approved: true, iccData: [UInt8](hex: "910A908CA37E676F93EF3030") ?? [])

    @Test("approved online: ARQC out, ARPC in, TC at the end")
    func approved() throws {
        let conversation = try Conversation.hold(TestShop.kernel(), Self.exchanges, host: approval)
        let outcome = conversation.outcome
        #expect(outcome.verdict == .approved && outcome.reason == nil)

        let receipt = outcome.receipt
        #expect(receipt.aid.hex == "A0000000031010" && receipt.label == "VISA CREDIT" && receipt.preferredName == "Visa Credit")
        #expect(receipt.tvr.hex == "8000008000" && receipt.tsi.hex == "7800")
        #expect(receipt.cvmResults.hex == "1E0300" && receipt.cvm == .signature)
        #expect(receipt.cryptogram.hex == "2CB31FFBD3621EF7" && receipt.cryptogramInformation == 0x40 && receipt.atc.hex == "002A")

        let card = try #require(outcome.card)
        #expect(card.pan.lastFour == "0119" && card.pan.count == 16 && card.expiry == "2512" && card.panSequenceNumber == 1)
        let track = try #require(card.track2)
        #expect(track.withBytes { String(decoding: $0, as: UTF8.self) } == "4761739001010119=25122011143804400000")
    }

    @Test("field 55 of the request holds the objects in the contract's order, as they were when the ARQC was made")
    func request() throws {
        let online = try #require(try Conversation.hold(TestShop.kernel(), Self.exchanges, host: approval).online)
        let expected =
            "9F2608554D3C96E90921FA" + "9F270180" + "9F100706010A03A00000" + "9F370452BF4585" + "9F3602002A" + "95058000008000"
            + "9A03251122"
            + "9C0100" + "9F0206000000000500" + "5F2A020840" + "82021C00" + "9F1A020840" + "9F0306000000000000" + "9F3303E02800"
            + "9F34031E0300" + "9F350122" + "9F1E083030303030303030" + "8407A0000000031010" + "9F0902008C" + "9F410400001234" + "5F340101"
        #expect(online.iccData.hex == expected)
        #expect(online.card.pan.lastFour == "0119")
    }

    @Test("field 55 of a later reversal says how the card's part ended")
    func final() throws {
        let outcome = try Conversation.hold(TestShop.kernel(), Self.exchanges, host: approval).outcome
        #expect(
            outcome.finalICCData.hex == "9F100706010A03601000" + "95058000008000" + "9B027800" + "9F26082CB31FFBD3621EF7" + "9F270140"
                + "9F3602002A")
    }

    @Test("a card that answers the issuer's approval with AAC is the card's refusal")
    func refusedByCard() throws {
        var exchanges = Self.exchanges
        let last = exchanges.removeLast()
        exchanges.append(.init(last.name, last.command.hex, TestCard.aac))
        let outcome = try Conversation.hold(TestShop.kernel(), exchanges, host: approval).outcome
        #expect(outcome.verdict == .declined && outcome.reason == "cardRefusedAfterIssuerApproval")
        #expect(outcome.finalICCData.hex.contains("9F270100"))
    }

    @Test("the card may be lost at any step: the dialogue ends there")
    func lost() throws {
        for steps in 0..<Self.exchanges.count {
            var kernel = TestShop.kernel()
            var actions = kernel.on(.start(answerToReset: []))
            var card = ScriptedCard(Self.exchanges)
            for _ in 0..<steps {
                if case .transmit(let command) = actions.first { actions = kernel.on(.response(try card.answer(command))) }
                if case .goOnline = actions.first { actions = kernel.on(.hostAnswered(approval)) }
            }
            guard case .finished(let outcome) = kernel.on(.cardLost).first else {
                Issue.record("not finished after \(steps) answers")
                continue
            }
            #expect(outcome.verdict == .cardLost)
            #expect(kernel.on(.start(answerToReset: [])).isEmpty && kernel.on(.cardLost).isEmpty, "nothing follows the end")
        }
    }

    @Test("an event that does not fit ends the dialogue instead of leaving the caller waiting")
    func unexpected() {
        for event in [.response(ResponseAPDU(status: .success)), .applicationChosen(0), .hostAnswered(.unableToGoOnline)] as [KernelEvent] {
            var kernel = TestShop.kernel()
            guard case .finished(let outcome) = kernel.on(event).first else {
                Issue.record("\(event) was not refused")
                continue
            }
            #expect(outcome.verdict == .terminated && outcome.reason == "unexpectedEvent")
        }
    }

    @Test("printing or dumping the kernel, the request or the outcome shows no card data")
    func nothingPrinted() throws {
        var kernel = TestShop.kernel()
        var actions = kernel.on(.start(answerToReset: []))
        var card = ScriptedCard(Self.exchanges)
        var texts: [String] = []
        while case .transmit(let command) = actions.first {
            actions = kernel.on(.response(try card.answer(command)))
            var dumped = ""
            dump(kernel, to: &dumped)
            dump(actions, to: &dumped)
            texts += ["\(kernel)", "\(actions)", String(reflecting: kernel), dumped]
        }
        guard case .goOnline = actions.first else {
            Issue.record("the kernel did not go online")
            return
        }
        for text in texts {
            #expect(!text.contains("4761739001010119") && !text.contains("25122011") && !text.contains("CARDHOLDER"))
            #expect(!text.contains("71, 97, 115, 144"), "the account number as decimal bytes")
        }
    }
}
