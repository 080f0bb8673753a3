import Keys
import NIOSSL

extension POSServerTLS {
    /// TLS 1.2 and 1.3; client certificates are verified against the client authorities, also when they are optional.
    func makeContext() throws(POSServerError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificateChain.utf8))
            guard !chain.isEmpty else { throw POSServerError(.tls, "The certificate file holds no certificate.") }
            let key = try privateKey.withBytes { bytes throws in try NIOSSLPrivateKey(bytes: Array(bytes), format: .pem) }
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            tls.minimumTLSVersion = .tlsv12
            // TLS 1.2: forward secrecy and authenticated encryption only (RFC 9325, 4.2); TLS 1.3 has no others.
            tls.cipherSuiteValues = [
                .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            ]
            tls.applicationProtocols = ["http/1.1"]
            try requestClientCertificates(&tls)
            return try NIOSSLContext(configuration: tls)
        } catch let error as POSServerError {
            throw error
        } catch {
            throw POSServerError(
                .tls, "Certificate and key cannot be used: \(error)", remedy: "Both are PEM, and the key belongs to the first certificate.")
        }
    }

    private func requestClientCertificates(_ tls: inout TLSConfiguration) throws {
        guard clientCertificates != .off else { return }
        guard let clientAuthorities else {
            throw POSServerError(.tls, "Client certificates are to be asked for, but no authority is given that signed them.")
        }
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientAuthorities.utf8)))
        tls.certificateVerification = clientCertificates == .required ? .noHostnameVerification : .optionalVerification
    }
}
