import ISO8583
import Testing

@testable import PaymentHost

@Suite("The link's rules: exchanges")
struct HostLinkMachineTests {
    @Test("connect, sign on, sale, approval")
    func approval() throws {
        var script = try MachineScript()
        try script.signOn()
        let request = try #require(try script.sale(1))
        script.expect(["send 1200"])
        try script.receive(script.fixture.answer(to: request))
        #expect(script.outcomes == [1: "answered 000"])
        #expect(script.machine.state == .connected)
    }

    @Test("nothing is sent before the host has accepted the sign-on")
    func waitsForSignOn() throws {
        var script = try MachineScript()
        #expect(try script.sale(1) == nil)
        script.expect(["connect host0", "state connecting"])
        try script.on(.connected(script.connection))
        script.expect(["send 1804 801"])
        #expect(script.outcomes.isEmpty)
        try script.answerNetwork()
        script.expect(["send 1200", "state connected"])
    }

    @Test("silence until the deadline is no answer; what comes later has no effect")
    func late() throws {
        var script = try MachineScript()
        try script.signOn()
        let request = try #require(try script.sale(1))
        try script.pass(.milliseconds(29_999))
        #expect(script.outcomes.isEmpty)
        try script.pass(.milliseconds(1))
        #expect(script.outcomes == [1: "noAnswer"])
        script.expect(["send 1200"])
        try script.receive(script.fixture.answer(to: request))
        #expect(script.outcomes == [1: "noAnswer"])
        script.expect([])
        #expect(script.log.last == "1210 000001: comes too late")
        #expect(script.machine.statistics.late == 1 && script.machine.statistics.unmatched == 0)
    }

    @Test("several in flight, answered in another order, each to its own")
    func several() throws {
        var script = try MachineScript()
        try script.signOn()
        let requests = try (1...3).map { try #require(try script.sale($0)) }
        for (index, code) in [(2, "116"), (0, "000"), (1, "100")] { try script.receive(script.fixture.answer(to: requests[index], code)) }
        #expect(script.outcomes == [1: "answered 000", 2: "answered 100", 3: "answered 116"])
    }

    @Test("an answer with another trace number, terminal or type belongs to nobody")
    func unmatched() throws {
        var script = try MachineScript()
        try script.signOn()
        let request = try #require(try script.sale(1))
        try script.receive(script.fixture.answer(to: request) { $0.set(11, "000002") })
        try script.receive(script.fixture.answer(to: request) { $0.set(41, "TERM0002") })
        try script.receive(script.fixture.answer(to: request) { $0.mti = "1110" })
        try script.receive(script.fixture.answer(to: request) { $0[11] = nil })
        #expect(script.outcomes.isEmpty && script.machine.statistics.unmatched == 4)
        script.expect(["send 1200"])
        #expect(script.log.filter { $0.hasSuffix("belongs to nothing that was asked") }.count == 4)
        try script.pass(.seconds(30))
        #expect(script.outcomes == [1: "noAnswer"])
    }

    @Test("the second of two equal answers has no effect")
    func duplicate() throws {
        var script = try MachineScript()
        try script.signOn()
        let request = try #require(try script.sale(1))
        try script.receive(script.fixture.answer(to: request))
        try script.receive(script.fixture.answer(to: request))
        #expect(script.outcomes == [1: "answered 000"])
        #expect(script.machine.statistics.duplicates == 1 && script.machine.statistics.unmatched == 0)
        script.expect(["send 1200"])
    }

    @Test("a bad MAC ends its exchange and no other; the link stays")
    func badMAC() throws {
        var script = try MachineScript()
        try script.signOn()
        let first = try #require(try script.sale(1))
        let second = try #require(try script.sale(2))
        try script.receive(script.fixture.answer(to: first), spoilingMAC: true)
        #expect(script.outcomes == [1: "badAnswer field 64: the MAC is wrong"])
        try script.receive(script.fixture.answer(to: second))
        #expect(script.outcomes[2] == "answered 000")
        #expect(script.machine.state == .connected)
    }

    @Test(
        "an undecodable message closes the link, and everything in flight had a bad answer",
        arguments: [
            [0x00, 0x04, 0xFF, 0xFF, 0xFF, 0xFF], [0x00, 0x00], [0xFF, 0xFF],
        ] as [[UInt8]])
    func garbage(_ bytes: [UInt8]) throws {
        var script = try MachineScript()
        try script.signOn()
        try script.sale(1)
        try script.sale(2)
        try script.on(.received(script.connection, bytes))
        #expect(script.outcomes.keys.sorted() == [1, 2])
        #expect(script.outcomes.values.allSatisfy { $0.hasPrefix("badAnswer") })
        script.expect(["send 1200", "send 1200", "close", "state down"])
    }

    @Test("when the connection ends, everything after its first byte has no answer")
    func connectionLost() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.sale(1)
        try script.on(.ended(script.connection, reason: "reset"))
        #expect(script.outcomes == [1: "noAnswer"])
        #expect(script.machine.state == .down)
    }

    @Test("a write refused with nothing handed over was not sent")
    func refused() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.sale(1)
        try script.sale(2)
        try script.on(.refused(script.connection, 1))
        try script.on(.ended(script.connection, reason: "reset"))
        #expect(script.outcomes == [1: "notSent", 2: "noAnswer"])
    }

    @Test("a request that cannot be a message was not sent")
    func unencodable() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.on(.exchange(1, .financial(HostFixture.sale(0)), deadline: script.now.advanced(by: .seconds(30))))
        #expect(script.outcomes == [1: "notSent"])
    }

    @Test("the same exchange again while it is in flight was not sent")
    func twice() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.sale(1)
        try script.on(.exchange(2, .financial(HostFixture.sale(1)), deadline: script.now.advanced(by: .seconds(30))))
        #expect(script.outcomes == [2: "notSent"])
    }

    @Test("no card data in the log, whatever happens")
    func log() throws {
        var script = try MachineScript()
        try script.signOn()
        let request = try #require(try script.sale(1))
        try script.receive(script.fixture.answer(to: request) { $0.set(2, "4761739001010028") })
        try script.receive(script.fixture.answer(to: request) { $0.set(2, HostFixture.pan) })
        try script.on(.received(script.connection, [0, 20] + Array(HostFixture.pan.utf8) + [1, 2, 3, 4]))
        #expect(script.log.count >= 4)
        #expect(script.log.allSatisfy { !$0.contains("47617390") && !$0.contains("2912") })
    }

    @Test("random bytes from the host end every exchange exactly once and never trap")
    func random() throws {
        var random = SplitMix64(state: 1)
        for seed in 0..<1000 {
            var script = try MachineScript(seed: UInt64(seed))
            try script.signOn()
            let request = try #require(try script.sale(1))
            try script.sale(2)
            var bytes = try script.fixture.frame(script.fixture.answer(to: request))
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            for byte in bytes { try script.on(.received(script.connection, [byte])) }
            try script.pass(.seconds(31))
            #expect(script.outcomes.count == 2)
            // Whatever was changed, it is no approval: the MAC covers everything.
            #expect(
                script.outcomes[1] != "answered 000" && script.outcomes[2] == "noAnswer" || script.outcomes[2]?.hasPrefix("bad") == true)
        }
    }
}
