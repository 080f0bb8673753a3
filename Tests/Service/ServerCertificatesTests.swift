import Foundation
import Keys
import Logging
import Synchronization
import Terminal
import TerminalAPI
import Testing

@testable import Service

@Suite("Certificates that a POS installs: in use at once, kept over a restart, refused without a change")
struct ServerCertificatesTests {
    private let folder: URL
    private let assembly: Assembly
    private let used = Used()

    private final class Used: Sendable {
        private let material = Mutex<[POSServerTLS]>([])
        var all: [POSServerTLS] { material.withLock { $0 } }
        func append(_ one: POSServerTLS) { material.withLock { $0.append(one) } }
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configured = folder.appending(path: "configured-ca.pem").path()
        try Self.makeAuthority(configured, key: folder.appending(path: "configured-ca-key.pem").path())
        let configuration = try Configuration(
            yaml: ConfigurationTests.least
                + "\npos:\n  clientCertificates: optional\n  clientCA: \(configured)\ndata: \(folder.path())\n",
            file: "/etc/countertop/c.yaml")
        assembly = Assembly(
            configuration: configuration, files: try TerminalFiles(directory: folder.path()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = try assembly.serverTLS()
    }

    private var certificates: ServerCertificates {
        let used = used
        return ServerCertificates(assembly) { material throws(POSServerError) in used.append(material) }
    }

    private static func makeAuthority(_ certificate: String, key: String) throws {
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate, "-subj",
            "/CN=Test", "-days", "30")
    }

    private static func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(arguments)")
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path() }

    /// Signs the request by a new authority, whose certificate is `test-ca.pem`.
    private func sign(_ request: String) throws -> String {
        try Data(request.utf8).write(to: folder.appending(path: "request.pem"))
        try Self.makeAuthority(path("test-ca.pem"), key: path("test-ca-key.pem"))
        try Self.openssl(
            "x509", "-req", "-in", path("request.pem"), "-CA", path("test-ca.pem"), "-CAkey", path("test-ca-key.pem"), "-CAcreateserial",
            "-out", path("leaf.pem"), "-days", "30")
        return try String(contentsOfFile: path("leaf.pem"), encoding: .utf8)
    }

    @Test("the certificate for the last request is used at once and by the next start")
    func imported() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let own = try assembly.serverTLS().certificateChain
        let leaf = try sign(try await certificates.request(CertificateSubject(commonName: "till-1", hosts: ["till-1.example"])))
        #expect(try assembly.serverTLS().certificateChain == own)
        let summary = try await certificates.importChain(leaf)
        #expect(summary.fingerprint.count == 64)
        #expect(used.all.map(\.certificateChain) == [leaf])
        #expect(try assembly.serverTLS().certificateChain == leaf)
        let attributes = try FileManager.default.attributesOfItem(atPath: assembly.files.importedKey)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("GenerateCsr: openssl reads every part of the subject and every name that the POS gave")
    func subject() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (hosts, addresses) = (["till-1.example", "*.shop.example"], ["192.0.2.1", "::1"])
        var subject = CertificateSubject(commonName: "till-1", hosts: hosts, addresses: addresses)
        (subject.organization, subject.organizationalUnit, subject.locality) = ("Shop", "Front", "Bern")
        (subject.state, subject.country) = ("BE", "CH")
        try Data(try await certificates.request(subject).utf8).write(to: folder.appending(path: "request.pem"))
        try Self.openssl(
            "req", "-in", path("request.pem"), "-noout", "-text", "-verify", "-nameopt", "utf8,sep_multiline", "-out", path("said"))
        let said = try String(contentsOfFile: path("said"), encoding: .utf8)
        for part in [
            "CN=till-1", "O=Shop", "OU=Front", "L=Bern", "ST=BE", "C=CH", "DNS:till-1.example", "DNS:*.shop.example",
            "IP Address:192.0.2.1", "IP Address:0:0:0:0:0:0:0:1",
        ] { #expect(said.contains(part), "\(part) is not in \(said)") }
    }

    @Test("without a request, for another request's key, or garbage: refused, and nothing changes")
    func refused() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let own = try assembly.serverTLS().certificateChain
        func refuse(_ pem: String) async {
            await #expect(throws: CertificateRefusal.self) { try await certificates.importChain(pem) }
        }
        await refuse("-----BEGIN CERTIFICATE-----\n")
        let leaf = try sign(try await certificates.request(CertificateSubject(commonName: "one")))
        _ = try await certificates.request(CertificateSubject(commonName: "two"))
        await refuse(leaf)
        #expect(used.all.isEmpty)
        #expect(try assembly.serverTLS().certificateChain == own)
    }

    @Test("an authority installed is trusted beside the others, once; a leaf is refused")
    func trust() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let leaf = try sign(try await certificates.request(CertificateSubject(commonName: "one")))
        let authority = try String(contentsOfFile: path("test-ca.pem"), encoding: .utf8)
        await #expect(throws: CertificateRefusal.self) { try await certificates.installTrust(leaf) }
        _ = try await certificates.installTrust(authority)
        _ = try await certificates.installTrust(authority)
        let configured = try String(contentsOfFile: path("configured-ca.pem"), encoding: .utf8)
        #expect(used.all.map(\.clientAuthorities) == [configured + authority])
        #expect(try assembly.serverTLS().clientAuthorities == configured + authority)
    }
}
