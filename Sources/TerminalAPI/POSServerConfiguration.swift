import Keys

/// Where the POS API listens, whom it lets in and which limits it keeps (pos-protocol, section 1).
public struct POSServerConfiguration: Sendable {
    /// Addresses to listen on, each on both ports.
    public var addresses: [String] = ["127.0.0.1"]
    /// Takes TLS and plain HTTP, told apart by the first byte. 0: a free port. `nil`: not opened.
    public var port: Int? = 8442
    /// Takes TLS only. Not opened without `tls`.
    public var tlsPort: Int? = 8443
    public var tls: POSServerTLS?
    /// Plain HTTP from other machines too.
    public var plainFromAnywhere = false

    /// Who may connect, by address.
    public var allow: [AddressRange] = AddressRange.loopback
    /// Who may connect from anywhere, by the SHA-256 fingerprint of the client certificate: 64 upper-case hexadecimal digits.
    public var allowCertificates: Set<String> = []
    /// Origins of web pages, besides the server's own, whose scripts may connect; compared exactly.
    public var origins: Set<String> = []

    /// Connections at the same time.
    public var connectionLimit = 8
    /// Longest message taken, in bytes.
    public var messageLimit = 65_536
    /// Messages of one connection that may wait: answers not yet taken by the network, or requests not yet answered.
    public var queueLimit = 16
    /// Requests of one peer that reach the terminal, in a burst and then a second; heartbeats and `Cancel` do not count.
    public var requestBurst = 100
    public var requestsPerSecond = 50
    public var times = POSTimes()
    /// What `GET /metrics` from this machine is answered with, in Prometheus' text format; without it there is no such page.
    public var metrics: (@Sendable () -> String)?

    public init() {}

    /// By its address alone.
    func admits(_ address: IPAddress) -> Bool { allow.contains { $0.contains(address) } }

    /// Without TLS.
    func takesPlain(from address: IPAddress) -> Bool { admits(address) && (address.isLoopback || plainFromAnywhere) }
}

/// The server's own certificate, and what it asks of clients.
public struct POSServerTLS: Sendable {
    public enum ClientCertificates: String, Sendable, CaseIterable { case off, optional, required }

    /// PEM, the leaf first.
    public var certificateChain: String
    /// PEM.
    public var privateKey: SecretBytes
    public var clientCertificates: ClientCertificates
    /// PEM; needed unless `clientCertificates` is `.off`.
    public var clientAuthorities: String?

    public init(
        certificateChain: String, privateKey: SecretBytes, clientCertificates: ClientCertificates = .off, clientAuthorities: String? = nil
    ) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.clientCertificates = clientCertificates
        self.clientAuthorities = clientAuthorities
    }
}

/// Every time limit of the POS protocol that this module keeps.
public struct POSTimes: Sendable {
    /// From the TCP connection to the end of the WebSocket upgrade.
    public var handshake: Duration = .seconds(10)
    /// Between pings to the connections of a running operation.
    public var ping: Duration = .seconds(2)
    /// A ping unanswered for so long makes a connection suspect.
    public var pingAnswer: Duration = .seconds(4)
    /// A connection suspect for so long counts as lost.
    public var suspect: Duration = .seconds(15)
    /// How long a `LastTransaction` waits for the running transaction.
    public var hold: Duration = .seconds(8)
    /// How long a `Diagnose` may take.
    public var diagnosis: Duration = .seconds(30)
    /// `Cancel` is answered within this.
    public var cancel: Duration = .seconds(1)
    /// No connection lives longer.
    public var connectionLife: Duration = .seconds(24 * 3600)
    /// A connection of this age takes no new complex operation.
    public var connectionMaintenance: Duration = .seconds(23 * 3600 + 55 * 60)
    /// From the first byte of a message to its last.
    public var message: Duration = .seconds(30)
    /// After a close frame: how long the peer has to answer it.
    public var closing: Duration = .seconds(2)

    public init() {}
}
