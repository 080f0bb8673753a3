import ISO8583
import Keys

/// Everything the host link has to be told.
public struct HostLinkConfiguration: Sendable {
    public struct Address: Sendable, Hashable, CustomStringConvertible {
        /// Name, IPv4 or IPv6 address (without brackets).
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

        /// This machine, without asking a resolver.
        var isLoopback: Bool {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            let isIPv4 = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
            return host == "localhost" || host == "::1" || isIPv4 && parts[0] == "127"
        }
    }

    public struct TLS: Sendable, Hashable {
        /// PEM file; `nil` for the system's authorities.
        public var authorityFile: String?
        /// Name expected in the host's certificate; `nil` for the address's own. A certificate that names the IP address that was connected to
        /// is accepted too (NIOSSL's rule); `pins` leave no such room.
        public var serverName: String?
        /// PEM chain for mutual TLS, with `keyFile`.
        public var certificateFile: String?
        public var keyFile: String?
        /// SHA-256 fingerprints (64 hexadecimal digits) of the host's certificate: when there are any, no other is accepted. They come on top of
        /// the check against the authorities.
        public var pins: [String]

        public init(
            authorityFile: String? = nil, serverName: String? = nil, certificateFile: String? = nil, keyFile: String? = nil,
            pins: [String] = []
        ) {
            self.authorityFile = authorityFile
            self.serverName = serverName
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.pins = pins
        }
    }

    public enum Security: Sendable, Hashable {
        /// TLS 1.2 or later.
        case tls(TLS)
        /// Plain TCP, to loopback addresses only.
        case plain
    }

    /// Tried in this order: primary, secondary.
    public var addresses: [Address]
    public var security: Security
    public var dialect: Dialect
    /// AES key (16, 24 or 32 bytes) of the message MAC. Without it, or when the dialect has no MAC, messages carry none and none is checked.
    public var macKey: SecretBytes?
    /// AES key (16, 24 or 32 bytes) under which the host sends new MAC keys; without one the MAC key is never changed.
    public var keyProtection: SecretBytes?
    public var merchant: MerchantIdentity
    public var pointOfService: PointOfServiceTerminal
    public var timing: HostLinkTiming

    public init(
        addresses: [Address], security: Security, dialect: Dialect, macKey: SecretBytes?, keyProtection: SecretBytes? = nil,
        merchant: MerchantIdentity, pointOfService: PointOfServiceTerminal = PointOfServiceTerminal(),
        timing: HostLinkTiming = HostLinkTiming()
    ) {
        self.addresses = addresses
        self.security = security
        self.dialect = dialect
        self.macKey = macKey
        self.keyProtection = keyProtection
        self.merchant = merchant
        self.pointOfService = pointOfService
        self.timing = timing
    }
}

/// Limits and intervals of the link (host-protocol, "Link"). Tests shorten them.
public struct HostLinkTiming: Sendable, Hashable {
    /// How long a transaction waits for a connection. One attempt at one address has an equal share of it.
    public var connectWait: Duration = .seconds(5)
    /// From the connection to the answer of the sign-on.
    public var signOnLimit: Duration = .seconds(5)
    /// Silence after which an echo is sent.
    public var echoInterval: Duration = .seconds(60)
    public var echoLimit: Duration = .seconds(10)
    public var signOffLimit: Duration = .seconds(2)
    /// How long the link stays with the secondary before it tries the primary again, when nothing is in flight.
    public var failBackInterval: Duration = .seconds(300)
    public var keyChangeLimit: Duration = .seconds(10)
    /// From one change of the MAC key to the next.
    public var keyChangeInterval: Duration = .seconds(86_400)
    /// After one that failed.
    public var keyChangeRetry: Duration = .seconds(3600)
    public var shortestBackoff: Duration = .milliseconds(500)
    public var longestBackoff: Duration = .seconds(60)

    public init() {}
}

/// What the terminal is, for field 22.
public struct PointOfServiceTerminal: Sendable, Hashable {
    public var readsChips: Bool
    public var readsStripes: Bool
    public var hasPINPad: Bool
    /// Digits of the longest PIN that the PIN pad takes, 4…12.
    public var longestPIN: Int
    /// A clerk stands by.
    public var isAttended: Bool
    public var hasPrinter: Bool
    public var hasDisplay: Bool

    public init(
        readsChips: Bool = true, readsStripes: Bool = false, hasPINPad: Bool = false, longestPIN: Int = 12, isAttended: Bool = true,
        hasPrinter: Bool = false, hasDisplay: Bool = false
    ) {
        self.readsChips = readsChips
        self.readsStripes = readsStripes
        self.hasPINPad = hasPINPad
        self.longestPIN = longestPIN
        self.isAttended = isAttended
        self.hasPrinter = hasPrinter
        self.hasDisplay = hasDisplay
    }
}
