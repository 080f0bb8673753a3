import Seeds
import Hex
import SmartCard
import Testing

@testable import Devices

@Suite("CCID messages")
struct CCIDMessageTests {
    @Test(
        "commands have the bytes of CCID 1.10, 6.1",
        arguments: [
            (CCIDCommand.powerOn(.automatic), UInt8(1), "62000000000001000000"),
            (.powerOn(.volts1_8), 0xFF, "620000000000FF030000"),
            (.powerOff, 2, "63000000000002000000"),
            (.getSlotStatus, 4, "65000000000004000000"),
            (.getParameters, 5, "6C000000000005000000"),
            (.setParameters(.t0(rates: 0x95, convention: 0, guardTime: 0, waitingInteger: 0x0A)), 2, "610500000000020000009500000A00"),
            (
                .setParameters(.t1(rates: 0x11, checksum: 0x10, guardTime: 0, waitingIntegers: 0x4D, informationFieldSize: 0x20)), 2,
                "6107000000000201000011" + "10004D002000"
            ),
            (.escape([0x1F, 0x02]), 7, "6B0200000000070000001F02"),
            (.abort, 8, "72000000000008000000"),
            (
                .transferBlock(data: [UInt8](hex: "00A404000E315041592E5359532E444446303100") ?? []), 3,
                "6F140000000003000000" + "00A404000E315041592E5359532E444446303100"
            ),
            (.transferBlock(waitingTime: 9, level: 0x0010, data: []), 3, "6F000000000003091000"),
        ])
    func commandBytes(command: CCIDCommand, sequence: UInt8, expected: String) {
        #expect(command.bytes(slot: 0, sequence: sequence).hex == expected)
    }

    @Test("dwLength is little endian over its four bytes and bSlot follows it")
    func commandLength() {
        let frame = CCIDCommand.transferBlock(data: [UInt8](repeating: 7, count: 0x10203)).bytes(slot: 5, sequence: 9)
        #expect(frame.prefix(10).hex == "6F030201000509000000")
        #expect(frame.count == 10 + 0x10203)
    }

    @Test("what is written is read back, for every kind and status")
    func roundTrip() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<5_000 {
            let statuses: [CCIDResponse.CommandStatus] = [.processed, .failed, .timeExtension]
            let cards: [CCIDCardStatus] = [.active, .inactive, .absent]
            let response = CCIDResponse(
                kind: CCIDResponse.Kind.allCases.randomElement(using: &random) ?? .escape, slot: .random(in: 0...255, using: &random),
                sequence: .random(in: 0...255, using: &random), card: cards.randomElement(using: &random) ?? .absent,
                commandStatus: statuses.randomElement(using: &random) ?? .failed, error: .random(in: 0...255, using: &random),
                specific: .random(in: 0...255, using: &random),
                data: (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
            #expect(CCIDResponse.parse(response.bytes) == .message(response))
        }
    }

    @Test("a status message from the wire: present, not powered")
    func slotStatus() {
        #expect(
            CCIDResponse.parse([0x81, 0, 0, 0, 0, 2, 4, 1, 0, 3])
                == .message(CCIDResponse(kind: .slotStatus, slot: 2, sequence: 4, card: .inactive, commandStatus: .processed, specific: 3)))
    }

    @Test("truncated, oversized and reserved are malformed")
    func malformed() {
        let good = CCIDResponse(kind: .dataBlock, slot: 0, sequence: 1, card: .active, commandStatus: .processed, data: [1, 2, 3]).bytes
        for count in 0..<good.count { expectMalformed(Array(good.prefix(count))) }
        expectMalformed(good + [0])
        for (index, value) in [(0, 0x7F), (0, 0x85), (1, 0xFF), (4, 0xFF), (7, 0xC0), (7, 0x03)] as [(Int, UInt8)] {
            var bad = good
            bad[index] = value
            expectMalformed(bad)
        }
    }

    private func expectMalformed(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
        guard case .malformed = CCIDResponse.parse(bytes) else {
            Issue.record("\(bytes.hex) was taken", sourceLocation: sourceLocation)
            return
        }
    }

    @Test("random bytes never trap, and what is taken is written back the same")
    func random() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<50_000 {
            var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            if bytes.count >= 10, Bool.random(using: &random) {
                bytes[0] = 0x80 | bytes[0] & 7
                bytes.replaceSubrange(1..<5, with: [UInt8(bytes.count - 10), 0, 0, 0])
            }
            if case .message(let message) = CCIDResponse.parse(bytes) {
                // Bits 5 to 2 of bStatus are reserved and not kept.
                bytes[7] &= 0xC3
                #expect(message.bytes == bytes)
            }
            _ = CCIDInterruptMessage.parse(bytes, slotCount: Int.random(in: 1...256, using: &random))
        }
    }

    @Test("slot changes: two bits a slot, present and changed")
    func interrupt() {
        func change(_ isPresent: Bool, _ hasChanged: Bool) -> CCIDSlotChange {
            CCIDSlotChange(isPresent: isPresent, hasChanged: hasChanged)
        }
        #expect(CCIDInterruptMessage.parse([0x50, 0x03], slotCount: 1) == .slotChange([change(true, true)]))
        #expect(CCIDInterruptMessage.parse([0x50, 0x02], slotCount: 1) == .slotChange([change(false, true)]))
        // Slot 4 is in the second byte.
        #expect(
            CCIDInterruptMessage.parse([0x50, 0b0100_0001, 0b11], slotCount: 5)
                == .slotChange([change(true, false), change(false, false), change(false, false), change(true, false), change(true, true)]))
        #expect(CCIDInterruptMessage.parse([0x51, 1, 7, 1], slotCount: 2) == .hardwareError(slot: 1, code: 1))
        for bad in [[], [0x50], [0x50, 0x03], [0x51, 1, 7], [0x52, 0, 0, 0]] as [[UInt8]] {
            #expect(CCIDInterruptMessage.parse(bad, slotCount: 5) == .malformed)
        }
    }

    @Test("SetParameters after a reset: the first protocol, the card's times, the default rate unless in specific mode or agreed")
    func parameters() {
        func needed(_ hex: String, agreed: UInt8? = nil, by features: CCIDFeatures = [.automaticPPS]) -> CCIDParameters? {
            (try? AnswerToReset.parse([UInt8](hex: hex) ?? [])).flatMap {
                CCIDParameters.needed(after: $0, agreed: agreed, by: features)
            }
        }
        // T=0 without any interface byte.
        #expect(needed("3B00") == .t0(rates: 0x11, convention: 0, guardTime: 0, waitingInteger: 0x0A))
        // TA1 in negotiable mode is not used; TC1 is.
        #expect(needed("3B5095FF") == .t0(rates: 0x11, convention: 0, guardTime: 0xFF, waitingInteger: 0x0A))
        #expect(needed("3B5095FF", agreed: 0x95) == .t0(rates: 0x95, convention: 0, guardTime: 0xFF, waitingInteger: 0x0A))
        // TA2: specific mode, T=0; TA1 = 13 counts.
        #expect(needed("3B90131000") == .t0(rates: 0x13, convention: 0, guardTime: 0, waitingInteger: 0x0A))
        // T=1 with IFSC FE, BWI 4, CWI 5, inverse convention.
        let t1: [UInt8] = [0x3F, 0x80, 0x81, 0x31, 0xFE, 0x45]
        let check = t1.dropFirst().reduce(0, ^)
        #expect(
            needed((t1 + [check]).hex)
                == .t1(rates: 0x11, checksum: 0x12, guardTime: 0, waitingIntegers: 0x45, informationFieldSize: 0xFE))
        #expect(needed("3B00", by: [.automaticNegotiation]) == nil)
    }
}
