import Seeds
import Testing

@testable import Lab

@Suite("The books of the host")
struct HostLedgerTests {
    @Test("A 1200 posts, a refund negative, a decline nothing")
    func financialPosts() throws {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500)
        script.send("1200", 2, amount: 120, processing: "200000")
        script.send("1200", 3, amount: 999, approve: .some(nil))
        #expect(try script.transaction("1200", 1).net == 500)
        #expect(try script.transaction("1200", 1).type == "SALE")
        #expect(try script.transaction("1200", 2).net == -120)
        #expect(try script.transaction("1200", 2).type == "REFUND")
        #expect(try script.transaction("1200", 3).net == 0)
        #expect(try script.transaction("1200", 3).state == .declined)
        #expect(script.ledger.netByBatch == ["000001": 380])
    }

    @Test("An 1100 is a hold and nets zero")
    func authorizationHolds() throws {
        var script = LedgerScript()
        script.send("1100", 1, amount: 700, function: "100")
        let held = try script.transaction("1100", 1)
        #expect(held.hold == 700 && held.net == 0 && held.state == .approved && held.type == "AUTHORIZATION")
    }

    @Test("An inquiry (24 = 108) moves nothing")
    func inquiryMovesNothing() throws {
        var script = LedgerScript()
        script.send("1100", 1, amount: 0, processing: "310000", function: "108")
        #expect(try script.transaction("1100", 1).hold == 0)
        #expect(try script.transaction("1100", 1).type == "BALANCE_INQUIRY")
    }

    @Test("A 1220 with 56 replaces the hold of its original, never adds")
    func completionReplacesHold() throws {
        var script = LedgerScript()
        script.send("1100", 1, amount: 700, function: "100")
        #expect(script.send("1220", 2, amount: 650, function: "202", original: LedgerScript.key("1100", 1)).actionCode == "000")
        #expect(try script.transaction("1100", 1).hold == 0)
        #expect(try script.transaction("1220", 2).net == 650)
        #expect(try script.transaction("1220", 2).type == "COMPLETION")
        #expect(try script.transaction("1220", 2).account == "476173******0119", "a follow-up has its original's account")
        #expect(script.ledger.netByBatch == ["000001": 650])
    }

    @Test("Two 1220 for one 1200: the last one counts alone")
    func tipAdjustReplacesPosting() throws {
        var script = LedgerScript()
        script.send("1200", 1, amount: 1000)
        script.send("1220", 2, amount: 1150, function: "601", original: LedgerScript.key("1200", 1))
        script.send("1220", 3, amount: 1200, function: "601", original: LedgerScript.key("1200", 1))
        #expect(script.ledger.netByBatch == ["000001": 1200])
        #expect(try script.transaction("1220", 3).type == "TIP_ADJUST")
        script.send("1420", 4, reason: "4000", original: LedgerScript.key("1220", 3))
        #expect(script.ledger.netByBatch == ["000001": 1150])
    }

    @Test("A 1220 without 56 posts on its own")
    func storeAndForwardPosts() throws {
        var script = LedgerScript()
        #expect(script.send("1220", 1, amount: 300, reason: "1004").isApproved)
        #expect(try script.transaction("1220", 1).net == 300)
    }

    @Test("A 1220 whose original is not there or no longer stands is refused with 914")
    func adviceNeedsItsOriginal() throws {
        var script = LedgerScript()
        #expect(script.send("1220", 1, amount: 300, function: "201", original: LedgerScript.key("1100", 9)).actionCode == "914")
        #expect(try script.transaction("1220", 1).state == .declined)
        script.send("1100", 2, amount: 300, function: "100")
        script.send("1420", 3, reason: "4000", original: LedgerScript.key("1100", 2))
        #expect(script.send("1220", 4, amount: 300, function: "201", original: LedgerScript.key("1100", 2)).actionCode == "914")
        #expect(script.ledger.netByBatch == ["000001": 0])
    }

    @Test("A batch upload posts what the host has missed")
    func uploadPosts() throws {
        var script = LedgerScript()
        #expect(script.send("1220", 1, amount: 300, function: "610", original: LedgerScript.key("1200", 9)).isApproved)
        #expect(script.ledger.netByBatch == ["000001": 300])
    }

    @Test("A 1420 naming a 1200 brings it to zero: 4000 voids, all else reverses")
    func reversalOfFinancial() throws {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500)
        script.send("1200", 2, amount: 600)
        #expect(script.send("1420", 3, reason: "4000", original: LedgerScript.key("1200", 1)).actionCode == "400")
        #expect(script.send("1420", 4, reason: "4021", original: LedgerScript.key("1200", 2)).actionCode == "400")
        #expect(try script.transaction("1200", 1).state == .voided)
        #expect(try script.transaction("1200", 2).state == .reversed)
        #expect(script.ledger.netByBatch == ["000001": 0])
    }

    @Test("A partial approval that was not asked for is reversed by 4000, one that was asked for is voided")
    func reversalOfPartial() throws {
        var script = LedgerScript()
        script.send("1200", 1, amount: 520, approve: 260)
        script.send("1200", 2, amount: 520, approve: 260, partialAllowed: true)
        #expect(script.ledger.netByBatch == ["000001": 520])
        script.send("1420", 3, reason: "4000", original: LedgerScript.key("1200", 1))
        script.send("1420", 4, reason: "4000", original: LedgerScript.key("1200", 2))
        #expect(try script.transaction("1200", 1).state == .reversed)
        #expect(try script.transaction("1200", 2).state == .voided)
        #expect(script.ledger.netByBatch == ["000001": 0])
    }

    @Test("A 1420 naming an original takes along all that incremented or replaced it")
    func reversalOfFamily() throws {
        var script = LedgerScript()
        script.send("1100", 1, amount: 700, function: "100")
        script.send("1100", 2, amount: 100, function: "106", original: LedgerScript.key("1100", 1))
        script.send("1220", 3, amount: 800, function: "201", original: LedgerScript.key("1100", 1))
        script.send("1420", 4, reason: "4000", original: LedgerScript.key("1100", 1))
        #expect(try script.transaction("1100", 1).state == .voided)
        #expect(try script.transaction("1100", 2).state == .voided)
        #expect(try script.transaction("1220", 3).state == .voided)
        #expect(script.ledger.transactions.allSatisfy { $0.net == 0 && $0.hold == 0 })
    }

    @Test("A 1420 naming an increment brings only that to zero")
    func reversalOfIncrement() throws {
        var script = LedgerScript()
        script.send("1100", 1, amount: 700, function: "100")
        script.send("1100", 2, amount: 100, function: "106", original: LedgerScript.key("1100", 1))
        #expect(script.ledger.transactions.map(\.hold) == [700, 100])
        #expect(try script.transaction("1100", 2).type == "INCREMENTAL_AUTHORIZATION")
        script.send("1420", 3, reason: "4021", original: LedgerScript.key("1100", 2))
        #expect(script.ledger.transactions.map(\.hold) == [700, 0])
    }

    @Test("A 1420 naming a completion opens the hold and its increments again; the second 1420 releases them")
    func voidOfCompletion() throws {
        var script = LedgerScript()
        script.send("1100", 1, amount: 700, function: "100")
        script.send("1100", 2, amount: 100, function: "106", original: LedgerScript.key("1100", 1))
        script.send("1220", 3, amount: 800, function: "201", original: LedgerScript.key("1100", 1))
        #expect(script.ledger.transactions.map(\.hold) == [0, 0, 0])
        script.send("1420", 4, reason: "4000", original: LedgerScript.key("1220", 3))
        #expect(script.ledger.transactions.map(\.hold) == [700, 100, 0])
        #expect(script.ledger.netByBatch == ["000001": 0])
        script.send("1420", 5, reason: "4000", original: LedgerScript.key("1100", 1))
        #expect(script.ledger.transactions.map(\.hold) == [0, 0, 0])
    }

    @Test("An increment on nothing is declined 914")
    func incrementNeedsItsHold() {
        var script = LedgerScript()
        #expect(script.send("1100", 1, amount: 100, function: "106", original: LedgerScript.key("1100", 9)).actionCode == "914")
        #expect(script.ledger.transactions.map(\.hold) == [0])
    }

    @Test("A linked refund refers to its sale and does not replace it")
    func linkedRefund() throws {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500)
        script.send("1200", 2, amount: 200, processing: "200000", original: LedgerScript.key("1200", 1))
        #expect(script.ledger.netByBatch == ["000001": 300])
        script.send("1420", 3, reason: "4021", original: LedgerScript.key("1200", 2))
        #expect(script.ledger.netByBatch == ["000001": 500])
    }

    @Test(
        "A 1420 for something unseen gets 914, is remembered, and the original arriving later is declined",
        arguments: ["1200", "1100", "1220"])
    func unseenOriginal(messageType: String) throws {
        var script = LedgerScript()
        let original = LedgerScript.key(messageType, 7)
        #expect(script.send("1420", 8, amount: 500, reason: "4021", original: original).actionCode == "914")
        #expect(try script.transaction(messageType, 7).state == .unknownOriginal)
        let late = script.send(messageType, 7, amount: 500)
        #expect(!late.isApproved && late.actionCode == "902")
        #expect(script.ledger.transactions.count == 1)
        #expect(try script.transaction(messageType, 7).state == .declined)
        #expect(script.ledger.netByBatch == ["000001": 0])
        #expect(script.send("1421", 8, amount: 500, reason: "4021", original: original).actionCode == "914", "as the first was")
    }

    @Test("A reversal of what was declined is accepted and changes nothing")
    func reversalOfDeclined() throws {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500, approve: .some(nil))
        #expect(script.send("1420", 2, reason: "4021", original: LedgerScript.key("1200", 1)).actionCode == "400")
        #expect(try script.transaction("1200", 1).state == .declined)
    }

    @Test("A second reversal of the same original is accepted and changes nothing")
    func secondReversal() throws {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500)
        script.send("1420", 2, reason: "4021", original: LedgerScript.key("1200", 1))
        #expect(script.send("1420", 3, reason: "4000", original: LedgerScript.key("1200", 1)).actionCode == "400")
        #expect(try script.transaction("1200", 1).state == .reversed)
    }

    @Test("A repeat is answered as the first was and posts nothing")
    func repeats() throws {
        var script = LedgerScript()
        let first = script.send("1200", 1, amount: 500)
        #expect(script.send("1200", 1, amount: 500, approve: .some(nil)) == first)
        #expect(script.ledger.netByBatch == ["000001": 500])
        let advice = script.send("1220", 2, amount: 300)
        #expect(script.send("1221", 2, amount: 300) == advice)
        #expect(script.ledger.netByBatch == ["000001": 800])
        let reversal = script.send("1420", 3, reason: "4021", original: LedgerScript.key("1200", 1))
        #expect(script.send("1421", 3, reason: "4021", original: LedgerScript.key("1200", 1)) == reversal)
        #expect(script.ledger.netByBatch == ["000001": 300])
    }

    @Test("An advice for a batch that has balanced counts in the next one, a tip for one of its sales with the difference")
    func adviceAfterReconciliation() throws {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500)
        #expect(script.send("1520", 2, reportedNet: 400).actionCode == "501")
        script.send("1220", 3, amount: 100)
        #expect(script.send("1520", 4, reportedNet: 600).actionCode == "500")
        script.send("1220", 5, amount: 700)
        script.send("1220", 6, amount: 550, function: "690", original: LedgerScript.key("1200", 1))
        #expect(script.ledger.netByBatch == ["000001": 600, "000002": 750])
        script.send("1220", 7, amount: 520, function: "690", original: LedgerScript.key("1200", 1))
        #expect(script.ledger.netByBatch == ["000001": 600, "000002": 720])
        #expect(script.send("1520", 8, batch: "000002", reportedNet: 720).actionCode == "500")
        script.send("1220", 9, amount: 510, function: "690", original: LedgerScript.key("1200", 1))
        #expect(script.ledger.netByBatch == ["000001": 600, "000002": 720, "000003": -10])
    }

    @Test("Equal STANs of two terminals are two exchanges")
    func terminalsApart() {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500)
        script.send("1200", 1, amount: 700, terminal: "TERM0002")
        #expect(script.ledger.net(batch: "000001", terminal: "TERM0001") == 500)
        #expect(script.ledger.net(batch: "000001", terminal: "TERM0002") == 700)
        #expect(script.ledger.netByBatch == ["000001": 1200])
    }

    @Test("A reconciliation balances when its net is the host's: 500, else 501 with the host's; a new 1520 is compared anew")
    func reconciliation() {
        var script = LedgerScript()
        script.send("1200", 1, amount: 500)
        script.send("1200", 2, amount: 200, processing: "200000")
        script.send("1200", 3, amount: 900, batch: "000002")
        let refused = script.send("1520", 4, reportedNet: 500)
        #expect(refused.actionCode == "501" && refused.net == 300)
        #expect(script.send("1521", 4, reportedNet: 500) == refused)
        #expect(script.send("1520", 5, reportedNet: 300).actionCode == "500")
    }

    @Test("Approval codes are unique in a batch, beside those that terminals made")
    func approvalCodes() {
        var script = LedgerScript()
        let taken = HostLedger().nextApprovalCode(batch: "000001")
        script.send("1220", 5000, amount: 1, approvalCode: taken)
        var codes: Set<String> = [taken]
        for stan in 1...2000 {
            let code = script.send("1200", stan, amount: 100).approvalCode ?? ""
            #expect(code.utf8.count == 6)
            codes.insert(code)
        }
        #expect(codes.count == 2001)
    }

    @Test("Whatever comes, every family's worth is that of one of its members or of its holds", arguments: 0..<40)
    func invariant(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var script = LedgerScript()
        var sent: [HostExchangeKey] = []
        for stan in 1...200 {
            let original = Bool.random(using: &random) ? sent.randomElement(using: &random) : LedgerScript.key("1200", stan + 500)
            let amount = Int64.random(in: 1...999_999_999_999, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: script.send("1200", stan, amount: amount)
            case 1: script.send("1100", stan, amount: amount, function: "100")
            case 2: script.send("1100", stan, amount: amount, function: "106", original: original)
            case 3: script.send("1220", stan, amount: amount, function: "202", original: original)
            default: script.send("1420", stan, reason: "4021", original: original)
            }
            if let last = script.ledger.transactions.last { sent.append(last.key) }
        }
        for (index, transaction) in script.ledger.transactions.enumerated() {
            if transaction.state != .approved { #expect(transaction.net == 0 && transaction.hold == 0) }
            #expect(transaction.net == 0 || transaction.hold == 0)
            guard transaction.root == index else { continue }
            let family = script.ledger.transactions.filter { $0.root == index }
            #expect(family.filter { $0.net != 0 }.count <= 1, "two postings stand for one sale")
            if transaction.state != .approved { #expect(family.allSatisfy { $0.net == 0 && $0.hold == 0 }) }
        }
    }
}
