import Seeds
import JSON
import NIOCore
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Limits of the server", .timeLimit(.minutes(2)))
struct ServerLimitTests {
    @Test("a message over the limit: 1009, whether in one frame or in fragments", arguments: ServerHarness.Transport.allCases)
    func oversize(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect(transport)
            client.writeNoMatter(TestClient.frame(opcode: 1, [UInt8](repeating: 0x20, count: 200_000)))
            #expect(try await client.next() == .close(1009, ""))
            #expect(try await client.next() == .end)
            let fragments = try await harness.connect(transport)
            for number in 0..<5 {
                fragments.writeNoMatter(TestClient.frame(opcode: number == 0 ? 1 : 0, [UInt8](repeating: 0x20, count: 16_384), fin: false))
            }
            #expect(try await fragments.next() == .close(1009, ""))
        }
    }

    @Test("a message of exactly the limit is read")
    func exactlyTheLimit() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            let head = "{\"operation\":\"GetInformation\",\"padding\":\""
            try await client.send(head + String(repeating: "x", count: 65_536 - head.utf8.count - 2) + "\"}")
            #expect(try await client.message()["result"] == "0")
        }
    }

    @Test("a message that has begun and does not end: 1008; pings between give no more time; whole messages are not counted together")
    func unfinished() async throws {
        try await ServerHarness.run {
            $0.times.message = .milliseconds(300)
        } _: { harness in
            let fragments = try await harness.connect()
            try await fragments.write(TestClient.frame(opcode: 1, Array("{".utf8), fin: false) + TestClient.frame(opcode: 9, []))
            #expect(try await fragments.next() == .pong([]))
            #expect(try await fragments.next() == .close(1008, "message not finished in time"))

            let half = try await harness.connect()
            try await half.write(Array(TestClient.frame(opcode: 1, Array("{}".utf8)).dropLast()))
            #expect(try await half.next() == .close(1008, "message not finished in time"))

            let whole = try await harness.connect()
            let begun = ContinuousClock.now
            while ContinuousClock.now - begun < .milliseconds(600) {
                #expect(try await whole.ask(["operation": "GetInformation"])["result"] == "0")
            }
        }
    }

    @Test("binary: 1003; bad UTF-8: 1007; unmasked, reserved bit, reserved opcode: 1002", arguments: ServerHarness.Transport.allCases)
    func violations(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let cases: [([UInt8], UInt16)] = [
                (TestClient.frame(opcode: 2, [1, 2, 3]), 1003),
                (TestClient.frame(opcode: 1, [0x7B, 0xC0, 0xAF, 0x7D]), 1007),
                (TestClient.frame(opcode: 1, Array("{}".utf8), masked: false), 1002),
                (TestClient.frame(opcode: 0x41, Array("{}".utf8)), 1002),
                (TestClient.frame(opcode: 3, []), 1002),
                (TestClient.frame(opcode: 9, [UInt8](repeating: 0, count: 126)), 1002),
                (TestClient.frame(opcode: 0, []), 1002),
            ]
            for (bytes, code) in cases {
                let client = try await harness.connect(transport)
                try await client.write(bytes)
                #expect(try await client.next() == .close(code, ""))
                #expect(try await client.next() == .end)
            }
        }
    }

    @Test("a ping between the fragments of a message is answered before the message")
    func controlFrameMidMessage() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            try await client.send(opcode: 1, Array("{\"operation\":\"Get".utf8), fin: false)
            try await client.send(opcode: 9, [1, 2, 3])
            try await client.send(opcode: 0, Array("Information\"}".utf8))
            #expect(try await client.next() == .pong([1, 2, 3]))
            #expect(try await client.message()["result"] == "0")
        }
    }

    @Test("the POS closes: its code is echoed and the server ends the connection", arguments: ServerHarness.Transport.allCases)
    func close(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect(transport)
            try await client.send(["operation": "GetInformation"])
            try await client.send(opcode: 8, [0x03, 0xE8])
            // The answer is not overtaken by the close.
            #expect(try await client.message()["result"] == "0")
            #expect(try await client.next() == .close(1000, ""))
            #expect(try await client.next() == .end)
        }
    }

    @Test("the ninth connection is accepted, the longest-idle one is closed 1001")
    func ninth() async throws {
        try await ServerHarness.run { harness in
            var clients: [TestClient] = []
            for _ in 0..<8 {
                clients.append(try await harness.connect())
                try await harness.clock.advance(by: .seconds(1))
            }
            _ = try await clients[0].ask(["operation": "GetInformation"])
            let ninth = try await harness.connect()
            #expect(try await clients[1].next() == .close(1001, "replaced by a newer connection"))
            #expect(try await ninth.ask(["operation": "GetInformation"])["result"] == "0")
            #expect(try await clients[0].ask(["operation": "GetInformation"])["result"] == "0")
        }
    }

    @Test("a flood of requests that is read is answered completely")
    func flood() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            let request = TestClient.frame(opcode: 1, Array("{\"operation\":\"GetInformation\"}".utf8))
            client.writeNoMatter((0..<500).flatMap { _ in request })
            for _ in 0..<500 { #expect(try await client.message()["result"] == "0") }
        }
    }

    @Test("a POS that does not read what it asked for is dropped, and the others are served", arguments: ServerHarness.Transport.allCases)
    func slowReader(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let slow = try await TestClient.connect(
                port: transport == .tlsOnly ? harness.ports.tlsPort : harness.ports.port,
                tls: transport == .plain ? nil : ServerHarness.clientContext(), receiveBuffer: 4096)
            // Its sale makes the terminal hear of the drop.
            try await harness.startSale(slow)
            try await slow.reading(false)
            // Some 10 MB of answers: more than every buffer on the way can hold.
            let request = TestClient.frame(opcode: 1, Array("{\"operation\":\"GetInformation\"}".utf8))
            let burst = (0..<200).flatMap { _ in request }
            for _ in 0..<100 { slow.writeNoMatter(burst) }
            await harness.terminal.expectPresence(.lost)
            let other = try await harness.connect()
            #expect(try await other.ask(["operation": "GetInformation"])["result"] == "0")
        }
    }

    @Test("shutdown: 1001, terminal restart, and the ports are closed", arguments: ServerHarness.Transport.allCases)
    func shutdown(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect(transport)
            try await harness.startSale(client)
            async let done: Void = harness.server.shutdown()
            #expect(try await client.next() == .close(1001, "terminal restart"))
            await harness.terminal.expectPresence(.lost)
            await client.cut()
            await done
            await #expect(throws: (any Error).self) { try await harness.connect(transport) }
        }
    }

    @Test("a journal failure closes 1011")
    func journalFailure() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            async let done: Void = harness.server.shutdown(.journalFailed)
            #expect(try await client.next() == .close(1011, "internal error"))
            await client.cut()
            await done
        }
    }

    @Test("at 24 hours: 1001, connection lifetime; five minutes before, 20 maintenance")
    func lifetime() async throws {
        try await ServerHarness.run { harness in
            let client = try await harness.connect()
            try await harness.clock.advance(by: .seconds(23 * 3600 + 55 * 60))
            let refusal = try await client.ask(["operation": "Transaction", "type": "SALE", "requestedAmount": "500"])
            #expect(refusal["result"] == "20" && refusal["errorCondition"] == "maintenance")
            #expect(try await client.ask(["operation": "GetInformation"])["result"] == "0")
            try await harness.clock.advance(by: .seconds(300))
            #expect(try await client.next() == .close(1001, "connection lifetime"))
        }
    }

    @Test(
        "a POS that says nothing is closed at the handshake limit of 10 s; one that has upgraded is not",
        arguments: ServerHarness.Transport.allCases)
    func handshakeLimit(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let upgraded = try await harness.connect(transport)
            let silent = try await TestClient.open(port: transport == .tlsOnly ? harness.ports.tlsPort : harness.ports.port)
            let half = try await TestClient.open(port: transport == .tlsOnly ? harness.ports.tlsPort : harness.ports.port)
            try await half.write(transport == .plain ? Array("GET / HT".utf8) : [0x16, 0x03, 0x01])
            // One connection after them, so that both have been accepted.
            _ = try await harness.connect(transport)
            try await harness.clock.advance(by: .seconds(10))
            #expect(try await silent.next() == .end)
            #expect(try await half.next() == .end)
            #expect(try await upgraded.ask(["operation": "GetInformation"])["result"] == "0")
        }
    }

    @Test("random bytes after the upgrade never stop the server")
    func randomBytes() async throws {
        try await ServerHarness.run { harness in
            var random = SeededRandom(seed: 11)
            for round in 0..<60 {
                let client = try await harness.connect()
                var bytes = (0..<Int.random(in: 1..<400, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                // Half of them begin like a masked text frame, to get further in.
                if round.isMultiple(of: 2) { bytes = TestClient.frame(opcode: 1, bytes, fin: Bool.random(using: &random)) + bytes }
                client.writeNoMatter(bytes)
                await client.cut()
            }
            let client = try await harness.connect()
            #expect(try await client.ask(["operation": "GetInformation"])["result"] == "0")
        }
    }
}
