import Devices
import EMV
import Hex
import SmartCard
import Testing

@testable import Terminal

@Suite("What a receipt takes from a tapped card")
struct TappedCardTests {
    private let objects = [
        BERTLV(0x57, [UInt8](hex: "4761739001010119D391220100000000") ?? []),
        BERTLV(0x50, Array("VISA\n\u{1B}TOTAL USD 0.01".utf8)), BERTLV(0x9F26, [0xAB, 0xCD]), BERTLV(0x5F20, Array("A/B".utf8)),
    ]

    @Test("the card's label cannot break a receipt's lines")
    func label() throws {
        let card = try #require(TappedCard(ContactlessRead(verdict: .onlineRequested, objects: objects), .standard))
        #expect(card.label == "VISATOTAL USD 0.01")
    }

    @Test("the objects that the table names for receipts, and no others")
    func receiptObjects() throws {
        let table = try DataObjectTable(yaml: #"receipt: [{tag: "84", label: AID}, {tag: "9F26", label: AC}]"#)
        let card = try #require(TappedCard(ContactlessRead(verdict: .onlineRequested, objects: objects), table))
        #expect(card.objects.map(\.tag) == [0x9F26])
    }
}
