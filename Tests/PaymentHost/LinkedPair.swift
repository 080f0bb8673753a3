import Foundation
import Hex
import ISO8583
import Keys
import Logging
import NIOConcurrencyHelpers
import NIOSSL
import Testing

@testable import PaymentHost

/// A host with a certificate of its own authority, and a link to it over real TLS.
struct LinkedPair {
    let fixture: HostFixture
    let host: ScriptedHost
    let link: HostLink
    let log: LogCollector
    let fingerprint: [UInt8]

    enum Setting: Sendable { case mutual, uncertified, plain, otherAuthority, serverName(String), pins([String]), pinned, wrongPin }

    static func make(
        _ setting: Setting? = nil, echoInterval: Duration = .seconds(60), _ script: @escaping ScriptedHost.Script = approve
    ) async throws -> LinkedPair {
        let fixture = try HostFixture()
        let now = Int64(Date().timeIntervalSince1970)
        let authority = try SiteCertificateAuthority.temporary(now: now)
        // With a name to check, the certificate must not name the address too: either would do.
        let isNamed = if case .serverName = setting { true } else { false }
        let names = try CertificateNames(hosts: ["host.test"], addresses: isNamed ? [] : ["127.0.0.1"])
        let server = try authority.issue(names: names, now: now)
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(server.chainPEM.utf8))
        let fingerprint = try Digest.sha256(try #require(chain.first).toDERBytes())
        let key = try server.privateKeyPEM.withBytes { try NIOSSLPrivateKey(bytes: Array($0), format: .pem) }
        var serverTLS = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        var isPlain = false
        var tls = HostLinkConfiguration.TLS()
        var trusted = authority
        switch setting {
        case .mutual, .uncertified:
            let (certificate, key) = try clientCertificate()
            serverTLS.certificateVerification = .noHostnameVerification
            serverTLS.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(certificate))
            if case .mutual = setting { (tls.certificateFile, tls.keyFile) = (certificate, key) }
        case .plain: isPlain = true
        case .otherAuthority: trusted = try SiteCertificateAuthority.temporary(now: now)
        case .serverName(let name): tls.serverName = name
        case .pins(let pins): tls.pins = pins
        case .pinned: tls.pins = [String(repeating: "0", count: 64), fingerprint.hex]
        case .wrongPin: tls.pins = [String(repeating: "0", count: 64)]
        case nil: break
        }
        tls.authorityFile = try temporaryFile(trusted.certificatePEM)
        let context = try NIOSSLContext(configuration: serverTLS)
        let host = try await ScriptedHost.start(fixture, tls: isPlain ? nil : context, script)
        let log = LogCollector()
        let link = try makeLink(fixture, port: host.port, isPlain ? .plain : .tls(tls), log, echoInterval: echoInterval)
        return LinkedPair(fixture: fixture, host: host, link: link, log: log, fingerprint: fingerprint)
    }

    static func makeLink(
        _ fixture: HostFixture, port: Int, _ security: HostLinkConfiguration.Security, _ log: LogCollector = LogCollector(),
        echoInterval: Duration = .seconds(60)
    ) throws -> HostLink {
        var timing = HostLinkTiming()
        timing.shortestBackoff = .milliseconds(5)
        timing.longestBackoff = .milliseconds(20)
        timing.echoInterval = echoInterval
        // The machine that runs the tests may be slow; limits are the machine tests' affair.
        timing.connectWait = .seconds(60)
        timing.signOnLimit = .seconds(60)
        timing.echoLimit = .seconds(60)
        timing.signOffLimit = .seconds(60)
        let last = NIOLockedValueBox(900_000)
        return try HostLink(
            configuration: HostLinkConfiguration(
                addresses: [.init(host: "127.0.0.1", port: port)], security: security, dialect: fixture.dialect, macKey: HostFixture.macKey,
                merchant: HostFixture.merchant, timing: timing),
            environment: HostLink.Environment(
                nextSTAN: {
                    last.withLockedValue {
                        $0 += 1
                        return $0
                    }
                }, dateTimes: { WireDateTimes(local: "261122214809", transmission: "1122204809") }),
            logger: Logger(label: "host") { _ in log })
    }

    static let approve: ScriptedHost.Script = { message, connection in
        try connection.send(connection.fixture.answer(to: message, message.mti == "1200" ? "000" : "400"))
    }

    func sale(_ stan: Int, within limit: Duration = .seconds(60), handedOver: @escaping @Sendable () -> Void = {}) async throws
        -> HostOutcome
    {
        await link.exchange(.financial(try HostFixture.sale(stan)), deadline: .now.advanced(by: limit), handedOver: handedOver)
    }

    /// Connects, and waits until it has.
    func connect() async {
        link.start()
        for await state in link.states() where state == .connected { return }
    }

    /// Waits until the host has seen a message like this.
    func hostSees(_ isIt: (Message) -> Bool) async {
        for await message in host.messages where isIt(message) { return }
    }

    func end() async {
        await link.shutdown()
        await host.stop()
    }

    /// A certificate for the terminal, of nobody's authority but its own: paths of certificate and key.
    private static func clientCertificate() throws -> (String, String) {
        let certificate = try temporaryFile("")
        let key = try temporaryFile("")
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=terminal",
            "-keyout", key, "-out", certificate,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0, "openssl made no certificate")
        return (certificate, key)
    }

    static func temporaryFile(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("host-link-\(UUID().uuidString).pem").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
