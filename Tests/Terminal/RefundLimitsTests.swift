import Testing

@testable import Terminal

@Suite("Refunds without an original: limits per transaction and day (pos-protocol, section 1)")
struct RefundLimitsTests {
    @Test("an amount above the limit, and one that exceeds the day's sum, is 201")
    func limits() {
        let limits = RefundLimits(perTransaction: 500, perDay: 1200)
        #expect(limits.refusal(of: 500, refunded: 0) == nil)
        #expect(limits.refusal(of: 501, refunded: 0)?.result == .notAllowed)
        #expect(limits.refusal(of: 200, refunded: 1000) == nil)
        #expect(limits.refusal(of: 201, refunded: 1000)?.result == .notAllowed)
        #expect(limits.refusal(of: 1, refunded: .max)?.result == .notAllowed)
        #expect(RefundLimits(perTransaction: 0, perDay: 0).refusal(of: 1, refunded: 0)?.result == .notAllowed)
    }

    @Test("a linked refund and every other type are free of them")
    func concern() {
        var request = TransactionRequest(type: .refund)
        #expect(RefundLimits.concern(request))
        request.cardToken = "T"
        #expect(RefundLimits.concern(request))
        request.originalAuthCode = "A"
        #expect(!RefundLimits.concern(request))
        #expect(!RefundLimits.concern(TransactionRequest(type: .sale)))
    }

    @Test("the terminal refuses by the journal of the day")
    func engine() async throws {
        let rig = try await Rig(parameters: ["REFUNDLIMIT": "400", "REFUNDDAYLIMIT": "1000"])
        var request = TransactionRequest(type: .refund)
        request.requestedAmount = 401
        guard case .refused(let answer) = await rig.engine.begin(request, peer: PeerIdentity("P"), report: { _ in }) else {
            Issue.record("accepted")
            return
        }
        #expect(answer.result == .notAllowed)
    }
}
