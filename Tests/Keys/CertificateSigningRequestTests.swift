import Foundation
import Testing

@testable import Keys

@Suite("Certificate requests and what a certificate handed in is good for")
struct CertificateSigningRequestTests {
    private let directory: TemporaryDirectory
    /// A minute after the certificates are made: a second may begin while they are.
    private let now = Int64(Date().timeIntervalSince1970) + 60

    init() throws { directory = try TemporaryDirectory() }

    @discardableResult
    private func openssl(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(arguments): \(String(decoding: output, as: UTF8.self))")
        return String(decoding: output, as: UTF8.self)
    }

    private func path(_ name: String) -> String { "\(directory.path)/\(name)" }
    private func write(_ text: String, _ name: String) throws { try Data(text.utf8).write(to: URL(filePath: path(name))) }
    private func read(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    /// A certificate for the request, signed with openssl by a new authority, whose certificate is `ca.pem`.
    private func signed(_ request: CertificateSigningRequest, days: Int = 30) throws -> String {
        try write(request.pem, "request.pem")
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path("ca-key.pem"), "-out",
            path("ca.pem"), "-subj", "/CN=Test", "-days", "30")
        try openssl(
            "x509", "-req", "-in", path("request.pem"), "-CA", path("ca.pem"), "-CAkey", path("ca-key.pem"), "-CAcreateserial", "-out",
            path("leaf.pem"), "-days", String(days), "-copy_extensions", "copy")
        return try read("leaf.pem")
    }

    @Test("openssl reads subject and names of the request and verifies its signature")
    func request() throws {
        let request = try CertificateSigningRequest.make(
            subject: [("CN", "till-1"), ("O", "Käse & Co"), ("C", "CH")],
            names: try CertificateNames(hosts: ["till-1.example"], addresses: ["192.0.2.1"]))
        try write(request.pem, "request.pem")
        let text = try openssl("req", "-in", path("request.pem"), "-noout", "-text", "-verify", "-nameopt", "utf8,sep_multiline")
        for part in ["CN=till-1", "C=CH", "DNS:till-1.example", "IP Address:192.0.2.1", "prime256v1", "verify OK"] {
            #expect(text.contains(part), "\(part) is not in \(text)")
        }
    }

    @Test("every request has a key of its own")
    func newKeys() throws {
        let requests = try (0..<2).map { _ in try CertificateSigningRequest.make(subject: [("CN", "x")], names: nil) }
        #expect(requests[0].pem != requests[1].pem)
        #expect(throws: KeysError.self) {
            try CertificateInspection(chain: try signed(requests[0]), for: requests[1].privateKeyPEM, now: now)
        }
    }

    @Test("a country of three letters is refused")
    func badSubject() {
        #expect(throws: KeysError.self) { try CertificateSigningRequest.make(subject: [("CN", "x"), ("C", "CHE")], names: nil) }
    }

    @Test("a chain for the key is taken, with its fingerprint and its end; another order of the chain is not")
    func chain() throws {
        let request = try CertificateSigningRequest.make(subject: [("CN", "x")], names: nil)
        let leaf = try signed(request)
        let authority = try read("ca.pem")
        let inspection = try CertificateInspection(chain: leaf + authority, for: request.privateKeyPEM, now: now)
        let fingerprint = try openssl("x509", "-in", path("leaf.pem"), "-noout", "-fingerprint", "-sha256")
        #expect(fingerprint.replacingOccurrences(of: ":", with: "").contains(inspection.fingerprint))
        #expect(abs(inspection.expires - now - 30 * 86_400) < 600)
        for wrong in [authority + leaf, leaf + leaf, "", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            #expect(throws: KeysError.self) { try CertificateInspection(chain: wrong, for: request.privateKeyPEM, now: now) }
        }
    }

    @Test("expired, and not valid yet, are refused")
    func validity() throws {
        let request = try CertificateSigningRequest.make(subject: [("CN", "x")], names: nil)
        let leaf = try signed(request)
        for moment in [now + 31 * 86_400, now - 86_400] {
            #expect(throws: KeysError.self) { try CertificateInspection(chain: leaf, for: request.privateKeyPEM, now: moment) }
        }
    }

    @Test("only an authority can be trusted, one at a time")
    func authority() throws {
        let leaf = try signed(try CertificateSigningRequest.make(subject: [("CN", "x")], names: nil))
        let authority = try read("ca.pem")
        #expect(try CertificateInspection(authority: authority, now: now).fingerprint.count == 64)
        for wrong in [leaf, authority + authority, ""] {
            #expect(throws: KeysError.self) { try CertificateInspection(authority: wrong, now: now) }
        }
    }
}
