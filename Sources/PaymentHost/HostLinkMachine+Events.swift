import ISO8583
import Keys

extension HostLinkMachine {
    public typealias Instant = ContinuousClock.Instant
    /// Given out by whoever carries the actions out.
    public typealias ExchangeID = Int
    /// Counts connections; events of a connection that is no longer the current one are without effect.
    public typealias ConnectionID = Int

    public enum Event: Sendable {
        /// Connect and stay connected.
        case start
        case exchange(ExchangeID, HostRequest, deadline: Instant)
        /// The connection stands, TLS and pins included.
        case connected(ConnectionID)
        case received(ConnectionID, [UInt8])
        /// The connection could not be made, or ended, by whomever.
        case ended(ConnectionID, reason: String)
        /// Not one byte of this exchange's message was handed to the connection.
        case refused(ConnectionID, ExchangeID)
        /// Answers `.stamp`; `nil`: no trace number could be had.
        case stamp(ConnectionID, NetworkFunction, NetworkStamp?)
        /// Answers `.storeKey`: whether the new key outlives this process.
        case keyStored(Bool)
        /// `nextWake` has come.
        case time
        /// Sign off, close, and connect no more.
        case shutdown
    }

    public enum Action: Sendable {
        case connect(ConnectionID, HostLinkConfiguration.Address)
        /// Hand this to the connection; `nil` for network messages.
        case send(ConnectionID, frame: [UInt8], ExchangeID?)
        case close(ConnectionID)
        case stamp(ConnectionID, NetworkFunction)
        /// Keep this key block: before the new MAC key is in force it must be there after a power cut.
        case storeKey(block: String)
        /// Exactly once for each exchange.
        case complete(ExchangeID, HostOutcome)
        case state(HostLinkState)
        /// Safe to log: message types, trace numbers, field numbers and reasons.
        case log(Severity, String)
        /// After `.shutdown`: nothing follows.
        case finished
    }

    public enum Severity: Sendable { case debug, notice, warning }

    enum Phase: Sendable {
        /// Not started, or ended.
        case idle
        /// Between attempts.
        case backingOff(until: Instant)
        case connecting(ConnectionID, until: Instant)
        case signingOn(ConnectionID, until: Instant)
        case up(ConnectionID, since: Instant)
        case signingOff(ConnectionID, until: Instant)

        var connection: ConnectionID? {
            switch self {
            case .idle, .backingOff: nil
            case .connecting(let connection, _), .signingOn(let connection, _), .up(let connection, _), .signingOff(let connection, _):
                connection
            }
        }

        var state: HostLinkState {
            switch self {
            case .up: .connected
            case .connecting, .signingOn: .connecting
            case .idle, .backingOff, .signingOff: .down
            }
        }
    }

    /// An exchange that has no connection yet.
    struct Waiting: Sendable {
        let id: ExchangeID
        let request: HostRequest
        let deadline: Instant
        /// The end of its patience for a connection.
        let until: Instant
        /// The round of attempts whose failure is its own.
        let round: Int
    }

    /// An exchange whose message was handed over.
    struct InFlight: Sendable {
        let id: ExchangeID
        let request: HostRequest
        let sent: Message
        let deadline: Instant
        /// Under which it was sent, and its answer is.
        let macKey: SecretBytes?
    }

    /// A network message of ours; one at a time.
    struct NetworkExchange: Sendable {
        let function: NetworkFunction
        /// `nil` while its trace number is being fetched.
        var key: ExchangeKey?
        var sent: Message?
        var macKey: SecretBytes?
        let since: Instant
        let until: Instant
    }
}
