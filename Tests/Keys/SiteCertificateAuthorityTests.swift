import Foundation
import Testing

@testable import Keys

@Suite("Site CA and server certificate")
struct SiteCertificateAuthorityTests {
    private let directory: TemporaryDirectory
    private let now = Int64(Date().timeIntervalSince1970)
    private let day: Int64 = 86_400

    init() throws { directory = try TemporaryDirectory() }

    private func names(_ hosts: [String] = ["pos-terminal", "localhost"], _ addresses: [String] = ["127.0.0.1", "::1"]) throws
        -> CertificateNames
    {
        try CertificateNames(hosts: hosts, addresses: addresses)
    }

    private func openssl(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test("openssl verifies the chain, the names and the purpose")
    func verified() throws {
        let authority = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        let server = try authority.serverCertificate(directory: directory.path, names: names(), now: now)
        #expect(server.isNew)
        let chain = try #require(server.chainPath)
        let base = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "\(directory.path)/ca.pem"]
        for check in [
            ["-verify_hostname", "pos-terminal"], ["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"],
        ] {
            let arguments = base + check + [chain]
            let result = try openssl(
                arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], check[0], check[1], chain)
            #expect(result.status == 0, "\(arguments): \(result.output)")
        }
        let stranger = try openssl("verify", "-CAfile", "\(directory.path)/ca.pem", "-verify_hostname", "example.com", chain)
        #expect(stranger.status != 0)
        let key = try openssl("pkey", "-in", try #require(server.keyPath), "-noout", "-text")
        #expect(key.output.contains("prime256v1"))
        let text = try openssl("x509", "-in", chain, "-noout", "-text").output
        #expect(text.contains("DNS:localhost, DNS:pos-terminal, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"))
        #expect(text.contains("CA:FALSE"))
        #expect(text.contains("TLS Web Server Authentication"))
        let authorityText = try openssl("x509", "-in", "\(directory.path)/ca.pem", "-noout", "-text").output
        #expect(authorityText.contains("CA:TRUE, pathlen:0"))
    }

    @Test("Keys have mode 0600, certificates can be read")
    func modes() throws {
        umask(0)
        let authority = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        _ = try authority.serverCertificate(directory: directory.path, names: names(), now: now)
        #expect(directory.files == ["ca-key.pem", "ca.pem", "server-key.pem", "server.pem"])
        #expect(directory.mode("ca-key.pem") == 0o600)
        #expect(directory.mode("server-key.pem") == 0o600)
        #expect(directory.mode("ca.pem") == 0o644)
        chmod("\(directory.path)/ca-key.pem", 0o644)
        #expect { try SiteCertificateAuthority.open(directory: directory.path, now: now) } throws: { ($0 as? KeysError)?.code == .fileMode }
    }

    @Test("The next start uses what is there, in whatever order the names come")
    func kept() throws {
        let first = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        let server = try first.serverCertificate(directory: directory.path, names: names(), now: now)
        let second = try SiteCertificateAuthority.open(directory: directory.path, now: now + day)
        #expect(second.certificatePEM == first.certificatePEM)
        let again = try second.serverCertificate(
            directory: directory.path, names: names(["LOCALHOST", "pos-terminal", "localhost"], ["::1", "127.0.0.1"]), now: now + day)
        #expect(!again.isNew)
        #expect(again.chainPEM == server.chainPEM)
    }

    @Test("A server certificate is renewed with a new key when its names change or its end is near")
    func renewed() throws {
        let authority = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        let first = try authority.serverCertificate(directory: directory.path, names: names(), now: now)
        #expect(try !authority.serverCertificate(directory: directory.path, names: names(), now: now + 366 * day).isNew)
        let renewed = try authority.serverCertificate(directory: directory.path, names: names(), now: now + 368 * day)
        #expect(renewed.isNew)
        #expect(renewed.privateKeyPEM != first.privateKeyPEM)
        let added = try authority.serverCertificate(
            directory: directory.path, names: names(["localhost", "pos-terminal", "new"]), now: now + 368 * day)
        #expect(added.isNew)
        let removed = try authority.serverCertificate(directory: directory.path, names: names(["localhost"]), now: now + 368 * day)
        #expect(removed.isNew)
        let clockWentBack = try authority.serverCertificate(directory: directory.path, names: names(["localhost"]), now: now)
        #expect(clockWentBack.isNew)
    }

    @Test("Damaged, swapped or strange server files are replaced; the authority is not")
    func replaced() throws {
        let authority = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        func current() throws -> ServerCertificate { try authority.serverCertificate(directory: directory.path, names: names(), now: now) }
        _ = try current()
        for (file, text) in [("server.pem", "rubbish"), ("server-key.pem", ""), ("server.pem", authority.certificatePEM)] {
            try directory.write(file, text)
            #expect(try current().isNew)
            #expect(try !current().isNew)
        }
        let stranger = try SiteCertificateAuthority.temporary(now: now).issue(names: names(), now: now)
        try directory.write("server.pem", stranger.chainPEM)
        try directory.write("server-key.pem", stranger.privateKeyPEM.withBytes { String(decoding: $0, as: UTF8.self) })
        #expect(try current().isNew)
    }

    @Test("An authority without its key, with another's key or in rubbish is an error that names the file")
    func damagedAuthority() throws {
        let authority = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        let other = try TemporaryDirectory()
        _ = try SiteCertificateAuthority.open(directory: other.path, now: now)
        let cases: [(String, KeysError.Code)] = [(try other.text("ca-key.pem"), .certificate), ("rubbish", .fileContent)]
        for (key, code) in cases {
            try directory.write("ca-key.pem", key)
            #expect { try SiteCertificateAuthority.open(directory: directory.path, now: now) } throws: { error in
                (error as? KeysError)?.code == code && (error as? KeysError)?.message.contains("ca.pem") == true
            }
        }
        unlink("\(directory.path)/ca-key.pem")
        #expect { try SiteCertificateAuthority.open(directory: directory.path, now: now) } throws: { error in
            (error as? KeysError)?.code == .fileAccess && (error as? KeysError)?.message.contains("ca-key.pem") == true
        }
        #expect(try directory.text("ca.pem") == authority.certificatePEM)
    }

    @Test("A start that was cut between key and certificate goes on with the key")
    func cutBetween() throws {
        _ = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        let key = try directory.text("ca-key.pem")
        unlink("\(directory.path)/ca.pem")
        let authority = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        #expect(try directory.text("ca-key.pem") == key)
        #expect(try authority.serverCertificate(directory: directory.path, names: names(), now: now).isNew)
    }

    @Test("An authority at its end says so; no server certificate outlives it")
    func authorityEnds() throws {
        let authority = try SiteCertificateAuthority.open(directory: directory.path, now: now)
        #expect { try SiteCertificateAuthority.open(directory: directory.path, now: now + 3640 * day) } throws: { error in
            (error as? KeysError)?.code == .certificate && (error as? KeysError)?.remedy != nil
        }
        let late = try authority.issue(names: names(), now: now + 3600 * day)
        #expect(try Certificate(pem: late.chainPEM).secondsLeft(now: now + 3600 * day) <= 50 * day)
    }

    @Test(
        "Names that cannot be host names or addresses are refused",
        arguments: [
            ([], []), ([""], []), (["a,DNS:b"], []), (["a b"], []), (["-a"], []), (["a..b"], []), (["*"], []), (["a.*.b"], []),
            ([String(repeating: "a", count: 64)], []), ([], ["localhost"]), ([], ["1.2.3"]), ([], ["1.2.3.4,DNS:x"]),
            ([], ["fe80::1%eth0"]),
        ] as [([String], [String])])
    func badNames(hosts: [String], addresses: [String]) {
        #expect { try CertificateNames(hosts: hosts, addresses: addresses) } throws: { ($0 as? KeysError)?.code == .certificate }
    }

    @Test("Wildcards, underscores and addresses of both families are taken")
    func goodNames() throws {
        let names = try CertificateNames(hosts: ["*.shop.example", "till_1"], addresses: ["192.168.1.20", "fe80::1", "2001:db8::ff"])
        let server = try SiteCertificateAuthority.temporary(now: now).issue(names: names, now: now)
        #expect(try Certificate(pem: server.chainPEM).hasNames(names))
    }
}
