import Glibc

/// What a TLS server is reached by: the subject alternative names of its certificate (RFC 5280, 4.2.1.6).
public struct CertificateNames: Sendable, Hashable {
    /// Host names, lower case, sorted, each once.
    public let hosts: [String]
    /// IPv4 and IPv6 addresses as text, without a zone, sorted, each once.
    public let addresses: [String]

    /// `keys.certificate` for a name or an address that cannot be one, and for none at all.
    public init(hosts: [String], addresses: [String]) throws(KeysError) {
        self.hosts = Set(hosts.map { $0.lowercased() }).sorted()
        self.addresses = Set(addresses.map { $0.lowercased() }).sorted()
        guard !(self.hosts.isEmpty && self.addresses.isEmpty), self.hosts.count + self.addresses.count <= 256 else {
            throw KeysError(.certificate, "A server certificate needs 1 to 256 names.")
        }
        if let bad = self.hosts.first(where: { !Self.isHostName($0) }) { throw KeysError(.certificate, "\"\(bad)\" is not a host name.") }
        if let bad = self.addresses.first(where: { !Self.isAddress($0) }) {
            throw KeysError(.certificate, "\"\(bad)\" is not an IP address.")
        }
    }

    /// The form of libcrypto's extension configuration: `DNS:a,DNS:b,IP:1.2.3.4`.
    var configuration: String { (hosts.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }).joined(separator: ",") }

    /// RFC 1123, 2.1, with a wildcard as the first label allowed (RFC 6125, 6.4.3).
    private static func isHostName(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...253).contains(name.utf8.count) else { return false }
        return labels.enumerated().allSatisfy { index, label in
            if label == "*" { return index == 0 && labels.count > 2 }
            return (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F }
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        var space = in6_addr()
        return inet_pton(AF_INET, text, &space) == 1 || inet_pton(AF_INET6, text, &space) == 1
    }
}
