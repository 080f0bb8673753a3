import Glibc
import Keys
import Logging
import Terminal
import TerminalAPI

/// The POS server's TLS material while it runs: what the configuration or the site's authority gives, and what a POS has installed over it
/// (`GenerateCsr`, `ImportCertificate`, `InstallTrustCertificate`).
///
///     tls/requested-key.pem   key of the last request
///     tls/imported.pem, tls/imported-key.pem   certificate in use instead of the site's own
///     tls/client-ca.pem       authorities trusted beside pos.clientCA
actor ServerCertificates: CertificateKeeping {
    private let assembly: Assembly
    private let now: @Sendable () -> Int64
    private let use: @Sendable (POSServerTLS) async throws(POSServerError) -> Void

    /// - Parameter use: puts material in use for new connections.
    init(
        _ assembly: Assembly, now: @escaping @Sendable () -> Int64 = { Int64(time(nil)) },
        use: @escaping @Sendable (POSServerTLS) async throws(POSServerError) -> Void
    ) {
        self.assembly = assembly
        self.now = now
        self.use = use
    }

    func request(_ subject: CertificateSubject) async throws(CertificateRefusal) -> String {
        try refuseConfigured()
        let parts: [(String, String?)] = [
            ("CN", subject.commonName), ("O", subject.organization), ("OU", subject.organizationalUnit), ("L", subject.locality),
            ("ST", subject.state), ("C", subject.country),
        ]
        do throws(KeysError) {
            let hasNames = !subject.hosts.isEmpty || !subject.addresses.isEmpty
            let names = hasNames ? try CertificateNames(hosts: subject.hosts, addresses: subject.addresses) : nil
            let request = try CertificateSigningRequest.make(
                subject: parts.compactMap { part in part.1.map { (part.0, $0) } }, names: names)
            try request.privateKeyPEM.withBytes { bytes throws(KeysError) in
                try PrivateFile.replace(assembly.files.requestedKey, Array(bytes))
            }
            return request.pem
        } catch { throw refusal(error, "subject") }
    }

    func importChain(_ pem: String) async throws(CertificateRefusal) -> CertificateSummary {
        try refuseConfigured()
        let inspection: CertificateInspection
        let before: POSServerTLS
        let key: SecretBytes
        do throws(KeysError) {
            guard let bytes = try PrivateFile.read(assembly.files.requestedKey) else {
                throw KeysError(.certificate, "There was no GenerateCsr before.")
            }
            key = SecretBytes(bytes)
            inspection = try CertificateInspection(chain: pem, for: key, now: now())
        } catch { throw refusal(error, "certificate") }
        do throws(ServiceError) { before = try assembly.serverTLS() } catch { throw .failed("\(error)") }
        // In use first: what the server cannot use is not kept.
        try await put(
            POSServerTLS(
                certificateChain: pem, privateKey: key, clientCertificates: before.clientCertificates,
                clientAuthorities: before.clientAuthorities))
        do throws(KeysError) {
            // The key first: a crash between the two leaves a pair that does not fit, which the next start passes over.
            try key.withBytes { bytes throws(KeysError) in try PrivateFile.replace(assembly.files.importedKey, Array(bytes)) }
            try PrivateFile.replace(assembly.files.importedCertificate, Array(pem.utf8), mode: 0o644)
        } catch {
            try await put(before)
            throw .failed("The certificate could not be stored: \(error)")
        }
        return CertificateSummary(fingerprint: inspection.fingerprint, expires: WallTime(milliseconds: inspection.expires * 1000))
    }

    func installTrust(_ pem: String) async throws(CertificateRefusal) -> CertificateSummary {
        let inspection: CertificateInspection
        do throws(KeysError) { inspection = try CertificateInspection(authority: pem, now: now()) } catch {
            throw refusal(error, "certificate")
        }
        var material: POSServerTLS
        do throws(ServiceError) { material = try assembly.serverTLS() } catch { throw .failed("\(error)") }
        let text = pem.hasSuffix("\n") ? pem : pem + "\n"
        guard material.clientAuthorities?.contains(text) != true else {
            return CertificateSummary(fingerprint: inspection.fingerprint, expires: WallTime(milliseconds: inspection.expires * 1000))
        }
        material.clientAuthorities = (material.clientAuthorities ?? "") + text
        try await put(material)
        do throws(KeysError) {
            let installed = try PrivateFile.readPublic(assembly.files.clientAuthorities) ?? []
            try PrivateFile.replace(assembly.files.clientAuthorities, installed + Array(text.utf8), mode: 0o644)
        } catch { throw .failed("The authority could not be stored: \(error)") }
        return CertificateSummary(fingerprint: inspection.fingerprint, expires: WallTime(milliseconds: inspection.expires * 1000))
    }

    private func refuseConfigured() throws(CertificateRefusal) {
        if assembly.configuration.pos.certificate != nil {
            throw .bad("certificate: the configuration file names one (pos.certificate); it is replaced there")
        }
    }

    private func put(_ material: POSServerTLS) async throws(CertificateRefusal) {
        do throws(POSServerError) { try await use(material) } catch { throw .bad("certificate: \(error.message)") }
    }

    private func refusal(_ error: KeysError, _ field: String) -> CertificateRefusal {
        error.code == .certificate ? .bad("\(field): \(error.message)") : .failed(error.message)
    }
}
