import Keys
import NIOSSL

/// How terminals reach the host.
public enum HostTransport: Sendable {
    /// Without TLS; loopback only.
    case plain
    /// TLS 1.2 or 1.3 with this certificate; `clientAuthorityPEM` demands a client certificate of that authority.
    case tls(chainPEM: String, privateKeyPEM: SecretBytes, clientAuthorityPEM: String? = nil)

    public static func tls(_ certificate: ServerCertificate) -> HostTransport {
        .tls(chainPEM: certificate.chainPEM, privateKeyPEM: certificate.privateKeyPEM)
    }

    func context() throws -> NIOSSLContext? {
        guard case .tls(let chainPEM, let privateKeyPEM, let clientAuthorityPEM) = self else { return nil }
        let key = try privateKeyPEM.withBytes { try NIOSSLPrivateKey(bytes: Array($0), format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(chainPEM.utf8)).map { .certificate($0) },
            privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        // A terminal that is gone does not answer the close; nothing is lost with it.
        configuration.shutdownTimeout = .milliseconds(250)
        if let clientAuthorityPEM {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientAuthorityPEM.utf8)))
            configuration.certificateVerification = .noHostnameVerification
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
