import Hex
import Keys
import NIOCore
import NIOSSL

/// TLS of the link: made once from files, so that what is wrong with them is known at start and not at the first sale.
struct HostLinkTLS: Sendable {
    private let context: NIOSSLContext
    private let serverName: String?
    /// SHA-256 of certificates (DER); empty: any that the authorities vouch for.
    private let pins: Set<[UInt8]>

    init(_ tls: HostLinkConfiguration.TLS) throws(PaymentHostError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = tls.authorityFile {
            configuration.trustRoots = .certificates(try Self.certificates(file))
        }
        switch (tls.certificateFile, tls.keyFile) {
        case (let chain?, let key?):
            configuration.certificateChain = try Self.certificates(chain).map { .certificate($0) }
            do { configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)) } catch {
                throw PaymentHostError(.certificate, "The key file \(key) cannot be read.", remedy: "It must be a PEM private key.")
            }
        case (nil, nil): break
        default: throw PaymentHostError(.certificate, "A client certificate and its key belong together.", remedy: "Give both or none.")
        }
        var pins: Set<[UInt8]> = []
        for pin in tls.pins {
            guard let bytes = [UInt8](hex: pin.filter { $0 != ":" }), bytes.count == 32 else {
                throw PaymentHostError(.pin, "A pin is not a SHA-256 fingerprint.", remedy: "Write 64 hexadecimal digits.")
            }
            pins.insert(bytes)
        }
        self.pins = pins
        serverName = tls.serverName
        do { context = try NIOSSLContext(configuration: configuration) } catch {
            throw PaymentHostError(.certificate, "The TLS set-up is refused: certificate and key do not fit, or a file is damaged.")
        }
    }

    /// For one connection. A name is checked against the certificate's names; without one the peer's address is.
    func handler(for address: HostLinkConfiguration.Address) throws -> NIOSSLClientHandler {
        let name = serverName ?? address.host
        return try NIOSSLClientHandler(context: context, serverHostname: Self.isAddress(name) ? nil : name)
    }

    /// Whether the host's certificate is one of the pinned.
    func accepts(_ certificate: NIOSSLCertificate?) -> Bool {
        guard !pins.isEmpty else { return true }
        guard let der = try? certificate?.toDERBytes(), let fingerprint = try? Digest.sha256(der) else { return false }
        return pins.contains(fingerprint)
    }

    private static func certificates(_ file: String) throws(PaymentHostError) -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
            throw PaymentHostError(.certificate, "The certificate file \(file) cannot be read.", remedy: "It must be PEM.")
        }
        return certificates
    }

    /// An IP address cannot be a server name (RFC 6066, 3).
    private static func isAddress(_ name: String) -> Bool { (try? SocketAddress(ipAddress: name, port: 0)) != nil }
}

extension HostLink {
    /// The TLS end of a connection to `address`, as the link itself would have it; for those who try the connection without it.
    public static func tlsHandler(
        _ tls: HostLinkConfiguration.TLS, for address: HostLinkConfiguration.Address
    ) throws -> NIOSSLClientHandler {
        try HostLinkTLS(tls).handler(for: address)
    }
}
