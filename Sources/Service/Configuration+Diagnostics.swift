import Diagnostics
import PaymentHost

extension Configuration {
    /// What `countertop diagnose` and the POS operation `Diagnose` look at.
    public var diagnosticSubject: SystemSubject {
        var subject = SystemSubject(dataDirectory: dataDirectory)
        subject.hosts = [host.primary, host.secondary].compactMap { $0 }.map { .init(host: $0.host, port: $0.port) }
        if host.tls {
            subject.security = .tls(
                .init(
                    authorityFile: host.ca, serverName: host.serverName, certificateFile: host.certificate, keyFile: host.key,
                    pins: host.pins))
        }
        let made = TerminalFiles.certificates(in: dataDirectory)
        subject.certificates =
            (pos.certificate.map { [.init(whose: "POS server", file: $0)] } ?? made.map { .init(whose: $0.whose, file: $0.file) })
            + [("host's authority", host.ca), ("terminal at the host", host.certificate), ("POS authority", pos.clientCA)].compactMap {
                whose, file in file.map { .init(whose: whose, file: $0) }
            }
        return subject
    }
}
