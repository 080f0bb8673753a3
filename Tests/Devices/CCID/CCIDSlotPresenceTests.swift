import Seeds
import Testing

@testable import Devices

@Suite("CCID slot presence")
struct CCIDSlotPresenceTests {
    private let inserted = CCIDSlotPresence.Event.notified(CCIDSlotChange(isPresent: true, hasChanged: true))
    private let removed = CCIDSlotPresence.Event.notified(CCIDSlotChange(isPresent: false, hasChanged: true))
    private func present(_ insertion: Int) -> CCIDSlotPresence.Action { .announce(.present(insertion: insertion)) }
    private let absent = CCIDSlotPresence.Action.announce(.absent)

    @Test("a notified insertion is asked for before it is announced")
    func insertionIsVerified() {
        var slot = CCIDSlotPresence(activatesItself: false)
        #expect(slot.on(.status(.absent)) == [])
        #expect(slot.on(inserted) == [.ask])
        #expect(slot.presence == .absent)
        #expect(slot.on(.status(.inactive)) == [present(1)])
    }

    @Test("a false notification of an insertion announces nothing")
    func falseInsertion() {
        var slot = CCIDSlotPresence(activatesItself: false)
        #expect(slot.on(inserted) == [.ask])
        #expect(slot.on(.status(.absent)) == [])
    }

    @Test("a notified removal is announced at once, and asked for")
    func removal() {
        var slot = CCIDSlotPresence(activatesItself: false)
        _ = slot.on(.status(.inactive))
        #expect(slot.on(removed) == [absent, .ask])
        #expect(slot.on(.status(.absent)) == [])
        #expect(slot.on(.status(.inactive)) == [present(2)])
    }

    @Test("a status without card in any answer is a removal; a card in it is no insertion")
    func seen() {
        var slot = CCIDSlotPresence(activatesItself: false)
        _ = slot.on(.status(.inactive))
        #expect(slot.on(.seen(.active)) == [])
        #expect(slot.on(.seen(.absent)) == [absent])
        #expect(slot.on(.seen(.inactive)) == [])
    }

    @Test("the notice that a reader is started with, for a card seen at opening, is no new insertion, even if the card was used since")
    func firstNotice() {
        var slot = CCIDSlotPresence(activatesItself: false)
        #expect(slot.on(.status(.inactive)) == [present(1)])
        #expect(slot.on(.poweredOn) == [])
        #expect(slot.on(inserted) == [.ask])
        #expect(slot.on(.status(.inactive)) == [])
        // The second one means it.
        #expect(slot.on(inserted) == [.ask])
        #expect(slot.on(.status(.inactive)) == [absent, present(2)])
    }

    @Test("changed and still there after it served: another insertion, unless the card kept its power")
    func swapped() {
        var slot = CCIDSlotPresence(activatesItself: false)
        _ = slot.on(.status(.absent))
        _ = slot.on(inserted)
        _ = slot.on(.status(.inactive))
        #expect(slot.on(inserted) == [.ask])
        #expect(slot.on(.status(.inactive)) == [], "a card that never served need not be told apart")
        _ = slot.on(.poweredOn)
        _ = slot.on(inserted)
        #expect(slot.on(.status(.active)) == [])
        _ = slot.on(inserted)
        #expect(slot.on(.status(.inactive)) == [absent, present(2)])
    }

    @Test("power that we gave between the notice and the question proves nothing")
    func poweredAfterSwap() {
        var slot = CCIDSlotPresence(activatesItself: false)
        _ = slot.on(.status(.absent))
        _ = slot.on(inserted)
        _ = slot.on(.status(.inactive))
        _ = slot.on(.poweredOn)
        #expect(slot.on(inserted) == [.ask])
        #expect(slot.on(.poweredOn) == [absent, present(2)])
        #expect(slot.on(.status(.active)) == [])
    }

    @Test("a reader that powers cards itself cannot prove by power that the card stayed")
    func activatesItself() {
        var slot = CCIDSlotPresence(activatesItself: true)
        _ = slot.on(.status(.absent))
        _ = slot.on(inserted)
        _ = slot.on(.status(.active))
        _ = slot.on(.poweredOn)
        _ = slot.on(inserted)
        #expect(slot.on(.status(.active)) == [absent, present(2)])
    }

    @Test("a card that loses its power in the slot is the same card")
    func deactivated() {
        var slot = CCIDSlotPresence(activatesItself: false)
        _ = slot.on(.status(.inactive))
        _ = slot.on(.poweredOn)
        #expect(slot.on(.status(.inactive)) == [])
    }

    @Test("whatever comes, insertions only count up and presence alternates")
    func random() {
        var random = SeededRandom(seed: 3)
        let cards: [CCIDCardStatus] = [.active, .inactive, .absent]
        for seed in 0..<500 {
            var slot = CCIDSlotPresence(activatesItself: seed % 2 == 0)
            var last = CardPresence.absent
            var count = 0
            for _ in 0..<200 {
                let event: CCIDSlotPresence.Event =
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: .notified(CCIDSlotChange(isPresent: .random(using: &random), hasChanged: .random(using: &random)))
                    case 1: .status(cards.randomElement(using: &random) ?? .absent)
                    case 2: .seen(cards.randomElement(using: &random) ?? .absent)
                    default: .poweredOn
                    }
                for case .announce(let presence) in slot.on(event) {
                    #expect(presence != last)
                    if case .present(let insertion) = presence {
                        #expect(last == .absent && insertion == count + 1)
                        count = insertion
                    }
                    last = presence
                }
            }
        }
    }
}
