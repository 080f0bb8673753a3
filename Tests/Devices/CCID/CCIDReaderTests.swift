import Hex
import Grounds
import Lab
import SmartCard
import Testing
import USB

@testable import Devices

@Suite("CCID reader on the memory bus", .timeLimit(.minutes(1)))
struct CCIDReaderTests {
    private func profile(_ change: (inout CCIDReaderProfile) -> Void) -> CCIDReaderProfile {
        var profile = CCIDReaderProfile()
        change(&profile)
        return profile
    }

    @Test("power on, select, power off: the card gets exactly these commands")
    func exchange() async throws {
        let virtual = VirtualCCIDReader()
        let card = ScriptedCard([(selectPSEHex, "6F0A8408A00000000310109000")])
        virtual.insert(card)
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        #expect(reader.device.model == "Virtual CCID Reader")
        #expect(reader.device.serialNumber == "LAB00001")
        #expect(reader.device.state == .ready)
        #expect(try await reader.powerOn() == [0x3B, 0x20, 0x00])
        let response = try await reader.transmit(selectPSE)
        #expect(response.status == .success)
        #expect(response.data.hex == "6F0A8408A0000000031010")
        await reader.powerOff()
        #expect(card.powerOffs == 1)
        card.expectFinished()
        await bench.close()
    }

    @Test("insertions are counted, removals are seen, and a card that is there at opening counts once")
    func presence() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(ScriptedCard())
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        var presence = reader.cardPresence().makeAsyncIterator()
        #expect(await presence.next() == .present(insertion: 1))
        _ = try await reader.powerOn()
        virtual.remove()
        #expect(await presence.next() == .absent)
        virtual.insert(ScriptedCard())
        #expect(await presence.next() == .present(insertion: 2))
        await bench.close()
        let (gone, end) = (await presence.next(), await presence.next())
        #expect(gone == .absent)
        #expect(end == nil)
    }

    @Test("a reader without interrupt endpoint is polled")
    func polling() async throws {
        let virtual = VirtualCCIDReader(profile { $0.hasInterruptEndpoint = false })
        let clock = SteppedClock()
        let bench = try Bench(virtual, driverClock: clock)
        let reader = try await bench.chipReader()
        var presence = reader.cardPresence().makeAsyncIterator()
        #expect(await presence.next() == .absent)
        virtual.insert(ScriptedCard())
        clock.step()
        #expect(await presence.next() == .present(insertion: 1))
        virtual.remove()
        clock.step()
        #expect(await presence.next() == .absent)
        await bench.close()
    }

    @Test("an interrupt endpoint that sends nonsense is given up and the reader polled")
    func nonsenseInterrupts() async throws {
        let virtual = VirtualCCIDReader(profile { $0.slotCount = 5 })
        let clock = SteppedClock()
        let bench = try Bench(virtual, driverClock: clock)
        let reader = try await bench.chipReader()
        for number: UInt8 in 0..<10 { virtual.sendNotice(number % 2 == 0 ? [0x50] : [0x99, number]) }
        // What follows is heard by nobody but the poll.
        var presence = reader.cardPresence().makeAsyncIterator()
        #expect(await presence.next() == .absent)
        clock.step()
        virtual.insert(ScriptedCard())
        clock.step()
        #expect(await presence.next() == .present(insertion: 1))
        await bench.close()
    }

    @Test("a false notification changes nothing")
    func falseNotice() async throws {
        let virtual = VirtualCCIDReader()
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        var presence = reader.cardPresence().makeAsyncIterator()
        #expect(await presence.next() == .absent)
        virtual.sendNotice([0x50, 0x03])
        virtual.sendNotice([0x51, 0x00, 0x01, 0x01])
        virtual.insert(ScriptedCard())
        #expect(await presence.next() == .present(insertion: 1))
        await bench.close()
    }

    @Test("61xx and 6Cxx that a reader hands up are dealt with")
    func chaining() async throws {
        for completes in [true, false] {
            let virtual = VirtualCCIDReader(profile { $0.completesResponses = completes })
            let card = ScriptedCard([
                (selectPSEHex, "6103"), ("00C0000003", "6F01AA9000"), ("00B2010C00", "6C02"), ("00B2010C02", "70009000"),
            ])
            virtual.insert(card)
            let bench = try Bench(virtual)
            let reader = try await bench.chipReader()
            _ = try await reader.powerOn()
            #expect(try await reader.transmit(selectPSE).data.hex == "6F01AA")
            #expect(try await reader.transmit(CommandAPDU(0, 0xB2, 1, 0x0C, expectedLength: 256)).data.hex == "7000")
            card.expectFinished()
            await bench.close()
        }
    }

    @Test("extended APDUs go and come in chains; lengths around the block size are right")
    func extended() async throws {
        // The longest are thousands of transfers, which an emulated processor does not get through in the time limit.
        let lengths = [(300, 300), (51, 1), (52, 52), (53, 53), (4000, 65_536), (65_535, 5)].prefix(Ground.current.isReal ? 4 : 6)
        for (commandLength, responseLength) in lengths {
            let virtual = VirtualCCIDReader(
                profile {
                    $0.level = .extendedAPDU
                    $0.maximumMessageLength = 71
                })
            let data = (0..<commandLength).map { UInt8(truncatingIfNeeded: $0) }
            let answer = (0..<responseLength).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let command = CommandAPDU(0x80, 0xE2, 0, 0, data: data, expectedLength: 65_536)
            let card = ScriptedCard(steps: [.init(command: try command.serialized(), response: answer + [0x90, 0x00])])
            virtual.insert(card)
            let bench = try Bench(virtual)
            let reader = try await bench.chipReader()
            _ = try await reader.powerOn()
            #expect(try await reader.transmit(command).data == answer)
            card.expectFinished()
            await bench.close()
        }
    }

    @Test("an extended APDU on a short-APDU reader is unsupported, and the reader goes on")
    func extendedOnShort() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(ScriptedCard([(selectPSEHex, "9000")]))
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        _ = try await reader.powerOn()
        let long = CommandAPDU(0, 0xE2, 0, 0, data: [UInt8](repeating: 0, count: 256))
        #expect(await errorCode { () throws(DeviceError) in try await reader.transmit(long) } == .unsupported)
        #expect(try await reader.transmit(selectPSE).status == .success)
        await bench.close()
    }

    @Test("a mute card: no answer to reset, or no response")
    func mute() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(ScriptedCard(answerToReset: nil))
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        #expect(await errorCode { () throws(DeviceError) in try await reader.powerOn() } == .cardMute)
        virtual.insert(ScriptedCard([(selectPSEHex, nil)]))
        _ = try await reader.powerOn()
        #expect(await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) } == .cardMute)
        virtual.remove()
        #expect(await errorCode { () throws(DeviceError) in try await reader.powerOn() } == .cardRemoved)
        await bench.close()
    }

    @Test("without automatic voltage the reader is given the voltages in their order")
    func voltages() async throws {
        let virtual = VirtualCCIDReader(
            profile {
                $0.features = 0x04B2
                $0.voltages = 0x03
            })
        let card = ScriptedCard()
        virtual.insert(card)
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        virtual.inject(.error(0xFE), on: 0x62)
        #expect(try await reader.powerOn() == [0x3B, 0x20, 0x00])
        #expect(card.resets == 1)
        await bench.close()
    }

    @Test("a card pulled in the middle of a command is a removal; the next one is another insertion")
    func pulledMidCommand() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(ScriptedCard())
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        var presence = reader.cardPresence().makeAsyncIterator()
        #expect(await presence.next() == .present(insertion: 1))
        _ = try await reader.powerOn()
        virtual.inject(.hold, on: 0x6F)
        async let code = errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) }
        await eventually("the command is held") { virtual.heldCount == 1 }
        virtual.remove()
        #expect(await code == .cardRemoved)
        #expect(await presence.next() == .absent)
        virtual.insert(ScriptedCard([(selectPSEHex, "9000")]))
        #expect(await presence.next() == .present(insertion: 2))
        _ = try await reader.powerOn()
        #expect(try await reader.transmit(selectPSE).status == .success)
        await bench.close()
    }

    @Test("a cancelled command is aborted, never reaches the card, and the next one works")
    func cancelled() async throws {
        let virtual = VirtualCCIDReader()
        let card = ScriptedCard([("00B2010C00", "9000")])
        virtual.insert(card)
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        _ = try await reader.powerOn()
        virtual.inject(.hold, on: 0x6F)
        let task = Task { await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) } }
        await eventually("the command is held") { virtual.heldCount == 1 }
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(virtual.heldCount == 0)
        #expect(try await reader.transmit(CommandAPDU(0, 0xB2, 1, 0x0C, expectedLength: 256)).status == .success)
        card.expectFinished()
        await bench.close()
    }

    @Test("commands of several tasks go one after the other")
    func oneAtATime() async throws {
        let virtual = VirtualCCIDReader(profile { $0.slotCount = 2 })
        for slot in 0..<2 {
            virtual.insert(ScriptedCard(Array(repeating: (selectPSEHex, "9000"), count: 50)), slot: slot)
        }
        let bench = try Bench(virtual)
        var readers: [any ChipReader] = [try await bench.chipReader()]
        let first = try #require(readers[0] as? CCIDSlot)
        readers.append(CCIDSlot(device: first.device, reader: first.reader, index: 1))
        for reader in readers { _ = try await reader.powerOn() }
        await withTaskGroup(of: DeviceError.Code?.self) { group in
            for number in 0..<100 {
                let reader = readers[number % 2]
                group.addTask { await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) } }
            }
            for await code in group { #expect(code == nil) }
        }
        await bench.close()
    }

    @Test("slots of one reader are independent")
    func slots() async throws {
        for count in [2, 4, 5] {
            let virtual = VirtualCCIDReader(profile { $0.slotCount = count })
            let bench = try Bench(virtual)
            let first = try #require(try await bench.chipReader() as? CCIDSlot)
            #expect(bench.registry.devices.map(\.model) == (1...count).map { "Virtual CCID Reader (slot \($0))" })
            let last = CCIDSlot(device: first.device, reader: first.reader, index: count - 1)
            var presenceFirst = first.cardPresence().makeAsyncIterator()
            var presenceLast = last.cardPresence().makeAsyncIterator()
            #expect(await presenceFirst.next() == .absent)
            #expect(await presenceLast.next() == .absent)
            virtual.insert(ScriptedCard([(selectPSEHex, "9000")]), slot: count - 1)
            #expect(await presenceLast.next() == .present(insertion: 1))
            _ = try await last.powerOn()
            #expect(try await last.transmit(selectPSE).status == .success)
            #expect(await errorCode { () throws(DeviceError) in try await first.powerOn() } == .cardRemoved)
            virtual.insert(ScriptedCard(answerToReset: "3F2000"), slot: 0)
            #expect(await presenceFirst.next() == .present(insertion: 1))
            #expect(try await first.powerOn() == [0x3F, 0x20, 0x00])
            virtual.remove(slot: count - 1)
            #expect(await presenceLast.next() == .absent)
            await bench.close()
        }
    }
}
