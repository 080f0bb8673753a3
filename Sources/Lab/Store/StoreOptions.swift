import Service

/// How `countertop-lab demo` sets its store up. Ports of 0 are chosen freely.
public struct StoreOptions: Sendable {
    /// Everything the store writes; made when missing.
    public var dataDirectory: String
    public var posPort = 8442
    public var tlsPort = 8443
    public var hostPort = 8583
    public var consolePort = 8480
    /// Of the terminal's cardholder display page; `nil` for none.
    public var displayPort: Int?
    /// An outside host instead of the simulator.
    public var outsideHost: Endpoint?
    public var outsideHostIsPlain = false
    /// PEM of the authority of an outside host's certificate; the system's authorities otherwise.
    public var outsideHostAuthority: String?
    /// The terminal has the host change its MAC key after each start.
    public var changesKey = false
    /// The card that is presented whenever the terminal asks.
    public var automaticCard: String?

    public init(dataDirectory: String) { self.dataDirectory = dataDirectory }
}
