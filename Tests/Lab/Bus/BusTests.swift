import Grounds
import Testing
import USB

@testable import Lab

@Suite("A bus, in memory and over the socket", .timeLimit(.minutes(1)))
struct BusTests {
    @Test(
        "devices present come first, then every change in order; each stream is independent and ends with the bus",
        arguments: BusKind.allCases)
    func hotplug(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        try rig.memory.plug(rig.device, at: BusRig.path)
        var events = try await rig.bus.events().makeAsyncIterator()
        guard case .attached(let info) = await events.next() else { return #expect(Bool(false), "the present device is not shown") }
        #expect(info.path == BusRig.path)
        #expect(info.descriptor == LoopbackDevice.descriptor)
        #expect([info.manufacturer, info.product, info.serialNumber] == ["Lab", "Loopback", "0042"])

        rig.memory.unplug(BusRig.path)
        guard case .detached(BusRig.path) = await events.next() else { return #expect(Bool(false), "unplugging is not shown") }
        try rig.memory.plug(rig.device, at: BusRig.path)
        guard case .attached(let again) = await events.next() else { return #expect(Bool(false), "plugging in again is not shown") }
        #expect(again.node != info.node)

        var others = try await rig.bus.events().makeAsyncIterator()
        guard case .attached = await others.next() else { return #expect(Bool(false), "the second stream does not begin anew") }
        await rig.bus.close()
        #expect(await others.next() == nil)
        #expect(await failure { _ = try await rig.bus.events() } == .closed)
        #expect(await failure { _ = try await rig.bus.open(BusRig.path) } == .closed)
        await rig.close()
    }

    @Test("data goes out and comes in", arguments: BusKind.allCases)
    func transfers(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        for length in [0, 1, 63, 64, 65, 4096, 100_000] {
            let data = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            try await device.bulkOut(0x01, data, timeout: BusRig.limit)
            #expect(try await device.bulkIn(0x81, length: 100_000, timeout: BusRig.limit) == data)
        }
        // No time limit was left behind.
        rig.clock.advance(by: .seconds(3600))
        try await device.bulkOut(0x01, [1], timeout: BusRig.limit)
        #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [1])
        await rig.close()
    }

    @Test("an exchange is a message out and its answer in, and says which half failed", arguments: BusKind.allCases)
    func exchange(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        func exchange(_ message: [UInt8]) async -> USBExchange.Outcome {
            await device.exchange(
                USBExchange(message, to: 0x01, within: BusRig.limit, answerFrom: 0x81, length: 100_000, within: BusRig.limit))
        }
        for length in [1, 63, 65, 100_000] {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            guard case .answered(message) = await exchange(message) else { return #expect(Bool(false), "\(length) bytes do not come back") }
        }
        try rig.memory.inject(.stall(endpoint: 0x01), at: BusRig.path)
        guard case .notSent(let refused) = await exchange([1]) else {
            return #expect(Bool(false), "a stalled OUT endpoint took the message")
        }
        try await device.clearHalt(0x01)
        try rig.memory.inject(.stall(endpoint: 0x81), at: BusRig.path)
        guard case .notAnswered(let stalled) = await exchange([2]) else { return #expect(Bool(false), "a stalled IN endpoint answered") }
        #expect((refused.code, stalled.code) == (.stall, .stall))
        try await device.clearHalt(0x81)
        // The first message was never sent: this is the second one's echo.
        #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [2])
        await rig.close()
    }

    @Test("an exchange that is cancelled while its answer is awaited was sent", arguments: BusKind.allCases)
    func cancelledExchange(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        // Takes the echo away from the exchange.
        let thief = Task { try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) }
        await rig.asked(0x81)
        let waiting = Task {
            await device.exchange(
                USBExchange([7], to: 0x01, within: BusRig.limit, answerFrom: 0x81, length: 64, within: BusRig.limit))
        }
        #expect(try await thief.value == [7])
        await rig.asked(0x81)
        waiting.cancel()
        guard case .notAnswered(let error) = await waiting.value else {
            return #expect(Bool(false), "a cancelled exchange ended otherwise")
        }
        #expect(error.code == .cancelled)
        try await device.bulkOut(0x01, [9], timeout: BusRig.limit)
        #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [9])
        await rig.close()
    }

    @Test("more than was asked for is an overflow", arguments: BusKind.allCases)
    func overflow(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        try await device.bulkOut(0x01, [1, 2, 3], timeout: BusRig.limit)
        #expect(await failure { _ = try await device.bulkIn(0x81, length: 2, timeout: BusRig.limit) } == .overflow)
        await rig.close()
    }

    @Test("standard requests are answered from the descriptors", arguments: BusKind.allCases)
    func standardRequests(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        func get(_ type: UInt8, _ request: UInt8, _ value: UInt16, _ index: UInt16, _ length: UInt16) async throws -> [UInt8] {
            try await device.control(
                USBSetup(requestType: type, request: request, value: value, index: index, length: length), data: [], timeout: BusRig.limit)
        }
        #expect(try await get(0x80, 6, 0x0100, 0, 18) == rig.device.deviceDescriptor)
        #expect(try await get(0x80, 6, 0x0100, 0, 8) == Array(rig.device.deviceDescriptor.prefix(8)))
        #expect(try await get(0x80, 6, 0x0200, 0, 9) == Array(rig.device.configurationDescriptor.prefix(9)))
        #expect(try await get(0x80, 6, 0x0300, 0, 255) == [4, 3, 9, 4])
        #expect(try await get(0x80, 6, 0x0301, 0x0409, 255) == [8, 3, 0x4C, 0, 0x61, 0, 0x62, 0])
        #expect(await failure { _ = try await get(0x80, 6, 0x0309, 0x0409, 255) } == .stall)
        #expect(await failure { _ = try await get(0x80, 6, 0x0F00, 0, 255) } == .stall)
        #expect(try await get(0x80, 8, 0, 0, 1) == [1])
        _ = try await get(0x00, 9, 1, 0, 0)
        #expect(await failure { _ = try await get(0x00, 9, 7, 0, 0) } == .stall)
        #expect(try await get(0x81, 10, 0, 1, 1) == [0])
        #expect(await failure { _ = try await get(0x01, 11, 3, 0, 0) } == .stall)
        // Those of vendor and class are the model's.
        #expect(try await get(0xC0, 2, 0, 0, 4) == [0x55, 0x55, 0x55, 0x55])
        #expect(await failure { _ = try await get(0xC0, 9, 0, 0, 4) } == .stall)
        // A stall of endpoint 0 does not last.
        #expect(try await get(0xC0, 2, 0, 0, 1) == [0x55])
        await rig.close()
    }

    @Test("a stalled endpoint stays halted until its halt is cleared", arguments: BusKind.allCases)
    func stall(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        try rig.memory.inject(.stall(endpoint: 0x01), at: BusRig.path)
        #expect(await failure { try await device.bulkOut(0x01, [1], timeout: BusRig.limit) } == .stall)
        #expect(await failure { try await device.bulkOut(0x01, [1], timeout: BusRig.limit) } == .stall)
        let status = USBSetup(requestType: 0x82, request: 0, value: 0, index: 0x01, length: 2)
        #expect(try await device.control(status, data: [], timeout: BusRig.limit) == [1, 0])
        try await device.clearHalt(0x01)
        #expect(try await device.control(status, data: [], timeout: BusRig.limit) == [0, 0])
        try await device.bulkOut(0x01, [2], timeout: BusRig.limit)
        #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [2])
        await rig.close()
    }

    @Test(
        "a transfer ends when its time is up, and the device can be used again", .inMemory("the time limit is the test's"),
        arguments: BusKind.allCases)
    func timeout(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        let waiting = Task { try await device.bulkIn(0x81, length: 64, timeout: .seconds(5)) }
        await rig.clock.sleeping()
        rig.clock.advance(by: .milliseconds(4999))
        await rig.clock.sleeping()
        rig.clock.advance(by: .milliseconds(1))
        #expect(await failure { _ = try await waiting.value } == .timeout)
        try await device.bulkOut(0x01, [3], timeout: BusRig.limit)
        #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [3])
        await rig.close()
    }

    @Test("cancelling the task ends the transfer, and the device can be used again", arguments: BusKind.allCases)
    func cancel(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        let waiting = Task { try await device.interruptIn(0x83, length: 8, timeout: nil) }
        await rig.asked(0x83)
        waiting.cancel()
        #expect(await failure { _ = try await waiting.value } == .cancelled)
        // Cancelled before it begins.
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit)
        }
        #expect(await failure { _ = try await early.value } == .cancelled)
        try await device.bulkOut(0x01, [4], timeout: BusRig.limit)
        #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [4])
        await rig.close()
    }

    @Test("an interrupt message reaches the one who waits without a time limit", arguments: BusKind.allCases)
    func interrupt(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        let waiting = Task { try await device.interruptIn(0x83, length: 8, timeout: nil) }
        await rig.asked(0x83)
        rig.clock.advance(by: .seconds(86_400))
        _ = try await device.control(
            USBSetup(requestType: 0x40, request: 1, value: 0, index: 0, length: 2), data: [0x50, 0x03], timeout: BusRig.limit)
        #expect(try await waiting.value == [0x50, 0x03])
        await rig.close()
    }

    @Test("a device that is not ready to take data is offered it again", arguments: BusKind.allCases)
    func outNotReady(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        rig.device.setFull(true)
        let waiting = Task { try await device.bulkOut(0x01, [5], timeout: BusRig.limit) }
        await rig.asked(0x01)
        rig.device.setFull(false)
        try await waiting.value
        #expect(rig.device.received == [[5]])
        await rig.close()
    }

    @Test("unplugging ends transfers under way; plugged in again, the device is opened anew", arguments: BusKind.allCases)
    func unplug(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        let waiting = Task { try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) }
        await rig.asked(0x81)
        rig.memory.unplug(BusRig.path)
        #expect(await failure { _ = try await waiting.value } == .noDevice)
        #expect(await failure { try await device.bulkOut(0x01, [1], timeout: BusRig.limit) } == .noDevice)
        #expect(await failure { _ = try await rig.bus.open(BusRig.path) } == .noDevice)
        #expect(await failure { try await device.claim(interface: 0) } == .noDevice)
        await device.close()

        let again = try await rig.opened()
        try await again.bulkOut(0x01, [6], timeout: BusRig.limit)
        #expect(try await again.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [6])
        // The old one stays dead.
        #expect(await failure { try await device.bulkOut(0x01, [1], timeout: BusRig.limit) } != nil)
        await rig.close()
    }

    @Test("closing ends transfers under way with closed; closing twice is fine", arguments: BusKind.allCases)
    func closing(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        let waiting = Task { try await device.interruptIn(0x83, length: 8, timeout: nil) }
        await rig.asked(0x83)
        await device.close()
        #expect(await failure { _ = try await waiting.value } == .closed)
        #expect(await failure { try await device.bulkOut(0x01, [1], timeout: BusRig.limit) } == .closed)
        #expect(await failure { try await device.claim(interface: 0) } == .closed)
        #expect(await failure { try await device.reset() } == .closed)
        await device.close()
        await rig.close()
    }

    @Test("closing the bus ends transfers of open devices with closed", arguments: BusKind.allCases)
    func closingBus(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        let waiting = Task { try await device.interruptIn(0x83, length: 8, timeout: nil) }
        await rig.asked(0x83)
        await rig.bus.close()
        #expect(await failure { _ = try await waiting.value } == .closed)
        #expect(await failure { try await device.bulkOut(0x01, [1], timeout: BusRig.limit) } == .closed)
        await rig.close()
    }

    @Test("an interface belongs to one at a time", arguments: BusKind.allCases)
    func claims(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let first = try await rig.opened()
        let second = try await rig.bus.open(BusRig.path)
        #expect(await failure { try await second.claim(interface: 0) } == .busy)
        // Linux claims by itself what is free, and says otherwise why not.
        let refused = await failure { try await second.bulkOut(0x01, [1], timeout: BusRig.limit) }
        #expect(kind == .system ? refused != nil : refused == .notFound)
        #expect(await failure { try await second.claim(interface: 9) } == .notFound)
        try await second.claim(interface: 1)
        try await first.release(interface: 0)
        if kind != .system { #expect(await failure { try await first.bulkOut(0x01, [1], timeout: BusRig.limit) } == .notFound) }
        try await second.claim(interface: 0)
        await second.close()
        try await first.claim(interface: 0)
        #expect(await failure { try await first.bulkOut(0x05, [1], timeout: BusRig.limit) } == .notFound)
        await rig.close()
    }

    @Test(
        "a reset ends what is under way and keeps claims", .inMemory("a virtual host controller does not tell the device of a bus reset"),
        arguments: BusKind.allCases)
    func reset(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        try await device.bulkOut(0x01, [1], timeout: BusRig.limit)
        let waiting = Task { try await device.interruptIn(0x83, length: 8, timeout: nil) }
        await rig.asked(0x83)
        try await device.reset()
        #expect(await failure { _ = try await waiting.value } == .cancelled)
        // What was on its way is forgotten.
        try await device.bulkOut(0x01, [2], timeout: BusRig.limit)
        #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [2])
        await rig.close()
    }

    @Test("a garbled transfer is disturbed once", arguments: BusKind.allCases)
    func garble(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        try rig.memory.inject(.garble(), at: BusRig.path)
        for expected: [UInt8] in [[0x5A, 0xA5], [0x00, 0xFF]] {
            try await device.bulkOut(0x01, [0x00, 0xFF], timeout: BusRig.limit)
            #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == expected)
        }
        await rig.close()
    }

    @Test("a slow device answers later, or too late", .inMemory("the time limit is the test's"), arguments: BusKind.allCases)
    func slow(_ kind: BusKind) async throws {
        let rig = try BusRig(kind)
        let device = try await rig.opened()
        try await device.bulkOut(0x01, [7], timeout: BusRig.limit)
        try rig.memory.inject(.slow(.seconds(3)), at: BusRig.path)
        let late = Task { try await device.bulkIn(0x81, length: 64, timeout: .seconds(2)) }
        await rig.clock.sleeping(2)
        rig.clock.advance(by: .seconds(2))
        #expect(await failure { _ = try await late.value } == .timeout)
        rig.clock.advance(by: .seconds(2))
        let inTime = Task { try await device.bulkIn(0x81, length: 64, timeout: .seconds(4)) }
        await rig.clock.sleeping(2)
        rig.clock.advance(by: .seconds(3))
        #expect(try await inTime.value == [7])
        try rig.memory.inject(.slow(.zero), at: BusRig.path)
        try await device.bulkOut(0x01, [8], timeout: BusRig.limit)
        #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [8])
        await rig.close()
    }

    @Test("transfers of one endpoint are served in the order in which they were asked for", .inMemory("rules of the memory bus"))
    func order() async throws {
        let rig = try BusRig(.memory)
        let device = try await rig.opened()
        let first = Task { try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) }
        await rig.clock.sleeping(1)
        let second = Task { try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) }
        await rig.clock.sleeping(2)
        try await device.bulkOut(0x01, [1], timeout: BusRig.limit)
        try await device.bulkOut(0x01, [2], timeout: BusRig.limit)
        #expect(try await first.value == [1])
        #expect(try await second.value == [2])
        await rig.close()
    }

    @Test("a stall without an endpoint hits a bulk transfer, a waiting one first", .inMemory("rules of the memory bus"))
    func stallWaiting() async throws {
        let rig = try BusRig(.memory)
        let device = try await rig.opened()
        let interrupt = Task { try await device.interruptIn(0x83, length: 8, timeout: nil) }
        await rig.asked(0x83)
        let bulk = Task { try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) }
        await rig.clock.sleeping()
        try rig.memory.inject(.stall(), at: BusRig.path)
        #expect(await failure { _ = try await bulk.value } == .stall)
        interrupt.cancel()
        #expect(await failure { _ = try await interrupt.value } == .cancelled)
        await rig.close()
    }

    @Test("an occupied place, an empty one, and descriptors that nobody understands are refused", .inMemory("rules of the memory bus"))
    func plugging() async throws {
        let rig = try BusRig(.memory)
        try rig.memory.plug(rig.device, at: BusRig.path)
        #expect(await failure { try rig.memory.plug(LoopbackDevice(), at: BusRig.path) } == .busy)
        #expect(await failure { try rig.memory.inject(.stall(), at: USBBusPath("1-2")) } == .noDevice)
        rig.memory.unplug(USBBusPath("1-2"))
        #expect(await failure { try rig.memory.plug(BrokenDevice(), at: USBBusPath("1-2")) } == .malformedDescriptor)
        #expect(rig.memory.devices.map(\.path) == [BusRig.path])
        await rig.close()
    }
}

private final class BrokenDevice: VirtualUSBDevice {
    let deviceDescriptor: [UInt8] = [18, 1, 0]
    let configurationDescriptor: [UInt8] = []
    let strings: [UInt8: String] = [:]
    func control(_ setup: USBSetup, data: [UInt8]) -> VirtualTransferResult { .stall }
    func out(_ endpoint: UInt8, _ data: [UInt8]) -> VirtualTransferResult { .stall }
    func take(_ endpoint: UInt8, length: Int) -> VirtualTransferResult { .stall }
    func attach(notify: @escaping @Sendable (UInt8) -> Void) {}
    func detach() {}
}
