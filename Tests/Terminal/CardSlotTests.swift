import Testing

@testable import Terminal

@Suite("Which card may pay")
struct CardSlotTests {
    @Test("In the slot when the reader came: used; another insertion: fresh; after use: used, also when reported again")
    func insertions() {
        var slot = CardSlot()
        #expect(slot.state == .noReader)
        slot.readerCame()
        #expect(slot.state == .empty)
        slot.changed(.present(insertion: 1))
        #expect(slot.state == .usedCard)
        slot.changed(.absent)
        #expect(slot.state == .empty)
        slot.changed(.present(insertion: 2))
        #expect(slot.state == .freshCard)
        slot.use()
        slot.changed(.present(insertion: 2))
        #expect(slot.state == .usedCard)
        slot.changed(.present(insertion: 3))
        #expect(slot.state == .freshCard)
    }

    @Test("A reader that comes back with a card in it: used, whatever it counts")
    func reader() {
        var slot = CardSlot(hasReader: true)
        slot.changed(.absent)
        slot.changed(.present(insertion: 1))
        slot.use()
        slot.readerWent()
        #expect(slot.state == .noReader)
        slot.readerCame()
        slot.changed(.present(insertion: 0))
        #expect(slot.state == .usedCard)
    }
}

@Suite("Card brands")
struct CardBrandTableTests {
    private let table = CardBrandTable(rows: [
        .init(brand: "VISA", type: .credit, aids: ["A0000000031010"], binRanges: ["4"]),
        .init(brand: "US COMMON DEBIT", type: .debit, aids: ["a0000000980840"]),
        .init(brand: "MASTERCARD", type: .credit, aids: ["A000000004"], binRanges: ["51-55", "222100-272099"]),
        .init(brand: "MAESTRO", type: .debit, aids: ["A0000000043060"], binRanges: ["4175"]),
    ])

    @Test("The longest AID in front wins, whatever the number says")
    func aid() {
        #expect(table.row(aid: [0xA0, 0, 0, 0, 0x04, 0x30, 0x60], bin: "510000")?.brand == "MAESTRO")
        #expect(table.row(aid: [0xA0, 0, 0, 0, 0x04, 0x10, 0x10], bin: "417500")?.brand == "MASTERCARD")
        #expect(table.row(aid: [0xA0, 0, 0, 0, 0x98, 0x08, 0x40], bin: "417500")?.type.processedCode == 2)
    }

    @Test("Without an AID the narrowest range wins; ends are included")
    func bin() {
        for (bin, brand) in [
            ("400000", "VISA"), ("417599", "MAESTRO"), ("222100", "MASTERCARD"), ("272099", "MASTERCARD"), ("272100", nil),
            ("559999", "MASTERCARD"),
            ("600000", nil), ("", nil),
        ] {
            #expect(table.row(aid: nil, bin: bin)?.brand == brand, "\(bin)")
        }
    }

    @Test("Malformed ranges hold nothing", arguments: ["", "-", "5-51", "9-1", "x"])
    func malformed(_ range: String) {
        #expect(CardBrandTable(rows: [.init(brand: "X", type: .gift, binRanges: [range])]).row(aid: nil, bin: "510000") == nil)
    }
}
