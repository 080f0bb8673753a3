import Glibc
import ISO8583
import Keys
import Testing

@testable import PaymentHost

@Suite("Whom the link trusts", .timeLimit(.minutes(2)))
struct HostLinkSecurityTests {
    @Test("the right name and the pinned certificate are accepted")
    func accepted() async throws {
        for setting in [LinkedPair.Setting.serverName("host.test"), .pinned, .plain] {
            let pair = try await LinkedPair.make(setting)
            #expect(try await pair.sale(1).summary == "answered 000", "\(setting)")
            // For Diagnose: until when it can go on.
            let isSecure = if case .plain = setting { false } else { true }
            #expect((pair.link.statistics.certificateEnd ?? 0 > Int(time(nil))) == isSecure, "\(setting)")
            await pair.end()
        }
    }

    @Test("another authority, another name and an unpinned certificate are not; no byte of a sale leaves")
    func refused() async throws {
        for setting in [LinkedPair.Setting.otherAuthority, .serverName("other.test"), .wrongPin] {
            let pair = try await LinkedPair.make(setting) { _, _ in Issue.record("a message arrived") }
            #expect(try await pair.sale(1).summary == "notConnected", "\(setting)")
            await pair.end()
        }
    }

    @Test("a host that asks for a certificate gets ours, and has no sale without it")
    func mutual() async throws {
        let pair = try await LinkedPair.make(.mutual)
        #expect(try await pair.sale(1).summary == "answered 000")
        await pair.end()
        let without = try await LinkedPair.make(.uncertified) { _, _ in Issue.record("a message arrived") }
        #expect(try await without.sale(1).summary == "notConnected")
        await without.end()
    }

    @Test("plain TCP is for loopback only", arguments: ["192.168.1.1", "host.example", "::2", "127.0.0.1.example", "0.0.0.0"])
    func plain(_ address: String) throws {
        let error = #expect(throws: PaymentHostError.self) { try link([.init(host: address, port: 8583)], .plain) }
        #expect(error?.code == .plainNotLoopback)
    }

    @Test(
        "a set-up that cannot work is refused at once",
        arguments: [
            (HostLinkConfiguration.TLS(authorityFile: "/nowhere/ca.pem"), PaymentHostError.Code.certificate),
            (.init(certificateFile: "/nowhere/client.pem"), .certificate),
            (.init(certificateFile: "/nowhere/client.pem", keyFile: "/nowhere/key.pem"), .certificate),
            (.init(pins: ["12"]), .pin), (.init(pins: [String(repeating: "G", count: 64)]), .pin),
        ])
    func faults(_ tls: HostLinkConfiguration.TLS, _ code: PaymentHostError.Code) throws {
        let error = #expect(throws: PaymentHostError.self) { try link([.init(host: "127.0.0.1", port: 8583)], .tls(tls)) }
        #expect(error?.code == code)
    }

    @Test("a link needs an address")
    func noAddress() throws {
        let error = #expect(throws: PaymentHostError.self) { try link([], .plain) }
        #expect(error?.code == .noAddress)
    }

    private func link(_ addresses: [HostLinkConfiguration.Address], _ security: HostLinkConfiguration.Security) throws -> HostLink {
        try HostLink(
            configuration: HostLinkConfiguration(
                addresses: addresses, security: security, dialect: .named("iso8583-1993"), macKey: HostFixture.macKey,
                merchant: HostFixture.merchant),
            environment: .init(nextSTAN: { 1 }, dateTimes: { WireDateTimes(local: "261122214809", transmission: "1122204809") }),
            logger: .init(label: "host"))
    }
}
