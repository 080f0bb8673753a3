import Grounds
import Lab
import SmartCard
import Synchronization
import Testing
import USB

@testable import Devices

@Suite("Device registry", .timeLimit(.minutes(2)))
struct DeviceRegistryTests {
    @Test("unplugged in the middle of a command: the command fails, the reader leaves; plugged in again it is back by itself")
    func unplugMidCommand() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(ScriptedCard([(selectPSEHex, "9000")]))
        let bench = try Bench(virtual)
        var readers = bench.registry.chipReaders().makeAsyncIterator()
        let reader = try await nextReader(&readers)
        var presence = reader.cardPresence().makeAsyncIterator()
        #expect(await presence.next() == .present(insertion: 1))
        _ = try await reader.powerOn()
        virtual.inject(.hold, on: 0x6F)
        async let code = errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) }
        await eventually("the command is held") { virtual.heldCount == 1 }
        bench.bus.unplug(Bench.port)
        #expect(await code == .deviceGone)
        #expect(await isNone(&readers))
        #expect(await presence.next() == .absent)
        #expect(await presence.next() == nil)
        #expect(bench.registry.devices.map(\.state) == [.absent])
        #expect(await errorCode { () throws(DeviceError) in try await reader.powerOn() } == .deviceGone)

        try bench.bus.plug(virtual, at: Bench.port)
        let again = try await nextReader(&readers)
        #expect(bench.registry.devices.map(\.state) == [.ready])
        #expect(try await again.present() == 1)
        _ = try await again.powerOn()
        #expect(try await again.transmit(selectPSE).status == .success)
        await bench.close()
        #expect(await isNone(&readers))
        #expect(await readers.next() == nil)
    }

    @Test("a reader that vanishes and is pulled by the lab leaves")
    func vanish() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(ScriptedCard())
        let bench = try Bench(virtual)
        virtual.onVanish { [bus = bench.bus] in bus.unplug(Bench.port) }
        let reader = try await bench.chipReader()
        virtual.inject(.vanish, on: 0x62)
        #expect(await errorCode { () throws(DeviceError) in try await reader.powerOn() } == .deviceGone)
        await bench.close()
    }

    /// PCI PTS POI has devices start anew at least every 24 hours; on the bus that is leaving it and being enumerated again.
    @Test("a reader that restarts itself while nothing runs is away and back, never a fault, and works with the card in it")
    func ownRestart() async throws {
        let virtual = VirtualCCIDReader(CCIDReaderProfile(serialNumber: "A"))
        virtual.insert(EchoCard())
        let bench = try Bench(virtual)
        var reader = try await bench.chipReader()
        #expect(try await reader.present() == 1)
        _ = try await reader.powerOn()
        var changes = bench.registry.changes().makeAsyncIterator()
        #expect(await changes.next()?.device.state == .ready)
        for _ in 0..<3 {
            bench.bus.unplug(Bench.port)
            try bench.bus.plug(virtual, at: Bench.port)
            guard case .left(let gone) = await changes.next() else { return #expect(Bool(false), "the reader never left") }
            #expect(gone.state == .absent)
            guard case .arrived(let back) = await changes.next() else { return #expect(Bool(false), "the reader is not back") }
            #expect(back.state == .ready && back.finding == nil && back.serialNumber == "A")
            #expect(await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) } == .deviceGone)
            reader = try await bench.chipReader()
            // A session with the card ended with the power; the new one begins with a reset.
            #expect(try await reader.present() == 1)
            _ = try await reader.powerOn()
            _ = try await reader.transmit(selectPSE)
        }
        await bench.close()
    }

    @Test("a dialogue on the bus's executor goes on after each answer, over a pulled plug, and when the bus is closed")
    func ownExecutor() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(EchoCard())
        let bench = try Bench(virtual)
        let reader = try await bench.chipReader()
        // In memory there is no thread on which answers arrive.
        #expect((reader.taskExecutor != nil) == Ground.current.isReal)
        try await withTaskExecutorPreference(reader.taskExecutor) {
            #expect(try await reader.present() == 1)
            _ = try await reader.powerOn()
            for _ in 0..<20 { #expect(try await reader.transmit(selectPSE).status == .success) }
            virtual.inject(.hold, on: 0x6F)
            async let code = errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) }
            await eventually("the command is held") { virtual.heldCount == 1 }
            bench.bus.unplug(Bench.port)
            #expect(await code == .deviceGone)
            await bench.close()
            #expect(await errorCode { () throws(DeviceError) in try await reader.transmit(selectPSE) } == .deviceGone)
        }
    }

    @Test("changes: who is there, then arrivals and departures in order")
    func changes() async throws {
        let bench = try Bench(VirtualCCIDReader(CCIDReaderProfile(serialNumber: "A")))
        _ = try await bench.chipReader()
        var changes = bench.registry.changes().makeAsyncIterator()
        func next() async -> String? {
            switch await changes.next() {
            case .arrived(let device): "arrived \(device.serialNumber ?? "") \(device.state)"
            case .changed(let device): "changed \(device.serialNumber ?? "") \(device.state)"
            case .left(let device): "left \(device.serialNumber ?? "") \(device.state)"
            case nil: nil
            }
        }
        #expect(await next() == "arrived A ready")
        try bench.bus.plug(VirtualCCIDReader(CCIDReaderProfile(serialNumber: "B")), at: USBBusPath("1-2"))
        #expect(await next() == "arrived B ready")
        bench.bus.unplug(Bench.port)
        #expect(await next() == "left A absent")
        await bench.close()
        #expect(await next() == "left B absent")
        #expect(await next() == nil)
    }

    @Test("two readers work at the same time; when the one in service goes the other takes over")
    func twoReaders() async throws {
        let first = VirtualCCIDReader(CCIDReaderProfile(serialNumber: "A"))
        let second = VirtualCCIDReader(CCIDReaderProfile(serialNumber: "B"))
        let bench = try Bench(first)
        #expect(try await bench.chipReader().device.serialNumber == "A")
        try bench.bus.plug(second, at: USBBusPath("1-2"))
        _ = try await bench.change { $0.device.serialNumber == "B" }
        second.insert(ScriptedCard())
        var readers = bench.registry.chipReaders().makeAsyncIterator()
        #expect(try await nextReader(&readers).device.serialNumber == "A")
        // The first reader is in the middle of a command when it goes, which is nothing to the second.
        bench.bus.unplug(Bench.port)
        let other = try await nextReader(&readers)
        #expect(other.device.serialNumber == "B")
        #expect(try await other.present() == 1)
        #expect(try await other.powerOn() == [0x3B, 0x20, 0x00])
        await bench.close()
    }

    @Test("a pinned reader is waited for")
    func pinned() async throws {
        let bench = try Bench(
            VirtualCCIDReader(CCIDReaderProfile(serialNumber: "A")), roles: DeviceRoles([.chip: .serialNumber("B")]))
        _ = try await bench.change { $0.device.serialNumber == "A" }
        #expect(bench.registry.devices.map(\.state) == [.ready, .absent])
        try bench.bus.plug(VirtualCCIDReader(CCIDReaderProfile(serialNumber: "B")), at: USBBusPath("1-2"))
        #expect(try await bench.chipReader().device.serialNumber == "B")
        await bench.close()
    }

    @Test(
        "a reader that another program holds is listed with what to do, and tried again when it is plugged in again",
        .inMemory("another program is another bus here; Cases has it on a kernel"))
    func busy() async throws {
        let bus = MemoryBus()
        let virtual = VirtualCCIDReader()
        try bus.plug(virtual, at: Bench.port)
        let other = try await bus.open(Bench.port)
        try await other.claim(interface: 0)
        let registry = DeviceRegistry(buses: [bus], logger: .quiet)
        let running = Task { await registry.run() }
        for await change in registry.changes() {
            #expect(change.device.state == .fault)
            #expect(change.device.finding?.contains("pcscd") == true)
            break
        }
        await other.close()
        bus.unplug(Bench.port)
        try bus.plug(virtual, at: Bench.port)
        for await reader in registry.chipReaders() where reader != nil { break }
        #expect(registry.devices.map(\.state) == [.ready])
        running.cancel()
        await running.value
    }

    @Test("a reader that another program holds is in service by itself soon after that lets go", .inMemory("the clock is the test's"))
    func busyNoLonger() async throws {
        let bus = MemoryBus()
        try bus.plug(VirtualCCIDReader(), at: Bench.port)
        let other = try await bus.open(Bench.port)
        try await other.claim(interface: 0)
        let clock = SteppedClock()
        let registry = DeviceRegistry(buses: [bus], clock: clock, logger: .quiet)
        let running = Task { await registry.run() }
        var changes = registry.changes().makeAsyncIterator()
        #expect(await changes.next()?.device.state == .fault)
        // Still held: nothing new is said.
        clock.step()
        await other.close()
        clock.step()
        #expect(await changes.next()?.device.state == .ready)
        running.cancel()
        await running.value
    }

    @Test("a device that may not be opened is listed as such, with the remedy", .inMemory("the bus refuses by order"))
    func noPermission() async throws {
        let memory = MemoryBus()
        try memory.plug(VirtualCCIDReader(), at: Bench.port)
        let bus = RefusingBus(memory, USBError(.noPermission, "The node may not be opened.", remedy: "Install the udev rule."))
        let registry = DeviceRegistry(buses: [bus], logger: .quiet)
        let running = Task { await registry.run() }
        for await change in registry.changes() {
            #expect(change.device.state == .noPermission)
            #expect(change.device.finding == "The node may not be opened. Install the udev rule.")
            break
        }
        running.cancel()
        await running.value
    }

    @Test("a reader that answers nothing at opening is listed as fault, and tried again when it is plugged in again")
    func silentAtOpening() async throws {
        let dead = VirtualCCIDReader(CCIDReaderProfile(serialNumber: "DEAD"))
        dead.inject(.silent, times: 100)
        dead.inject(.silent, on: 0x72, times: 100)
        let bench = try Bench(dead, busClock: ImpatientClock())
        let change = try await bench.change { $0.device.serialNumber == "DEAD" }
        #expect(change.device.state == .fault)
        #expect(change.device.finding == "the reader did not answer in time")
        // Losing power cures it.
        bench.bus.unplug(Bench.port)
        try bench.bus.plug(dead, at: Bench.port)
        _ = try await bench.change { $0.device.serialNumber == "DEAD" && $0.device.state == .ready }
        await bench.close()
    }

    @Test("a reader that cannot carry a command is listed as fault with the reason")
    func unusableReader() async throws {
        var profile = CCIDReaderProfile()
        profile.maximumMessageLength = 12
        let bench = try Bench(VirtualCCIDReader(profile))
        let change = try await bench.change { _ in true }
        #expect(change.device.state == .fault)
        #expect(change.device.finding?.contains("too short for a command") == true)
        await bench.close()
    }

    @Test("a bus that cannot be watched is a finding, and does not end the registry", .inMemory("the bus is closed by order"))
    func unavailableBus() async throws {
        let memory = MemoryBus()
        try memory.plug(VirtualCCIDReader(), at: Bench.port)
        let broken = MemoryBus()
        await broken.close()
        let registry = DeviceRegistry(buses: [broken, memory], logger: .quiet)
        let running = Task { await registry.run() }
        for await reader in registry.chipReaders() where reader != nil { break }
        await eventually("the finding is there") { registry.findings == ["The bus was closed."] }
        await registry.close()
        await running.value
        #expect(registry.devices.map(\.state) == [.absent])
    }

    @Test("closing before running, twice, and while running", .inMemory("nothing is plugged in"))
    func closing() async throws {
        let registry = DeviceRegistry(buses: [MemoryBus()], logger: .quiet)
        await registry.close()
        await registry.close()
        await registry.run()
        for await _ in registry.changes() { Issue.record("a change after the end") }
        var readers = registry.chipReaders().makeAsyncIterator()
        #expect(await isNone(&readers))
        #expect(await readers.next() == nil)
    }

    @Test("a thousand times plugged and unplugged, nothing grows", .inMemory("Cases counts cycles on a kernel"))
    func thousandCycles() async throws {
        let virtual = VirtualCCIDReader()
        virtual.insert(EchoCard())
        let bench = try Bench()
        var readers = bench.registry.chipReaders().makeAsyncIterator()
        #expect(await isNone(&readers))
        let alive = WeakReaders()
        for cycle in 0..<1_000 {
            try bench.bus.plug(virtual, at: Bench.port)
            let reader = try #require(try await nextReader(&readers) as? CCIDSlot)
            alive.add(reader.reader)
            if cycle % 3 == 0 { _ = try await reader.powerOn() }
            if cycle % 5 == 0 { virtual.inject(.hold, on: 0x6F) }
            async let code = errorCode { () throws(DeviceError) in
                cycle % 5 == 0 ? try await reader.transmit(selectPSE) : ResponseAPDU(status: .success)
            }
            bench.bus.unplug(Bench.port)
            #expect(await isNone(&readers))
            let ended = await code
            #expect(cycle % 5 != 0 || ended == .deviceGone || ended == .cardMute)
        }
        await eventually("nobody serves a place that is empty") { bench.registry.servedCount == 0 }
        await eventually("no reader outlives its device") { alive.count == 0 }
        #expect(bench.registry.devices.count == 1)
        await bench.close()
    }

    @Test(
        "plugging faster than a reader can be opened ends with the reader in service",
        .notUnderUMockdev("it wraps at most 50 open nodes a process, and ends it over one more"))
    func bouncing() async throws {
        let virtual = VirtualCCIDReader()
        let bench = try Bench()
        for _ in 0..<200 {
            try bench.bus.plug(virtual, at: Bench.port)
            bench.bus.unplug(Bench.port)
        }
        try bench.bus.plug(virtual, at: Bench.port)
        virtual.insert(EchoCard())
        // A system is behind with its messages: what is in service may be from an earlier plug, and goes.
        var answer: [UInt8]?
        repeat {
            await eventually("the reader works") { bench.registry.devices.map(\.state) == [.ready] }
            do throws(DeviceError) {
                guard let reader = try? await bench.chipReader() else { throw DeviceError(.deviceGone, "the registry ended") }
                for await case .present in reader.cardPresence() {
                    answer = try await reader.powerOn()
                    break
                }
            } catch {
                guard Ground.current.isReal, error.code == .deviceGone else { throw error }
            }
        } while answer == nil && Ground.current.isReal
        #expect(answer == [0x3B, 0x20, 0x00])
        await bench.close()
    }
}

private typealias Readers = AsyncStream<(any ChipReader)?>.Iterator

/// The next reader in service, over the moments in which there is none.
private func nextReader(_ readers: inout Readers) async throws -> any ChipReader {
    while let next = await readers.next() {
        if let next { return next }
    }
    throw DeviceError(.deviceGone, "the registry ended without a reader")
}

/// Whether the next thing said is that no reader is in service.
private func isNone(_ readers: inout Readers) async -> Bool {
    guard let next = await readers.next() else { return false }
    return next == nil
}

private final class WeakReaders {
    private struct Box { weak var reader: CCIDReader? }
    private var boxes: [Box] = []
    func add(_ reader: CCIDReader) { boxes.append(Box(reader: reader)) }
    var count: Int { boxes.count { $0.reader != nil } }
}

/// A bus on which nothing can be opened.
private struct RefusingBus: USBBus {
    let bus: MemoryBus
    let error: USBError

    init(_ bus: MemoryBus, _ error: USBError) {
        self.bus = bus
        self.error = error
    }

    func events() async throws(USBError) -> AsyncStream<USBBusEvent> { try await bus.events() }
    func open(_ path: USBBusPath) async throws(USBError) -> any USBDevice { throw error }
    func close() async { await bus.close() }
}
