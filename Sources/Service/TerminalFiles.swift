import Glibc
import Keys

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The data folder of one terminal: made at the first start, closed to others.
///
///     journal.sqlite          what happened
///     host.key                MAC key that the host has sent, as its key block
///     parameters.json         what the POS set with SetParameter
///     site.key                from which the journal's and the account mask's keys derive
///     tls/ca.pem …            the site's own authority and the certificate made by it
struct TerminalFiles {
    let directory: String

    var siteKey: String { directory + "/site.key" }
    var hostKey: String { directory + "/host.key" }
    var parameters: String { directory + "/parameters.json" }
    var tls: String { directory + "/tls" }
    var requestedKey: String { tls + "/requested-key.pem" }
    var importedCertificate: String { tls + "/imported.pem" }
    var importedKey: String { tls + "/imported-key.pem" }
    var clientAuthorities: String { tls + "/client-ca.pem" }
    /// What points of sale are given to trust.
    var authority: String { tls + "/ca.pem" }

    init(directory: String) throws(ServiceError) {
        self.directory = directory
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ServiceError(
                .dataDirectory, "The data folder \(directory) cannot be made.",
                remedy: "Make it, owned by the user the service runs as, or name another one under `data`.")
        }
    }

    /// Certificates that the terminal made in the data folder, as far as they are there.
    static func certificates(in directory: String) -> [(whose: String, file: String)] {
        [("POS server", directory + "/tls/server.pem"), ("site authority", directory + "/tls/ca.pem")].filter {
            FileManager.default.fileExists(atPath: $0.1)
        }
    }

    /// A text file of the configuration, such as PEM.
    static func text(_ path: String) throws(ServiceError) -> String {
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
            throw ServiceError(
                .file, "\(path) is not there or cannot be read as text.", remedy: "Check the path and that the service's user may read it.")
        }
        return text
    }

    /// The names this machine is reached by, for the certificate we make.
    static func localNames() -> (hosts: [String], addresses: [String]) {
        var hosts = ["localhost"]
        var buffer = [CChar](repeating: 0, count: 256)
        if gethostname(&buffer, buffer.count - 1) == 0 {
            let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            // What the kernel says before anybody named the machine is no name.
            if !name.isEmpty, name != "(none)" { hosts.append(name) }
        }
        var addresses: Set<String> = ["127.0.0.1", "::1"]
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return (hosts, addresses.sorted()) }
        defer { freeifaddrs(first) }
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let length = socklen_t(family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
            let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            // A link-local address needs a zone, which no certificate can carry.
            if !name.contains("%") { addresses.insert(name) }
        }
        return (hosts, addresses.sorted())
    }
}
