import Testing

@testable import Terminal

@Suite("TransactionMachine: the PIN")
struct TransactionMachinePINTests {
    private func atDialogue() -> TransactionMachine {
        var machine = TransactionMachine(rules: .init())
        _ = machine.on(.begin(.freshCard, reversalsDue: false))
        return machine
    }

    @Test("the cashier sees Pin, the cardholder is asked, then the dialogue goes on")
    func asked() {
        var machine = atDialogue()
        #expect(machine.on(.pinNeeded) == [.status(.pin), .show(.enterPIN), .askForPIN])
        #expect(machine.on(.pinNeeded).isEmpty, "asked twice")
        #expect(machine.on(.choiceMade) == [.show(.processing)])
        #expect(machine.on(.pinNeeded).contains(.askForPIN), "a second try")
    }

    @Test("nobody types: 10; who cancels at the keypad: 11; Cancel at the POS: 12; the card pulled: 9")
    func ends() {
        for (event, result) in [
            (TransactionMachine.Event.timer(.cardholder), ResultCode.timeout), (.cardEnded(.timedOut), .timeout),
            (.cardEnded(.cancelled), .cancelledByCardholder), (.cancel, .cancelledByPOS), (.slot(.empty), .cardRemoved),
        ] {
            var machine = atDialogue()
            _ = machine.on(.pinNeeded)
            let actions = machine.on(event)
            #expect(actions.contains(.stopCard), "the keypad is stopped with the card")
            let decisions = actions.compactMap { if case .commitDecision(let decision, _) = $0 { decision.result } else { nil } }
            #expect(decisions == [result])
        }
    }
}
