import Seeds
import Grounds
import Lab
import SmartCard
import Testing
import USB

@testable import Devices

@Suite("CCID reader that misbehaves", .timeLimit(.minutes(1)))
struct CCIDReaderFaultTests {
    /// The fault hits one SELECT; `code` is how that ends. The next command works, and the card saw `commands` of them.
    private func expect(
        _ fault: CCIDReaderFault, _ code: DeviceError.Code?, cardSees commands: Int, level: CCIDReaderProfile.Level = .shortAPDU,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var profile = CCIDReaderProfile()
        profile.level = level
        let virtual = VirtualCCIDReader(profile)
        let card = ScriptedCard(Array(repeating: (selectPSEHex, "9000"), count: commands))
        virtual.insert(card)
        // Nothing that the reader does takes time, so whoever waits has waited long enough; on a system only a time-out needs that.
        let bench = try Bench(virtual, busClock: Ground.current.isReal && code != .timeout ? nil : ImpatientClock())
        let reader = try await bench.chipReader()
        _ = try await reader.powerOn()
        virtual.inject(fault, on: 0x6F)
        let outcome = await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) }
        #expect(outcome == code, sourceLocation: sourceLocation)
        let next = await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) }
        #expect(next == nil, "the reader is not usable after the fault", sourceLocation: sourceLocation)
        card.expectFinished(sourceLocation: sourceLocation)
        #expect(bench.registry.devices.map(\.state) == [.ready], sourceLocation: sourceLocation)
        await bench.close()
    }

    @Test("a refused frame is sent again; the card sees the command once")
    func stallOut() async throws { try await expect(.stallOut, nil, cardSees: 2) }

    @Test("a stall before the answer costs nothing; the card sees the command once")
    func stallIn() async throws { try await expect(.stallIn, nil, cardSees: 2) }

    @Test("a stall instead of the answer fails cleanly")
    func stallInstead() async throws { try await expect(.stallInstead, .timeout, cardSees: 1) }

    @Test("a silent reader times out")
    func silent() async throws { try await expect(.silent, .timeout, cardSees: 1) }

    @Test("a wrong sequence number is no answer")
    func wrongSequence() async throws { try await expect(.wrongSequence, .timeout, cardSees: 2) }

    @Test("an answer for another slot is a violation")
    func wrongSlot() async throws { try await expect(.wrongSlot, .protocolViolation, cardSees: 2) }

    @Test("ten leftover frames are dropped, eleven are too many")
    func leftovers() async throws {
        try await expect(.leftovers(10), nil, cardSees: 2)
        try await expect(.leftovers(11), .protocolViolation, cardSees: 2)
    }

    @Test("a stray empty transfer is read over")
    func emptyTransfer() async throws { try await expect(.emptyTransfer, nil, cardSees: 2) }

    @Test("short, oversized and garbage answers are violations")
    func broken() async throws {
        for fault in [CCIDReaderFault.shortPacket, .oversized, .garbage] {
            try await expect(fault, .protocolViolation, cardSees: 2)
            try await expect(fault, .protocolViolation, cardSees: 2, level: .extendedAPDU)
        }
    }

    @Test("time extensions are granted")
    func timeExtension() async throws {
        try await expect(.timeExtension(multiplier: 2, count: 1), nil, cardSees: 2)
        try await expect(.timeExtension(multiplier: 0, count: 20), nil, cardSees: 2)
    }

    @Test("a slow answer is waited for")
    func slow() async throws {
        let virtual = VirtualCCIDReader(clock: ImpatientClock())
        virtual.insert(ScriptedCard([(selectPSEHex, "9000")]))
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        _ = try await reader.powerOn()
        virtual.inject(.slow(.seconds(1)), on: 0x6F)
        #expect(try await reader.transmit(selectPSE).status == .success)
        await bench.close()
    }

    @Test("a busy slot is asked again")
    func busy() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(ScriptedCard())
        let bench = try Bench(virtual, driverClock: ImpatientClock())
        let reader = try await bench.chipReader()
        virtual.inject(.error(0xF2), on: 0x62, times: 3)
        #expect(try await reader.powerOn() == [0x3B, 0x20, 0x00])
        await bench.close()
    }

    @Test("faults of the port: a stalled or garbled transfer leaves the reader usable")
    func portFaults() async throws {
        for fault in [VirtualFault.stall(), .stall(endpoint: 0x82), .stall(endpoint: 0x83), .garble()] {
            let virtual = VirtualCCIDReader()
            virtual.insert(ScriptedCard(Array(repeating: (selectPSEHex, "9000"), count: 10)))
            let bench = try Bench(virtual)
            let reader = try await bench.chipReader()
            _ = try await reader.powerOn()
            try bench.bus.inject(fault, at: Bench.port)
            _ = await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) }
            #expect(try await reader.transmit(selectPSE).status == .success)
            var presence = reader.cardPresence().makeAsyncIterator()
            #expect(await presence.next() == .present(insertion: 1))
            virtual.remove()
            #expect(await presence.next() == .absent)
            await bench.close()
        }
    }

    @Test("any sequence of faults leaves the reader usable")
    func storm() async throws {
        let faults: [CCIDReaderFault] = [
            .stallOut, .stallIn, .stallInstead, .silent, .wrongSequence, .wrongSlot, .leftovers(3), .leftovers(30), .emptyTransfer,
            .shortPacket,
            .oversized, .garbage, .timeExtension(multiplier: 255, count: 3), .error(0xFE), .error(0xE0), .error(0x05), .error(0xFF),
        ]
        var random = SeededRandom(seed: 5)
        for level in [CCIDReaderProfile.Level.shortAPDU, .extendedAPDU] {
            var profile = CCIDReaderProfile()
            profile.level = level
            profile.maximumMessageLength = level == .shortAPDU ? 271 : 25
            let virtual = VirtualCCIDReader(profile)
            virtual.insert(EchoCard())
            let bench = try Bench(virtual, busClock: ImpatientClock(), driverClock: ImpatientClock())
            let reader = try await bench.chipReader()
            for _ in 0..<1_000 {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    virtual.inject(
                        faults.randomElement(using: &random) ?? .silent,
                        on: [nil, 0x62, 0x6F, 0x72, 0x65].randomElement(using: &random) ?? nil)
                }
                _ = await errorCode { () throws(DeviceError) in try await reader.powerOn() }
                _ = await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) }
                virtual.clearFaults()
                // One command may still find what an unanswered abort has left behind.
                _ = await errorCode { () throws(DeviceError) in try await reader.powerOn() }
                _ = try await reader.powerOn()
                #expect(try await reader.transmit(selectPSE).data == selectPSE.data)
            }
            await bench.close()
        }
    }
}

/// Answers with the command's data.
final class EchoCard: VirtualCard {
    func reset() -> [UInt8]? { [0x3B, 0x20, 0x00] }
    func process(_ command: [UInt8]) -> [UInt8]? { ((try? CommandAPDU.parse(command))?.data ?? []) + [0x90, 0x00] }
    func powerOff() {}
}
