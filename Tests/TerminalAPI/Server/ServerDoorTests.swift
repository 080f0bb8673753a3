import JSON
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import Terminal
import Testing

@testable import TerminalAPI

@Suite("Who may come in, and what HTTP gets", .timeLimit(.minutes(1)))
struct ServerDoorTests {
    @Test("GET / without Upgrade: 200 and a page", arguments: ServerHarness.Transport.allCases)
    func page(_ transport: ServerHarness.Transport) async throws {
        try await ServerHarness.run { harness in
            let client = try await TestClient.open(
                port: transport == .tlsOnly ? harness.ports.tlsPort : harness.ports.port,
                tls: transport == .plain ? nil : ServerHarness.clientContext())
            let head = try await client.get("/", headers: ["Host: localhost"])
            #expect(head.hasPrefix("HTTP/1.1 200 OK") && head.contains("text/html"))
            #expect(await client.rest().contains("payment terminal"))
        }
    }

    @Test(
        "other paths 404, other methods 405, a wrong version 426, a broken upgrade 400",
        arguments: [
            ("GET", "/admin", [], "404"), ("GET", "/pos", TestClient.upgrade, "404"), ("POST", "/", ["Content-Length: 0"], "405"),
            ("GET", "/", TestClient.upgrade.filter { !$0.contains("Version") } + ["Sec-WebSocket-Version: 8"], "426"),
            ("GET", "/", TestClient.upgrade.filter { !$0.contains("Key") }, "400"),
            ("GET", "/", TestClient.upgrade.filter { !$0.contains("Key") } + ["Sec-WebSocket-Key: short"], "400"),
            ("GET", "/", TestClient.upgrade.filter { !$0.contains("Connection") }, "400"),
        ])
    func refusals(_ method: String, _ path: String, _ headers: [String], _ status: String) async throws {
        try await ServerHarness.run { harness in
            let client = try await TestClient.open(port: harness.ports.port)
            let head = try await client.get(
                path, headers: headers + (headers.contains("Host: localhost") ? [] : ["Host: localhost"]), method: method)
            #expect(head.hasPrefix("HTTP/1.1 \(status)"), "\(head)")
            _ = await client.rest()
        }
    }

    @Test("an Origin must be on the exact list or our own page, else 403; none is fine")
    func origin() async throws {
        try await ServerHarness.run {
            $0.origins = ["https://pos.example"]
        } _: { harness in
            let port = harness.ports.port ?? 0
            for origin in ["https://pos.example", "http://localhost:\(port)", "https://127.0.0.1:\(port)"] {
                _ = try await harness.connect(headers: ["Origin: \(origin)"])
            }
            for origin in ["https://pos.example.evil", "https://POS.example", "http://pos.example", "null", "http://localhost", ""] {
                let client = try await TestClient.open(port: harness.ports.port)
                let head = try await client.get("/", headers: TestClient.upgrade + ["Origin: \(origin)"])
                #expect(head.hasPrefix("HTTP/1.1 403"), "\(origin)")
            }
        }
    }

    @Test("TLS 1.2 and 1.3 are spoken on the TLS port, plain HTTP is not")
    func tlsOnly() async throws {
        try await ServerHarness.run { harness in
            for version in [nil, .tlsv12, .tlsv13] as [ServerHarness.Version?] {
                let context = try ServerHarness.clientContext(maximum: version)
                let client = try await TestClient.connect(port: harness.ports.tlsPort, tls: context)
                #expect(try await client.ask(["operation": "GetInformation"])["result"] == "0")
            }
            let old = try ServerHarness.clientContext(maximum: .tlsv11)
            await #expect(throws: (any Error).self) { try await TestClient.connect(port: harness.ports.tlsPort, tls: old) }
            await #expect(throws: (any Error).self) { try await TestClient.connect(port: harness.ports.tlsPort) }
        }
    }

    @Test("with TLS 1.2 only suites with forward secrecy and authenticated encryption are spoken")
    func modernSuites() async throws {
        try await ServerHarness.run { harness in
            for (cipher, isSpoken) in [
                (.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true), (.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, true),
                (.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false), (.TLS_RSA_WITH_AES_128_GCM_SHA256, false),
            ] as [(NIOTLSCipher, Bool)] {
                let context = try ServerHarness.clientContext(maximum: .tlsv12, ciphers: [cipher])
                let answer = try? await TestClient.connect(port: harness.ports.tlsPort, tls: context).ask(["operation": "GetInformation"])
                #expect((answer?["result"] == "0") == isSpoken, "\(cipher)")
            }
        }
    }

    @Test("by default only this machine may connect, and another one that is let in needs TLS unless the configuration says otherwise")
    func plainFromLoopback() throws {
        var configuration = POSServerConfiguration()
        let (own, other) = (try #require(IPAddress("127.0.0.1")), try #require(IPAddress("192.0.2.7")))
        #expect(configuration.addresses == ["127.0.0.1"] && configuration.port == 8442 && configuration.tlsPort == 8443)
        #expect(configuration.admits(own) && configuration.takesPlain(from: own) && !configuration.admits(other))
        configuration.plainFromAnywhere = true
        #expect(!configuration.takesPlain(from: other))
        configuration.allow = ["192.0.2.0/24"].compactMap { AddressRange($0) }
        #expect(configuration.admits(other) && configuration.takesPlain(from: other) && !configuration.takesPlain(from: own))
        configuration.plainFromAnywhere = false
        #expect(configuration.admits(other) && !configuration.takesPlain(from: other))
    }

    @Test("the first byte decides: 0x16 is TLS, anything else is HTTP, which is refused in words where it is not allowed")
    func firstByte() async throws {
        let decided = NIOLockedValueBox<[Bool]>([])
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = FirstByteHandler(plainAllowed: false) { channel, tls in
                        decided.withLockedValue { $0.append(tls) }
                        channel.close(promise: nil)
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        let plain = try await TestClient.open(port: server.localAddress?.port)
        #expect(try await plain.get("/", headers: TestClient.upgrade).hasPrefix("HTTP/1.1 403"))
        #expect(await plain.rest().contains("use wss://") && decided.withLockedValue(\.isEmpty))
        let tls = try await TestClient.open(port: server.localAddress?.port)
        try await tls.write([0x16, 0x03, 0x01])
        #expect(try await tls.next() == .end)
        #expect(decided.withLockedValue { $0 } == [true])
        try await server.close()
    }

    @Test("plain connections from anywhere: a loud warning at the start, and none without")
    func loudWarning() async throws {
        for anywhere in [true, false] {
            let warnings = NIOLockedValueBox<[String]>([])
            var configuration = POSServerConfiguration()
            (configuration.port, configuration.tlsPort, configuration.plainFromAnywhere) = (0, nil, anywhere)
            let logger = Logger(label: "test") { _ in WarningCollector { text in warnings.withLockedValue { $0.append(text) } } }
            let server = try POSServer(configuration: configuration, terminal: ScriptedTerminal(), logger: logger)
            _ = try await server.start()
            await server.shutdown()
            #expect(warnings.withLockedValue { $0 }.contains { $0.hasPrefix("UNENCRYPTED") } == anywhere)
        }
    }

    @Test("an address outside pos.allow is closed before a byte is read")
    func allow() async throws {
        try await ServerHarness.run {
            $0.allow = ["192.0.2.0/24"].compactMap { AddressRange($0) }
        } _: { harness in
            let client = try await TestClient.open(port: harness.ports.port)
            #expect(await client.rest().isEmpty)
        }
    }

    @Test("outside pos.allow a listed client certificate lets in, over TLS only")
    func allowedCertificate() async throws {
        try await ServerHarness.run {
            $0.allow = []
            $0.allowCertificates = [TestCertificates.tillFingerprint]
            $0.tls = ServerHarness.tls(.optional)
        } _: { harness in
            let till = try ServerHarness.clientContext(certificate: TestCertificates.till, key: TestCertificates.tillKey)
            let client = try await TestClient.connect(port: harness.ports.port, tls: till)
            try await harness.startSaleFrom(client, peer: PeerIdentity("certificate \(TestCertificates.tillFingerprint)"))
            let nobody = try await TestClient.open(port: harness.ports.port, tls: ServerHarness.clientContext())
            #expect(try await nobody.get("/", headers: TestClient.upgrade).hasPrefix("HTTP/1.1 403"))
            let plain = try await TestClient.open(port: harness.ports.port)
            #expect(try await plain.get("/", headers: TestClient.upgrade).hasPrefix("HTTP/1.1 403"))
        }
    }

    @Test("client certificates required: without one, or with a stranger's, no connection; with ours, the peer is the certificate")
    func mutualTLS() async throws {
        try await ServerHarness.run {
            $0.tls = ServerHarness.tls(.required)
        } _: { harness in
            await #expect(throws: (any Error).self) {
                try await TestClient.connect(port: harness.ports.tlsPort, tls: ServerHarness.clientContext())
            }
            let stranger = try ServerHarness.clientContext(certificate: TestCertificates.stranger, key: TestCertificates.strangerKey)
            await #expect(throws: (any Error).self) { try await TestClient.connect(port: harness.ports.tlsPort, tls: stranger) }
            let till = try ServerHarness.clientContext(certificate: TestCertificates.till, key: TestCertificates.tillKey)
            let client = try await TestClient.connect(port: harness.ports.tlsPort, tls: till)
            try await harness.startSaleFrom(client, peer: PeerIdentity("certificate \(TestCertificates.tillFingerprint)"))
        }
    }

    @Test("a port in use is named in the error")
    func portInUse() async throws {
        try await ServerHarness.run { harness in
            var configuration = POSServerConfiguration()
            configuration.port = harness.ports.port
            configuration.tlsPort = nil
            let second = try POSServer(configuration: configuration, terminal: harness.terminal, logger: .init(label: "test"))
            let error = await #expect(throws: POSServerError.self) { try await second.start() }
            #expect(error?.code == .listen && error?.message.contains("\(harness.ports.port ?? 0)") == true)
            await second.shutdown()
        }
    }

    @Test("a key that does not belong to the certificate is refused when the server is made")
    func wrongKey() {
        var tls = ServerHarness.tls()
        tls.privateKey = .init(TestCertificates.tillKey.utf8)
        #expect(throws: POSServerError.self) { try tls.makeContext() }
        tls.certificateChain = "nothing"
        #expect(throws: POSServerError.self) { try tls.makeContext() }
    }

    @Test("the echo server sends back text and binary")
    func echo() async throws {
        let echo = try await EchoServer(port: 0)
        let client = try await TestClient.connect(port: echo.port)
        try await client.send("Grüße")
        #expect(try await client.next() == .text("Grüße"))
        await client.cut()
        await echo.shutdown()
    }
}

extension ServerHarness {
    typealias Version = NIOSSL.TLSVersion

    func startSaleFrom(_ client: TestClient, peer: PeerIdentity) async throws {
        try await client.send(["operation": "Transaction", "type": "SALE", "requestedAmount": "500"])
        let begun = await terminal.expectBegin()
        #expect(begun?.1 == peer)
    }
}

/// Hands warnings on.
private struct WarningCollector: LogHandler {
    let collect: @Sendable (String) -> Void
    var logLevel = Logger.Level.warning
    var metadata: Logger.Metadata = [:]

    init(_ collect: @escaping @Sendable (String) -> Void) { self.collect = collect }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { collect("\(event.message)") }
}
