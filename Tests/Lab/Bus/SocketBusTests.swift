import Glibc
import Grounds
import Testing
import USB

@testable import Lab

@Suite("The socket between lab and terminal", .inMemory("the socket is not a system's bus"), .timeLimit(.minutes(1)))
struct SocketBusTests {
    @Test("when a terminal goes, what it had open is closed, and the next finds everything free")
    func reconnect() async throws {
        let rig = try BusRig(.socket)
        let server = try #require(rig.server)
        var clients = server.clients().makeAsyncIterator()
        while await clients.next() != 1 {}
        let device = try await rig.opened()
        let waiting = Task { try await device.interruptIn(0x83, length: 8, timeout: nil) }
        await rig.asked(0x83)
        // As a killed process does: the connection ends, nothing is closed before.
        await rig.bus.close()
        #expect(await failure { _ = try await waiting.value } == .closed)
        while await clients.next() != 0 {}

        for _ in 0..<20 {
            let next = try SocketBusClient(connectingTo: rig.socket)
            var events = try await next.events().makeAsyncIterator()
            guard case .attached = await events.next() else { return #expect(Bool(false), "the device is not shown to the next terminal") }
            let opened = try await next.open(BusRig.path)
            try await opened.claim(interface: 0)
            try await opened.bulkOut(0x01, [9], timeout: BusRig.limit)
            #expect(try await opened.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [9])
            await next.close()
            while await clients.next() != 0 {}
        }
        await rig.close()
    }

    @Test("a task that prefers the device's executor goes on after each transfer, over the end of the bus, and after it")
    func executor() async throws {
        let rig = try BusRig(.socket)
        let device = try await rig.opened()
        let executor = try #require(device.taskExecutor)
        try await withTaskExecutorPreference(executor) {
            for byte in 0..<20 as Range<UInt8> {
                try await device.bulkOut(0x01, [byte], timeout: BusRig.limit)
                #expect(try await device.bulkIn(0x81, length: 64, timeout: BusRig.limit) == [byte])
            }
            await rig.bus.close()
            #expect(await failure { try await device.bulkOut(0x01, [1], timeout: BusRig.limit) } == .closed)
        }
        // A task that begins when the thread is gone runs all the same.
        #expect(await Task(executorPreference: executor) { true }.value)
        await rig.close()
    }

    @Test("when the lab goes, its devices are detached and their transfers end")
    func labGone() async throws {
        let rig = try BusRig(.socket)
        let device = try await rig.opened()
        var events = try await rig.bus.events().makeAsyncIterator()
        guard case .attached = await events.next() else { return #expect(Bool(false), "the device is not shown") }
        let waiting = Task { try await device.interruptIn(0x83, length: 8, timeout: nil) }
        await rig.asked(0x83)
        await rig.server?.close()
        guard case .detached(BusRig.path) = await events.next() else { return #expect(Bool(false), "the device is not detached") }
        let code = await failure { _ = try await waiting.value }
        // The lab's last word may still get through.
        #expect(code == .noDevice || code == .closed || code == .cancelled)
        #expect(await failure { try await device.bulkOut(0x01, [1], timeout: BusRig.limit) } == .noDevice)
        #expect(await failure { _ = try SocketBusClient(connectingTo: rig.socket) } == .unavailable)
        await rig.close()
        #expect(await events.next() == nil)
    }

    @Test("side messages go both ways, whole and in order; early ones are kept for the first listener")
    func sideMessages() async throws {
        let rig = try BusRig(.socket)
        let server = try #require(rig.server)
        let client = try #require(rig.bus as? SocketBusClient)
        var clients = server.clients().makeAsyncIterator()
        while await clients.next() != 1 {}
        for number in 0..<100 {
            client.sendSide([1, UInt8(number)])
            #expect(server.sendSide([2, UInt8(number)]))
        }
        client.sendSide([])
        client.sendSide([UInt8](repeating: 7, count: 300_000))
        var toLab = server.sideMessages().makeAsyncIterator()
        var toTerminal = client.sideMessages().makeAsyncIterator()
        for number in 0..<100 {
            #expect(await toLab.next() == [1, UInt8(number)])
            #expect(await toTerminal.next() == [2, UInt8(number)])
        }
        #expect(await toLab.next() == [])
        #expect(await toLab.next()?.count == 300_000)
        await client.close()
        #expect(await toTerminal.next() == nil)
        while await clients.next() != 0 {}
        #expect(!server.sendSide([3]))
        await rig.close()
        #expect(await toLab.next() == nil)
    }

    @Test(
        "a malformed frame ends the connection and nothing else",
        arguments: [
            [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [1, 0, 0, 0, 0x7F], [1, 0, 0, 0, 1], [3, 0, 0, 0, 3, 0, 0],
            // A word that only the lab may say: detached "x".
            [4, 0, 0, 0, 0x12, 2, 0, 0x78],
        ] as [[UInt8]])
    func malformedFrame(_ bytes: [UInt8]) async throws {
        let rig = try BusRig(.socket)
        let server = try #require(rig.server)
        var clients = server.clients().makeAsyncIterator()
        while await clients.next() != 1 {}
        let descriptor = try BusSocket.make()
        #expect(try BusSocket.with(rig.socket) { connect(descriptor, $0, $1) } == 0)
        while await clients.next() != 2 {}
        #expect(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        while await clients.next() != 1 {}
        Glibc.close(descriptor)
        // The other terminal does not notice.
        let device = try await rig.opened()
        try await device.bulkOut(0x01, [1], timeout: BusRig.limit)
        await rig.close()
    }

    @Test("a tag that is used twice at a time ends the connection")
    func doubleTag() async throws {
        let rig = try BusRig(.socket)
        let server = try #require(rig.server)
        try rig.memory.plug(rig.device, at: BusRig.path)
        await rig.bus.close()
        var clients = server.clients().makeAsyncIterator()
        while await clients.next() != 0 {}
        let descriptor = try BusSocket.make()
        #expect(try BusSocket.with(rig.socket) { connect(descriptor, $0, $1) } == 0)
        let connection = try BusConnection(descriptor)
        let (frames, heard) = AsyncStream<BusFrame>.makeStream()
        try connection.start("lab-bus-test", onFrame: { heard.yield($0) }, onEnd: { _ in heard.finish() })
        connection.send(.open(tag: 1, BusRig.path))
        for await frame in frames { if case .opened = frame { break } }
        let wait = BusFrame.call(
            tag: 2, device: 1, .control(USBSetup(requestType: 0xC0, request: 3, value: 0, index: 0, length: 1), [], timeout: nil))
        connection.send(wait)
        await rig.asked(0)
        connection.send(wait)
        await connection.ended()
        while await clients.next() != 0 {}
        await rig.close()
    }

    @Test("what cannot be sent in one frame is refused")
    func tooLong() async throws {
        let rig = try BusRig(.socket)
        let device = try await rig.opened()
        let most = BusFrame.longestTransfer
        #expect(await failure { _ = try await device.bulkIn(0x81, length: most + 1, timeout: BusRig.limit) } == .unsupported)
        #expect(await failure { _ = try await device.bulkIn(0x81, length: -1, timeout: BusRig.limit) } == .unsupported)
        let data = [UInt8](repeating: 1, count: most)
        #expect(await failure { try await device.bulkOut(0x01, data + [1], timeout: BusRig.limit) } == .unsupported)
        try await device.bulkOut(0x01, data, timeout: BusRig.limit)
        #expect(try await device.bulkIn(0x81, length: most, timeout: BusRig.limit) == data)
        await rig.close()
    }

    @Test("a path that no socket can have is refused")
    func badPath() async throws {
        for path in ["", String(repeating: "x", count: 108), "/nonexistent/bus"] {
            #expect(await failure { _ = try SocketBusServer(serving: MemoryBus(), at: path) } == .unavailable)
            #expect(await failure { _ = try SocketBusClient(connectingTo: path) } == .unavailable)
        }
    }
}
