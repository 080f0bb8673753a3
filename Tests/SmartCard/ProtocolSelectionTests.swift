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
}
