import FoundationEssentials
import ISO8583
import Keys
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Lab

@Suite("The host simulator over real sockets")
struct HostSimulatorTests {
    let messages: HostMessages
    let authority: SiteCertificateAuthority
    let certificate: ServerCertificate
    let group = MultiThreadedEventLoopGroup.singleton

    init() throws {
        messages = try HostMessages()
        let now = Int64(Date.now.timeIntervalSince1970)
        authority = try SiteCertificateAuthority.temporary(now: now)
        certificate = try authority.issue(names: CertificateNames(hosts: ["localhost"], addresses: ["127.0.0.1"]), now: now)
    }

    private func simulator(ledgerPath: String? = nil, plain: Bool = false) throws -> HostSimulator {
        var configuration = HostSimulator.Configuration(dialect: messages.dialect, transport: plain ? .plain : .tls(certificate))
        configuration.port = 0
        configuration.ledgerPath = ledgerPath
        configuration.approvalCodeSeed = 0
        configuration.now = { "2026-07-28T12:00:00.000Z" }
        return try HostSimulator(configuration, on: group, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// A simulator with one terminal connected over TLS.
    private func withHost(
        ledgerPath: String? = nil, _ body: (HostSimulator, HostPeer, _ port: Int) async throws -> Void
    ) async throws {
        let simulator = try simulator(ledgerPath: ledgerPath)
        let port = try await simulator.start()
        let peer = try await HostPeer.connect(port: port, authority: authority.certificatePEM, on: group)
        do {
            try await body(simulator, peer, port)
        } catch {
            await simulator.stop()
            throw error
        }
        await peer.close()
        await simulator.stop()
    }

    private func exchange(_ message: Message, _ peer: HostPeer) async throws -> Message {
        try await peer.send(messages.frame(message))
        return try messages.answer(await peer.frame("the answer to \(message.mti)"))
    }

    @Test("Sign-on, sale, decline, reversal and reconciliation over TLS, and the books of it")
    func dayAtTheHost() async throws {
        try await withHost { simulator, peer, _ in
            let signedOn = try await exchange(messages.network(stan: 1, function: "801"), peer)
            #expect(signedOn.text(39) == "800")
            #expect(try await exchange(messages.payment(stan: 2, amount: 500), peer).text(39) == "000")
            #expect(try await exchange(messages.payment(stan: 3, amount: 501), peer).text(39) == "100")
            #expect(try await exchange(messages.payment(stan: 4, amount: 700), peer).text(39) == "000")
            #expect(try await exchange(messages.reversal(stan: 5, of: 4, amount: 700), peer).text(39) == "400")
            #expect(try await exchange(messages.reconciliation(stan: 6, net: 500), peer).text(39) == "500")
            #expect(simulator.ledger.netByBatch == ["000001": 500])
            #expect(simulator.ledger.transactions.map(\.state) == [.approved, .declined, .reversed])
            #expect(simulator.ledger.messages.map(\.direction).count == 12)
        }
    }

    @Test("Silence answers nothing, and 18xx goes on meanwhile")
    func silence() async throws {
        try await withHost { simulator, peer, _ in
            try await simulator.apply(HostControl.change(["mode": "silent"]))
            try await peer.send(messages.frame(messages.payment(stan: 1, amount: 500)))
            #expect(try await exchange(messages.network(stan: 2), peer).mti == "1814", "the first thing heard is the echo")
            try await simulator.apply(HostControl.change(["mode": "approve"]))
            #expect(try await exchange(messages.reversal(stan: 3, of: 1, amount: 500), peer).text(39) == "400")
            #expect(simulator.ledger.netByBatch == ["000001": 0])
        }
    }

    @Test("A delayed answer leaves after those that were not delayed")
    func late() async throws {
        try await withHost { simulator, peer, _ in
            try await simulator.apply(HostControl.change(["next": "late", "lateMs": 20]))
            try await peer.send(
                messages.frame(messages.payment(stan: 1, amount: 500)) + messages.frame(messages.payment(stan: 2, amount: 600)))
            #expect(try messages.answer(await peer.frame("the answer that is not delayed")).text(11) == "000002")
            #expect(try messages.answer(await peer.frame("the late answer")).text(11) == "000001")
        }
    }

    @Test("Setting a mode does not open a simulator that was not started, or was stopped")
    func notStarted() async throws {
        let simulator = try simulator()
        let port = try await simulator.start()
        await simulator.stop()
        try await simulator.apply(HostControl.change(["mode": "approve"]))
        await #expect(throws: (any Error).self) {
            _ = try await HostPeer.connect(port: port, authority: authority.certificatePEM, on: group)
        }
    }

    @Test("disconnect and .32 read and then close; the sale is in the books")
    func disconnect() async throws {
        try await withHost { simulator, peer, port in
            try await peer.send(messages.frame(messages.payment(stan: 1, amount: 532)))
            try await peer.waitForClose()
            let again = try await HostPeer.connect(port: port, authority: authority.certificatePEM, on: group)
            #expect(try await exchange(messages.reversal(stan: 2, of: 1, amount: 532), again).text(39) == "400")
            #expect(simulator.ledger.transactions.map(\.state) == [.reversed])
            await again.close()
        }
    }

    @Test("refuse closes listener and connections; another mode opens the same port again")
    func refuse() async throws {
        try await withHost { simulator, peer, port in
            try await simulator.apply(HostControl.change(["mode": "refuse"]))
            try await peer.waitForClose()
            await #expect(throws: (any Error).self) {
                _ = try await HostPeer.connect(port: port, authority: authority.certificatePEM, on: group)
            }
            try await simulator.apply(HostControl.change(["mode": "approve"]))
            let again = try await HostPeer.connect(port: port, authority: authority.certificatePEM, on: group)
            #expect(try await exchange(messages.network(stan: 2), again).text(39) == "800")
            await again.close()
        }
    }

    @Test(
        "A length of zero or over 8 KiB and an undecodable message close the connection; the next one works",
        arguments: [[0, 0], [0x20, 0x01], [0xFF, 0xFF], [0, 4, 0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]])
    func malformedFrames(bytes: [UInt8]) async throws {
        try await withHost { simulator, peer, port in
            try await peer.send(bytes)
            try await peer.waitForClose()
            let again = try await HostPeer.connect(port: port, authority: authority.certificatePEM, on: group)
            #expect(try await exchange(messages.payment(stan: 2, amount: 500), again).text(39) == "000")
            #expect(simulator.ledger.transactions.count == 1)
            await again.close()
        }
    }

    @Test("A message in single bytes and two messages in one write are the same to the host")
    func chunks() async throws {
        try await withHost { _, peer, _ in
            for byte in try messages.frame(messages.payment(stan: 1, amount: 500)) { try await peer.send([byte]) }
            #expect(try messages.answer(await peer.frame("the first answer")).text(11) == "000001")
            try await peer.send(
                messages.frame(messages.payment(stan: 2, amount: 500)) + messages.frame(messages.payment(stan: 3, amount: 500)))
            #expect(try messages.answer(await peer.frame("the second answer")).text(11) == "000002")
            #expect(try messages.answer(await peer.frame("the third answer")).text(11) == "000003")
        }
    }

    @Test("A simulator started again knows the past: repeats, reversals, memory of 914, approval codes")
    func restart() async throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let sale = messages.payment(stan: 1, amount: 500)
        var first: Message?
        try await withHost(ledgerPath: path) { _, peer, _ in
            first = try await exchange(sale, peer)
            #expect(try await exchange(messages.reversal(stan: 2, of: 77, amount: 900), peer).text(39) == "914")
        }
        try await withHost(ledgerPath: path) { simulator, peer, _ in
            #expect(simulator.ledger.messages.count == 4)
            #expect(try await exchange(sale, peer) == first, "answered as the first was")
            let later = try await exchange(messages.payment(stan: 3, amount: 500), peer)
            #expect(later.text(38) != first?.text(38))
            #expect(try await exchange(messages.payment(stan: 77, amount: 900), peer).text(39) == "902")
            #expect(try await exchange(messages.reversal(stan: 4, of: 1, amount: 500), peer).text(39) == "400")
            #expect(simulator.ledger.netByBatch == ["000001": 500])
        }
    }

    @Test("Plain TCP works on loopback and is refused elsewhere")
    func plain() async throws {
        let simulator = try simulator(plain: true)
        let peer = try await HostPeer.connect(port: try await simulator.start(), authority: nil, on: group)
        #expect(try await exchange(messages.payment(stan: 1, amount: 500), peer).text(39) == "000")
        await peer.close()
        await simulator.stop()
        var everywhere = HostSimulator.Configuration(dialect: messages.dialect, transport: .plain)
        everywhere.host = "0.0.0.0"
        #expect(throws: LabError.self) { try HostSimulator(everywhere, on: group, logger: Logger(label: "test")) }
    }

    private func temporaryPath() -> String { "/tmp/countertop-host-ledger-\(UInt64.random(in: 0...UInt64.max))" }
}
