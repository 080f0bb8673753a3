import Testing

@testable import SmartCard

@Suite("Protocol and parameters selection (ISO/IEC 7816-3, 9)") struct ProtocolSelectionTests {
    @Test("requests and what answers agree to") func selection() {
        let fast = ProtocolSelection(transmissionProtocol: 1, rates: 0x95)
        #expect(fast.request == [0xFF, 0x11, 0x95, 0x7B])
        #expect(ProtocolSelection(transmissionProtocol: 0, rates: 0x18).request == [0xFF, 0x10, 0x18, 0xF7])
        #expect(fast.agreed(fast.request) == fast)
        #expect(fast.agreed([0xFF, 0x01, 0xFE]) == ProtocolSelection(transmissionProtocol: 1))
        for wrong in [[], [0xFF], [0xFF, 0x11, 0x96, 0x78], [0xFF, 0x00, 0xFF], [0xFF, 0x11, 0x95, 0x7A]] as [[UInt8]] {
            #expect(fast.agreed(wrong) == nil)
        }
    }

    @Test("PPS0 says how many characters follow (9.2)") func rest() {
        #expect(ProtocolSelection.rest(after: [0xFF, 0x00]) == 1)
        #expect(ProtocolSelection.rest(after: [0xFF, 0x11]) == 2)
        #expect(ProtocolSelection.rest(after: [0xFF, 0x71]) == 4)
        for wrong in [[], [0xFF], [0x3B, 0x11], [0xFF, 0x11, 0x13]] as [[UInt8]] { #expect(ProtocolSelection.rest(after: wrong) == nil) }
    }

    @Test("F, D and the clock of TA1, tables 7 and 8; reserved values are none", arguments: 0...UInt8.max) func rates(ta1: UInt8) {
        let reserved = [7, 8, 14, 15].contains(ta1 >> 4) || ![1, 2, 3, 4, 5, 6, 7, 8, 9].contains(ta1 & 0x0F)
        #expect((TransmissionRates(ta1: ta1) == nil) == reserved)
    }

    @Test("bit rates at 4 MHz") func bitRates() throws {
        for (ta1, clock, rate) in [
            (0x11, 5000, 10_752), (0x13, 5000, 43_010), (0x18, 5000, 129_032), (0x95, 5000, 125_000), (0x96, 5000, 250_000),
            (0xD9, 20000, 39_062),
        ] as [(UInt8, Int, Int)] {
            let rates = try #require(TransmissionRates(ta1: ta1))
            #expect(rates.maximumClock == clock)
            #expect(rates.bitRate(clock: 4000) == rate)
        }
    }
}
