import Testing

@testable import Lab

@Suite("What the host is told to do wrong")
struct HostFaultsTests {
    @Test(
        "Amount rules by the last two digits",
        arguments: [
            (101, "100"), (102, "107"), (103, "200"), (104, "903"), (105, "111"), (106, "101"), (107, "190"), (108, "190"), (109, "206"),
            (110, "109"), (111, "109"), (112, "110"), (113, "902"), (114, "107"),
        ] as [(Int64, String)])
    func declines(amount: Int64, actionCode: String) {
        var faults = HostFaults()
        #expect(faults.behaviour(of: .financial, amount: amount).verdict == .decline(actionCode))
        #expect(faults.behaviour(of: .authorization, amount: amount + 1000).verdict == .decline(actionCode))
    }

    @Test(
        "Amount rules that approve and then spoil the answer",
        arguments: [
            (120, .init(verdict: .approveHalf)), (121, .init(issuer: .script)), (122, .init(issuer: .wrongCryptogram)),
            (130, .init(delivery: .silence)), (131, .init(delivery: .late)), (132, .init(delivery: .disconnect)),
            (133, .init(delivery: .garbage)), (134, .init(delivery: .wrongSTAN)), (135, .init(delivery: .badMAC)),
            (136, .init(delivery: .twice)),
        ] as [(Int64, HostBehaviour)])
    func spoils(amount: Int64, behaviour: HostBehaviour) {
        var faults = HostFaults()
        #expect(faults.behaviour(of: .financial, amount: amount) == behaviour)
    }

    @Test("Every other amount is approved, and no cents are in the table twice")
    func approves() {
        var faults = HostFaults()
        let ruled = HostAmountRule.table.map { Int64($0.cents) }
        #expect(Set(ruled).count == ruled.count)
        for cents in 0..<100 as Range<Int64> where !ruled.contains(cents) {
            #expect(faults.behaviour(of: .financial, amount: 500 + cents) == HostBehaviour())
        }
    }

    @Test("Amount rules act on 1100 and 1200 only", arguments: [.advice, .reversal, .reconciliation, .network] as [LedgerRequest.Kind])
    func amountRulesReach(kind: LedgerRequest.Kind) {
        var faults = HostFaults()
        for cents in 0..<100 as Range<Int64> { #expect(faults.behaviour(of: kind, amount: cents) == HostBehaviour()) }
    }

    @Test("decline, late, garbage, badMAC, duplicate act on 1100 and 1200; silent and disconnect on everything but 18xx")
    func modesReach() {
        let everywhere: Set<HostMode> = [.silent, .disconnect]
        for mode in HostMode.allCases where mode != .approve && mode != .refuse {
            for kind in LedgerRequest.Kind.allCases {
                var faults = HostFaults()
                faults.mode = mode
                let isTouched = faults.behaviour(of: kind, amount: 500) != HostBehaviour()
                let isPayment = kind == .authorization || kind == .financial
                #expect(isTouched == (isPayment || (everywhere.contains(mode) && kind != .network)), "\(mode) on \(kind)")
            }
        }
    }

    @Test("next goes before mode, mode before the amount rules; next is used up")
    func precedence() {
        var faults = HostFaults()
        faults.mode = .silent
        faults.next = .decline
        #expect(faults.behaviour(of: .financial, amount: 533).verdict == .decline("100"))
        #expect(faults.next == nil)
        #expect(faults.behaviour(of: .financial, amount: 533) == HostBehaviour(delivery: .silence))
        faults.mode = .approve
        #expect(faults.behaviour(of: .financial, amount: 533) == HostBehaviour(delivery: .garbage))
    }

    @Test("next = approve lets one payment through a fault, amount rules on")
    func nextApprove() {
        var faults = HostFaults()
        faults.mode = .silent
        faults.next = .approve
        #expect(faults.behaviour(of: .financial, amount: 501).verdict == .decline("100"))
        #expect(faults.behaviour(of: .financial, amount: 500).delivery == .silence)
    }

    @Test("next waits for a message that it can act on")
    func nextWaits() {
        var faults = HostFaults()
        faults.next = .decline
        #expect(faults.behaviour(of: .network, amount: 0) == HostBehaviour())
        #expect(faults.behaviour(of: .reversal, amount: 500) == HostBehaviour())
        #expect(faults.next == .decline)
        #expect(faults.behaviour(of: .authorization, amount: 500).verdict == .decline("100"))
    }

    @Test("latencyMs delays everything but 18xx; a late answer comes after 35 s or lateMs")
    func delays() {
        var faults = HostFaults()
        #expect(faults.delay(of: .financial, .answer) == 0)
        #expect(faults.delay(of: .financial, .late) == 35_000)
        faults.latencyMilliseconds = 3000
        faults.lateMilliseconds = 400
        #expect(faults.delay(of: .reversal, .answer) == 3000)
        #expect(faults.delay(of: .network, .answer) == 0)
        #expect(faults.delay(of: .financial, .late) == 3000)
        faults.latencyMilliseconds = 0
        #expect(faults.delay(of: .financial, .late) == 400)
    }
}
