import EMV
import SmartCard
import Testing

@Suite("A floor limit without store and forward")
struct FloorLimitTests {
    private let card = TestCard.offlineCapable

    /// Action codes that forbid nothing: the floor limit must bind by itself.
    private func kernel(amount: Int64, type: UInt8 = 0x22, floorLimit: Int64 = 1_000) -> ContactKernel {
        var terminal = TestShop.terminal
        terminal.type = TerminalType(rawValue: type)
        var application = TestShop.lenient
        application.floorLimit = floorLimit
        var transaction = TestShop.transaction(amount: amount)
        transaction.floorLimitBinds = true
        return TestShop.kernel(terminal: terminal, applications: [application], transaction: transaction)
    }

    @Test("under the limit a card is asked for its approval, from the limit on the issuer is asked, whatever the action codes say")
    func binds() throws {
        _ = try card.expect(kernel(amount: 999), request: "40", tvr: "8000000000")
        _ = try card.expect(kernel(amount: 1_000), request: "80", tvr: "8000008000")
        _ = try card.expect(kernel(amount: 1, floorLimit: 0), request: "80", tvr: "8000008000")
    }

    @Test("a card that wants to go online under the limit is declined when the host cannot be reached (Z3)")
    func unreachable() throws {
        let exchanges =
            card.opening + [
                TestCard.firstCryptogram("40", "8000000000", "0800", "3F0000", TestCard.arqc),
                TestCard.secondCryptogram("00", "Z3", "8000000000", "2800", TestCard.aac),
            ]
        let outcome = try Conversation.hold(kernel(amount: 999), exchanges, host: .unableToGoOnline).outcome
        #expect(outcome.verdict == .declined && outcome.reason == "unableToGoOnline")
    }

    @Test("a terminal without a line approves under the limit and declines from it on")
    func offlineOnly() throws {
        _ = try card.expect(kernel(amount: 999, type: 0x23), request: "40", tvr: "8000000000")
        _ = try card.expect(kernel(amount: 1_000, type: 0x23), request: "00", tvr: "8000008000")
    }
}
