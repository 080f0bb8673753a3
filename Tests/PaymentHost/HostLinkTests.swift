import ISO8583
import Keys
import NIOConcurrencyHelpers
import Testing

@testable import PaymentHost

@Suite("The link over TLS on loopback", .timeLimit(.minutes(2)))
struct HostLinkTests {
    @Test("a sale is approved; it was handed over once, before its answer")
    func approval() async throws {
        let pair = try await LinkedPair.make()
        let handed = NIOLockedValueBox(0)
        let outcome = try await pair.sale(1) { handed.withLockedValue { $0 += 1 } }
        #expect(outcome.summary == "answered 000")
        #expect(handed.withLockedValue { $0 } == 1)
        #expect(pair.link.state == .connected)
        let reversal = await pair.link.exchange(.reversal(HostFixture.reversal(2)), deadline: .now.advanced(by: .seconds(60)))
        #expect(reversal.summary == "answered 400")
        await pair.end()
    }

    @Test("several at once, each gets its own answer")
    func several() async throws {
        let pair = try await LinkedPair.make { message, connection in
            try connection.send(connection.fixture.answer(to: message, message.text(11) == "000003" ? "116" : "000"))
        }
        let outcomes = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for stan in 1...8 { group.addTask { (stan, try await pair.sale(stan).summary) } }
            return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(outcomes == Dictionary(uniqueKeysWithValues: (1...8).map { ($0, $0 == 3 ? "answered 116" : "answered 000") }))
        await pair.end()
    }

    @Test("silence is no answer, and what comes too late has no effect")
    func silence() async throws {
        let late = NIOLockedValueBox<Message?>(nil)
        let pair = try await LinkedPair.make { message, connection in
            if let first = late.withLockedValue({ $0 }) {
                try connection.send(connection.fixture.answer(to: first))
                try connection.send(connection.fixture.answer(to: message, "116"))
            } else {
                late.withLockedValue { $0 = message }
            }
        }
        await pair.connect()
        #expect(try await pair.sale(1, within: .milliseconds(1500)).summary == "noAnswer")
        #expect(try await pair.sale(2).summary == "answered 116")
        #expect(pair.log.lines.withLockedValue { $0 }.contains("1210 000001: comes too late"))
        await pair.end()
    }

    @Test("a host that closes after reading gave no answer; the next sale finds it again, signed on")
    func closed() async throws {
        let pair = try await LinkedPair.make { message, connection in
            if message.text(11) == "000001" { connection.close() } else { try LinkedPair.approve(message, connection) }
        }
        #expect(try await pair.sale(1).summary == "noAnswer")
        #expect(try await pair.sale(2).summary == "answered 000")
        await pair.link.shutdown()
        var signOns: [String?] = []
        for await message in pair.host.messages {
            if message.text(24) == "801" { signOns.append(message.text(11)) }
            if message.text(24) == "802" { break }
        }
        #expect(signOns.count == 2 && signOns[0] != signOns[1])
        await pair.host.stop()
    }

    @Test("garbage is a bad answer and costs the connection; the next sale gets another")
    func garbage() async throws {
        let pair = try await LinkedPair.make { message, connection in
            if message.text(11) == "000001" {
                connection.send([0, 32] + [UInt8](repeating: 0xFF, count: 32))
            } else {
                try LinkedPair.approve(message, connection)
            }
        }
        #expect(try await pair.sale(1).summary.hasPrefix("badAnswer field mti"))
        #expect(try await pair.sale(2).summary == "answered 000")
        await pair.end()
    }

    @Test("an answer with another trace number is silence")
    func wrongSTAN() async throws {
        let pair = try await LinkedPair.make { message, connection in
            try connection.send(connection.fixture.answer(to: message) { $0.set(11, "000777") })
        }
        await pair.connect()
        #expect(try await pair.sale(1, within: .milliseconds(1500)).summary == "noAnswer")
        await pair.end()
    }

    @Test("a bad MAC is a bad answer")
    func badMAC() async throws {
        let pair = try await LinkedPair.make { message, connection in
            try connection.send(connection.fixture.answer(to: message), spoilingMAC: true)
        }
        #expect(try await pair.sale(1).summary == "badAnswer field 64: the MAC is wrong")
        #expect(pair.link.state == .connected)
        await pair.end()
    }

    @Test("of two equal answers the second has no effect")
    func duplicate() async throws {
        let pair = try await LinkedPair.make { message, connection in
            for _ in 0..<2 { try LinkedPair.approve(message, connection) }
        }
        #expect(try await pair.sale(1).summary == "answered 000")
        #expect(try await pair.sale(2).summary == "answered 000")
        await pair.end()
    }

    @Test("when the host goes and comes back, the link follows by itself")
    func follows() async throws {
        let pair = try await LinkedPair.make()
        pair.link.start()
        var states = pair.link.states().makeAsyncIterator()
        while let state = await states.next(), state != .connected {}
        await pair.host.stop()
        while let state = await states.next(), state != .down {}
        let outcome = try await pair.sale(1)
        #expect(outcome.summary == "notConnected")
        await pair.link.shutdown()
    }

    @Test("nobody there: not connected, nothing handed over")
    func notConnected() async throws {
        let pair = try await LinkedPair.make()
        await pair.host.stop()
        let outcome = try await pair.sale(1) { Issue.record("handed over") }
        #expect(outcome.summary == "notConnected")
        #expect(pair.link.state != .connected)
        await pair.link.shutdown()
    }

    @Test("an idle link sends echoes")
    func echo() async throws {
        let pair = try await LinkedPair.make(echoInterval: .milliseconds(30))
        pair.link.start()
        await pair.hostSees { $0.text(24) == "831" }
        await pair.end()
    }

    @Test("shutdown signs off, and is over when it returns")
    func shutdown() async throws {
        let pair = try await LinkedPair.make()
        _ = try await pair.sale(1)
        await pair.link.shutdown()
        await pair.hostSees { $0.text(24) == "802" }
        #expect(pair.link.state == .down)
        #expect(try await pair.sale(2).summary == "notConnected")
        await pair.link.shutdown()
        await pair.host.stop()
    }

    @Test("no log line holds card data, whatever the host does")
    func log() async throws {
        let pair = try await LinkedPair.make { message, connection in
            switch message.text(11) {
            case "000001": try connection.send(connection.fixture.answer(to: message) { $0.set(2, "4761739001010028") })
            case "000002": connection.send([0, 20] + Array(HostFixture.pan.utf8) + [1, 2, 3, 4])
            default: try LinkedPair.approve(message, connection)
            }
        }
        for stan in 1...3 { _ = try await pair.sale(stan) }
        await pair.end()
        let lines = pair.log.lines.withLockedValue { $0 }
        #expect(lines.count >= 4)
        #expect(lines.allSatisfy { !$0.contains("47617390") && !$0.contains("2912") })
    }
}
