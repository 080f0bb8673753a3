import Keys
import TerminalAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// TLS for servers of the lab that are no terminals.
public enum LabCertificates {
    /// An authority (`ca.pem`) and a certificate for this machine in `folder`, made when missing.
    public static func tls(in folder: String) throws -> POSServerTLS {
        let now = Int64(Date().timeIntervalSince1970)
        let names = try CertificateNames(hosts: ["localhost"], addresses: ["127.0.0.1", "::1"])
        let made = try SiteCertificateAuthority.open(directory: folder, now: now).serverCertificate(
            directory: folder, names: names, now: now)
        return POSServerTLS(
            certificateChain: made.chainPEM, privateKey: made.privateKeyPEM, clientCertificates: .off, clientAuthorities: nil)
    }
}
