import ISO8583
import Testing

@testable import PaymentHost

@Suite("The link's rules: connection")
struct HostLinkConnectionTests {
    @Test("not connected within 5 s: nothing was sent")
    func connectWait() throws {
        var script = try MachineScript()
        try script.sale(1)
        try script.pass(.milliseconds(4999))
        #expect(script.outcomes.isEmpty)
        try script.pass(.milliseconds(1))
        #expect(script.outcomes == [1: "notConnected"])
    }

    @Test("the deadline of an exchange also ends its wait for a connection")
    func deadlineFirst() throws {
        var script = try MachineScript()
        try script.sale(1, within: .seconds(2))
        try script.pass(.seconds(2))
        #expect(script.outcomes == [1: "notConnected"])
    }

    @Test("a refused connection ends the wait at once")
    func connectionRefused() throws {
        var script = try MachineScript()
        try script.sale(1)
        try script.on(.ended(script.connection, reason: "connection refused"))
        #expect(script.outcomes == [1: "notConnected"])
        script.expect(["connect host0", "state connecting", "state down"])
    }

    @Test("one who comes in the middle of a failing attempt gets an attempt of its own")
    func ownRound() throws {
        var script = try MachineScript()
        try script.on(.start)
        try script.sale(1)
        try script.on(.ended(script.connection, reason: "connection refused"))
        #expect(script.outcomes.isEmpty)
        script.expect(["connect host0", "state connecting", "connect host0"])
        try script.on(.ended(script.connection, reason: "connection refused"))
        #expect(script.outcomes == [1: "notConnected"])
    }

    @Test("the secondary is tried when the primary fails, each with its share of the wait")
    func secondary() throws {
        var script = try MachineScript(addresses: 2)
        try script.sale(1)
        try script.pass(.milliseconds(2500))
        script.expect(["connect host0", "state connecting", "close", "connect host1"])
        try script.on(.connected(script.connection))
        try script.answerNetwork()
        script.expect(["send 1804 801", "send 1200", "state connected"])
    }

    @Test("from the secondary it goes back to the primary after five minutes, and stays where it finds one", arguments: [true, false])
    func failBack(_ primaryIsBack: Bool) throws {
        var script = try MachineScript(addresses: 2)
        try script.on(.start)
        try script.on(.ended(script.connection, reason: "connection refused"))
        try script.on(.connected(script.connection))
        try script.answerNetwork()
        script.expect(["connect host0", "state connecting", "connect host1", "send 1804 801", "state connected"])
        #expect(script.machine.statistics.address?.host == "host1")
        while script.actions.isEmpty || script.actions.last == "send 1804 831" {
            try script.pass(.seconds(30))
            if script.actions.last == "send 1804 831" { try script.answerNetwork() }
            script.forget { $0 == "send 1804 831" }
        }
        script.expect(["close", "connect host0", "state connecting"])
        if !primaryIsBack { try script.on(.ended(script.connection, reason: "connection refused")) }
        try script.on(.connected(script.connection))
        try script.answerNetwork()
        script.expect((primaryIsBack ? [] : ["connect host1"]) + ["send 1804 801", "state connected"])
        #expect(script.machine.statistics.address?.host == (primaryIsBack ? "host0" : "host1"))
        #expect(script.machine.statistics.connections == 2)
        #expect(script.machine.statistics.failedAttempts == (primaryIsBack ? 1 : 2))
    }

    @Test("an exchange in flight is not left for the primary")
    func noFailBackInFlight() throws {
        var script = try MachineScript(addresses: 2)
        try script.on(.start)
        try script.on(.ended(script.connection, reason: "connection refused"))
        try script.on(.connected(script.connection))
        try script.answerNetwork()
        try script.sale(1, within: .seconds(1000))
        try script.pass(.seconds(400))
        #expect(script.machine.state == .connected && script.outcomes.isEmpty)
        #expect(!script.actions.contains("close"))
    }

    @Test("exchanges are counted by how they ended, and answers that belong to nothing")
    func statistics() throws {
        var script = try MachineScript()
        try script.signOn()
        let first = try #require(try script.sale(1))
        try script.receive(script.fixture.answer(to: first))
        try script.receive(script.fixture.answer(to: first))
        let second = try #require(try script.sale(2))
        try script.receive(script.fixture.answer(to: second), spoilingMAC: true)
        try script.sale(3, within: .seconds(5))
        try script.pass(.seconds(5))
        try script.sale(4)
        try script.on(.ended(script.connection, reason: "connection reset"))
        let statistics = script.machine.statistics
        #expect(statistics.answered == 1 && statistics.badAnswers == 1 && statistics.unanswered == 2)
        #expect(statistics.duplicates == 1 && statistics.late == 0 && statistics.unmatched == 0)
        #expect(statistics.losses == 1 && statistics.lastFailure == "connection reset" && statistics.connections == 1)
    }

    @Test("between attempts the pause doubles up to a minute, with jitter, never under half a second")
    func backoff() {
        for seed in 0..<200 {
            var backoff = Backoff(shortest: .milliseconds(500), longest: .seconds(60), seed: UInt64(seed))
            var upper = Duration.seconds(1)
            for _ in 0..<20 {
                let pause = backoff.next()
                #expect(pause >= .milliseconds(500) && pause >= upper / 2 && pause <= upper)
                upper = min(upper * 2, .seconds(60))
            }
            backoff.reset()
            #expect(backoff.next() <= .seconds(1))
        }
        let first = (0..<50).map { seed in
            var backoff = Backoff(shortest: .milliseconds(500), longest: .seconds(60), seed: UInt64(seed))
            return backoff.next()
        }
        #expect(Set(first).count > 40, "no jitter")
    }

    @Test("it goes on trying by itself")
    func triesAgain() throws {
        var script = try MachineScript()
        try script.on(.start)
        for _ in 0..<5 {
            script.expect(["connect host0", "state connecting"])
            try script.on(.ended(script.connection, reason: "connection refused"))
            script.expect(["state down"])
            let wake = try #require(script.machine.nextWake)
            try script.pass(script.now.duration(to: wake))
        }
    }

    @Test("a transaction connects at once, whatever the backoff says")
    func ignoresBackoff() throws {
        var script = try MachineScript()
        try script.on(.start)
        for _ in 0..<8 {
            try script.on(.ended(script.connection, reason: "connection refused"))
            let wake = try #require(script.machine.nextWake)
            try script.pass(script.now.duration(to: wake))
        }
        try script.on(.ended(script.connection, reason: "connection refused"))
        #expect(try #require(script.machine.nextWake) > script.now.advanced(by: .seconds(20)))
        let before = script.connection
        try script.sale(1)
        #expect(script.connection == before + 1)
    }

    @Test("after a loss it connects and signs on again, with a new trace number")
    func signsOnAgain() throws {
        var script = try MachineScript()
        try script.signOn()
        let first = script.frames.last?.text(11)
        try script.on(.ended(script.connection, reason: "reset"))
        try script.pass(.seconds(1))
        script.expect(["close", "state down", "connect host0", "state connecting"])
        try script.on(.connected(script.connection))
        script.expect(["send 1804 801"])
        #expect(script.frames.last?.text(11) != first)
    }

    @Test("a sign-on that is refused, bad or not answered is no connection", arguments: ["refused", "bad", "silent", "closed"])
    func signOnFails(_ how: String) throws {
        var script = try MachineScript()
        try script.sale(1)
        try script.on(.connected(script.connection))
        switch how {
        case "refused": try script.answerNetwork("909")
        case "bad": try script.receive(script.fixture.answer(to: #require(script.frames.last), "800"), spoilingMAC: true)
        case "closed": try script.on(.ended(script.connection, reason: "reset"))
        default: try script.pass(.seconds(5))
        }
        #expect(script.outcomes == [1: "notConnected"])
        #expect(script.machine.state == .down)
        #expect(!script.frames.contains { $0.mti == "1200" })
    }

    @Test("without a trace number there is no sign-on")
    func noTraceNumber() throws {
        let fixture = try HostFixture()
        var machine = HostLinkMachine(mapping: fixture.mapping, addresses: [.init(host: "a", port: 1)], seed: 1)
        let now = ContinuousClock.now
        _ = machine.on(.start, now: now)
        _ = machine.on(.connected(1), now: now)
        _ = machine.on(.stamp(1, .signOn, nil), now: now)
        #expect(machine.state == .down)
    }

    @Test("after 60 s without a byte an echo goes out, and again")
    func echo() throws {
        var script = try MachineScript()
        try script.signOn()
        for _ in 0..<3 {
            try script.pass(.milliseconds(59_999))
            script.expect([])
            try script.pass(.milliseconds(1))
            script.expect(["send 1804 831"])
            try script.answerNetwork()
        }
        #expect(script.machine.state == .connected)
    }

    @Test("traffic puts the echo off")
    func echoPutOff() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.pass(.seconds(50))
        let request = try #require(try script.sale(1))
        try script.receive(script.fixture.answer(to: request))
        script.expect(["send 1200"])
        try script.pass(.seconds(59))
        script.expect([])
        try script.pass(.seconds(1))
        script.expect(["send 1804 831"])
    }

    @Test("an echo without an answer ends the connection")
    func echoUnanswered() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.pass(.seconds(69))
        script.expect(["send 1804 831"])
        try script.pass(.seconds(1))
        script.expect(["close", "state down"])
    }

    @Test("an echo without an answer takes no exchange down with it")
    func echoSparesExchanges() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.pass(.seconds(65))
        let request = try #require(try script.sale(1))
        try script.pass(.seconds(20))
        #expect(script.outcomes.isEmpty)
        try script.receive(script.fixture.answer(to: request))
        #expect(script.outcomes == [1: "answered 000"])
        try script.pass(.seconds(1))
        #expect(script.machine.state == .connected)
    }

    @Test("shutdown signs off, then closes; nothing connects any more")
    func shutdown() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.on(.shutdown)
        script.expect(["state down", "send 1804 802"])
        try script.answerNetwork()
        script.expect(["close", "finished"])
        try script.sale(1)
        #expect(script.outcomes == [1: "notConnected"])
        try script.on(.start)
        try script.pass(.seconds(600))
        script.expect([])
    }

    @Test("a sign-off without an answer ends after 2 s; what is in flight had no answer")
    func shutdownSilent() throws {
        var script = try MachineScript()
        try script.signOn()
        try script.sale(1)
        try script.on(.shutdown)
        try script.pass(.seconds(2))
        script.expect(["send 1200", "state down", "send 1804 802", "close", "finished"])
        #expect(script.outcomes == [1: "noAnswer"])
    }

    @Test("shutdown while connecting ends the wait of everybody")
    func shutdownConnecting() throws {
        var script = try MachineScript()
        try script.sale(1)
        try script.on(.shutdown)
        #expect(script.outcomes == [1: "notConnected"])
        script.expect(["connect host0", "state connecting", "close", "finished", "state down"])
    }

    @Test("events of a connection that is no longer ours have no effect")
    func stale() throws {
        var script = try MachineScript()
        try script.signOn()
        let old = script.connection
        try script.on(.ended(old, reason: "reset"))
        try script.pass(.seconds(1))
        try script.on(.connected(script.connection))
        try script.answerNetwork()
        let request = try #require(try script.sale(1))
        _ = script.machine.on(.ended(old, reason: "late"), now: script.now)
        _ = script.machine.on(.received(old, [0, 0]), now: script.now)
        _ = script.machine.on(.refused(old, 1), now: script.now)
        try script.receive(script.fixture.answer(to: request))
        #expect(script.outcomes == [1: "answered 000"])
    }
}
