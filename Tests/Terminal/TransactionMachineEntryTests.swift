import Testing

@testable import Terminal

@Suite("Cards outside the chip slot, and fallback (pos-protocol, sections 2 to 4)")
struct TransactionMachineEntryTests {
    private typealias Machine = TransactionMachine

    private func machine(
        _ ways: Set<Machine.EntryWay> = [.chip, .contactless, .swipe], failures: Int = 0
    ) -> MachineRun {
        var run = MachineRun()
        var rules = Machine.Rules()
        rules.ways = ways
        rules.failedChipReads = failures
        run.machine = Machine(rules: rules)
        return run
    }

    /// The host approves a card that is not in the slot, where another one comes and goes meanwhile.
    private func expectPaid(_ run: inout MachineRun) {
        run.on(.onlineRequested)
        run.on(.slot(.freshCard))
        run.on(.committed(.pendingReversal))
        run.on(.slot(.empty))
        run.on(.hostOutcome(.approved))
        run.on(.cardEnded(.approved))
        #expect(run.decision?.result == .completed)
    }

    @Test("all readers: listened for and asked for together; the slot alone: as ever")
    func prompts() {
        var all = machine()
        let begun = all.on(.begin(.empty, reversalsDue: false))
        #expect(begun.suffix(3) == [.listen([.contactless, .swipe]), .status(.card), .show(.presentCard)])
        var chip = machine([.chip])
        #expect(chip.on(.begin(.empty, reversalsDue: false)).suffix(2) == [.status(.card), .show(.insertCard)])
        var stripe = machine([.swipe])
        #expect(stripe.on(.begin(.noReader, reversalsDue: false)).suffix(3) == [.listen([.swipe]), .status(.card), .show(.swipeCard)])
    }

    @Test("without a reader that may be used it is 202 at once")
    func nothing() {
        var none = machine([])
        none.on(.begin(.empty, reversalsDue: false))
        #expect(none.decision?.result == .deviceFault)
        var gone = machine([.chip])
        gone.on(.begin(.noReader, reversalsDue: false))
        #expect(gone.decision?.result == .deviceFault)
    }

    @Test("a swipe of a card without a chip pays; what happens in the slot meanwhile is another card's")
    func swipe() {
        var run = machine()
        run.on(.begin(.empty, reversalsDue: false))
        #expect(run.on(.swiped(.stripeOnly)) == [.listen([]), .stopTimer(.card), .show(.processing), .takeSwipe(fallback: false)])
        expectPaid(&run)
    }

    @Test("service code 2xx or 6xx: the chip first, as long as one can be read")
    func serviceCode() {
        var run = machine()
        run.on(.begin(.empty, reversalsDue: false))
        #expect(run.on(.swiped(.hasChip)) == [.show(.useChip)])
        #expect(run.on(.slot(.freshCard)).contains(.readCard))
        // Without a chip reader there is no chip to use, and that is no fallback.
        var without = machine([.chip, .swipe])
        without.on(.begin(.noReader, reversalsDue: false))
        #expect(without.on(.swiped(.hasChip)).last == .takeSwipe(fallback: false))
    }

    @Test("two failed reads of a chip, then its stripe: Chip_Swiped")
    func fallback() {
        var run = machine()
        run.on(.begin(.freshCard, reversalsDue: false))
        #expect(run.on(.cardEnded(.unreadable)).contains(.show(.removeCard)))
        #expect(run.decision == nil)
        run.on(.slot(.empty))
        #expect(run.on(.slot(.freshCard)).contains(.readCard))
        let second = run.on(.cardEnded(.unreadable))
        #expect(second.suffix(3) == [.listen([.swipe]), .status(.card), .show(.swipeCard)])
        // The card may still be in the slot.
        #expect(run.on(.slot(.usedCard)) == [.listen([]), .status(.removeCard), .show(.removeCard)])
        #expect(run.on(.slot(.empty)).suffix(3) == [.listen([.swipe]), .status(.card), .show(.swipeCard)])
        #expect(run.on(.swiped(.hasChip)).last == .takeSwipe(fallback: true))
    }

    @Test("failures of a moment ago count; a card without a chip is no fallback; without a stripe reader it is 2")
    func window() {
        var run = machine(failures: 1)
        run.on(.begin(.freshCard, reversalsDue: false))
        #expect(run.on(.cardEnded(.unreadable)).contains(.show(.swipeCard)))
        #expect(run.on(.swiped(.stripeOnly)).last == .takeSwipe(fallback: false))
        var alone = machine([.chip, .contactless])
        alone.on(.begin(.freshCard, reversalsDue: false))
        alone.on(.cardEnded(.unreadable))
        #expect(alone.decision?.result == .cardUnreadable)
    }

    @Test("a card that falls mute after it has answered is no fallback")
    func mute() {
        var run = machine()
        run.on(.begin(.freshCard, reversalsDue: false))
        run.on(.cardEnded(.mute))
        #expect(run.decision?.result == .cardUnreadable)
    }

    @Test("taps: the host decides; what the reader decided without it is 17; another try, or the chip")
    func taps() {
        var run = machine()
        run.on(.begin(.empty, reversalsDue: false))
        #expect(run.on(.tapped(.failed)) == [.listen([.contactless, .swipe]), .show(.presentCard)])
        #expect(run.on(.tapped(.useChip)) == [.listen([.contactless, .swipe]), .show(.useChip)])
        #expect(run.on(.tapped(.onlineRequested)) == [.listen([]), .stopTimer(.card), .show(.processing), .takeTap])
        var offline = machine()
        offline.on(.begin(.empty, reversalsDue: false))
        offline.on(.tapped(.decidedOffline))
        #expect(offline.decision?.result == .declinedByCard)
        #expect(offline.decision?.hostContact == false)
    }

    @Test("a typed card alone: asked for, and it pays; CardEntry is what the cashier sees")
    func keyed() {
        var run = machine([.manual])
        #expect(run.on(.begin(.noReader, reversalsDue: false)).suffix(3) == [.listen([.manual]), .status(.cardEntry), .show(.keyCard)])
        #expect(run.on(.keyed(.entered)) == [.listen([]), .stopTimer(.card), .show(.processing), .takeKeyed])
        expectPaid(&run)
        // Where it was not asked for nobody types.
        var without = machine()
        without.on(.begin(.empty, reversalsDue: false))
        #expect(without.on(.keyed(.entered)).isEmpty)
    }

    @Test("a number that cannot be right is asked for again, three times in all; then the card could not be read")
    func keyedWrong() {
        var run = machine([.manual])
        run.on(.begin(.noReader, reversalsDue: false))
        for _ in 1...2 {
            #expect(
                run.on(.keyed(.refused)) == [
                    .startTimer(.card, run.machine.rules.limits.card), .listen([.manual]), .show(.keyCardAgain),
                ])
        }
        #expect(run.decision == nil)
        run.on(.keyed(.refused))
        #expect(run.decision?.result == .cardUnreadable)
        #expect(run.decision?.hostContact == false)
    }

    @Test(
        "cancelled, out of time or failed at the keypad: that is the end where there is no other way, else the others stay and nobody is asked to type again",
        arguments: [(TransactionMachine.Keyed.cancelled, ResultCode.cancelledByCardholder), (.timedOut, .timeout), (.failed, .deviceFault)])
    func keyedEnds(keyed: TransactionMachine.Keyed, result: ResultCode) {
        var alone = machine([.manual])
        alone.on(.begin(.noReader, reversalsDue: false))
        alone.on(.keyed(keyed))
        #expect(alone.decision?.result == result)
        var others = machine([.chip, .swipe, .manual])
        let begun = others.on(.begin(.empty, reversalsDue: false))
        #expect(begun.suffix(3) == [.listen([.swipe, .manual]), .status(.card), .show(.presentCard)])
        #expect(others.on(.keyed(keyed)) == [.listen([.swipe]), .show(.presentCard)])
        #expect(others.on(.ways([.chip, .contactless, .swipe, .manual])) == [.listen([.contactless, .swipe])])
        #expect(others.on(.keyed(.entered)).isEmpty)
        #expect(others.on(.slot(.freshCard)).contains(.readCard))
        // A chip reader that is not there is no other way.
        var missing = machine([.chip, .manual])
        missing.on(.begin(.noReader, reversalsDue: false))
        missing.on(.keyed(keyed))
        #expect(missing.decision?.result == result)
    }

    @Test("the keypad that goes while a number is typed ends a sale that has no other way: 202")
    func keypadGone() {
        var run = machine([.manual])
        run.on(.begin(.empty, reversalsDue: false))
        run.on(.ways([]))
        #expect(run.decision?.result == .deviceFault)
        var chip = machine([.chip, .manual])
        #expect(chip.on(.begin(.empty, reversalsDue: false)).suffix(2) == [.status(.card), .show(.insertCard)])
        #expect(chip.on(.ways([.chip])) == [.listen([])])
    }

    @Test("a card in the slot wins over what comes after it; nothing listens any more when a transaction is decided")
    func order() {
        var run = machine()
        run.on(.begin(.empty, reversalsDue: false))
        #expect(run.on(.slot(.freshCard)).first == .listen([]))
        #expect(run.on(.swiped(.stripeOnly)).isEmpty)
        #expect(run.on(.tapped(.onlineRequested)).isEmpty)
        var cancelled = machine()
        cancelled.on(.begin(.empty, reversalsDue: false))
        #expect(cancelled.on(.cancel).contains(.listen([])))
        var late = machine()
        late.on(.begin(.empty, reversalsDue: false))
        #expect(late.on(.timer(.card)).contains(.listen([])))
    }

    @Test("the card of the last customer must go before a swipe or tap counts")
    func usedCard() {
        var run = machine()
        let begun = run.on(.begin(.usedCard, reversalsDue: false))
        #expect(!begun.contains(.listen([.contactless, .swipe])))
        #expect(run.on(.swiped(.stripeOnly)).isEmpty)
        #expect(run.on(.slot(.empty)).contains(.listen([.contactless, .swipe])))
    }

    @Test("readers that come and go while a card is waited for; entryModes leaves ways out")
    func ways() {
        var run = machine([.chip])
        run.on(.begin(.empty, reversalsDue: false))
        #expect(run.on(.ways([.chip, .swipe])) == [.listen([.swipe]), .show(.presentCard)])
        func isDeviceFault(_ action: TransactionMachine.Action) -> Bool {
            if case .commitDecision(let decision, _) = action { decision.result == .deviceFault } else { false }
        }
        // A chip reader that goes ends the transaction, whatever other readers there are.
        #expect(run.on(.slot(.noReader)).contains(where: isDeviceFault))
        // One that was never there is not missed while there are others.
        var without = machine([.chip, .swipe])
        without.on(.begin(.noReader, reversalsDue: false))
        #expect(without.on(.slot(.noReader)).isEmpty)
        #expect(without.on(.ways([.chip])).contains(where: isDeviceFault))
        var swipeOnly = machine([.swipe])
        swipeOnly.on(.begin(.freshCard, reversalsDue: false))
        #expect(!swipeOnly.actions.contains(.readCard))
        #expect(swipeOnly.on(.tapped(.onlineRequested)).isEmpty)
    }
}
