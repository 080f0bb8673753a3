import FoundationEssentials
import ISO8583
import JSON
import Keys
import Logging
import NIOCore

/// An acquirer's host to rehearse with: speaks a dialect over TLS, keeps books that survive it, decides by rules, and goes wrong on demand
/// (`host-protocol`, "The host simulator").
public final class HostSimulator: Sendable {
    public struct Configuration: Sendable {
        public var dialect: Dialect
        public var host = "127.0.0.1"
        /// 0 takes any free one.
        public var port = 8583
        public var transport: HostTransport
        /// Where the books are kept; `nil` for memory only.
        public var ledgerPath: String?
        /// Whether each line waits for the disk.
        public var isSynchronised = false
        /// The issuer of the lab's cards; without one, cryptograms are neither checked nor answered.
        public var issuer: IssuerCryptography? = IssuerCryptography()
        public var macKey = LabKeys.hostMAC
        /// What online PINs are checked against.
        public var pins = (try? CardProfiles.load()).map { HostPINs($0) }
        /// See `HostLedger`.
        public var approvalCodeSeed = Int.random(in: 0..<900_000)
        /// RFC 3339, UTC: what stands in the books.
        public var now: @Sendable () -> String = {
            Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        }

        public init(dialect: Dialect, transport: HostTransport) {
            self.dialect = dialect
            self.transport = transport
        }
    }

    private let desk: HostDesk
    private let listener: HostListener
    private let dialect: Dialect

    /// Reads the ledger that is there. Listens from `start` on.
    public init(_ configuration: Configuration, on group: any EventLoopGroup, logger: Logger) throws(LabError) {
        if case .plain = configuration.transport, !["127.0.0.1", "::1", "localhost"].contains(configuration.host) {
            throw LabError(.hostListen, "Plain TCP is for loopback only; \(configuration.host) needs TLS.")
        }
        var ledger = HostLedger(approvalCodeSeed: configuration.approvalCodeSeed)
        var file: HostLedgerFile?
        if let path = configuration.ledgerPath {
            let opened = try HostLedgerFile(path: path, synchronised: configuration.isSynchronised)
            for entry in try opened.entries() { ledger.record(entry) }
            file = opened
        }
        let keysPath = configuration.ledgerPath.map { $0 + ".keys" }
        let machine = HostMachine(
            dialect: configuration.dialect, ledger: ledger, issuer: configuration.issuer,
            keys: try Self.keys(keysPath) ?? HostMACKeys(configuration.macKey), pins: configuration.pins)
        dialect = configuration.dialect
        desk = HostDesk(machine: machine, file: file, keysPath: keysPath, now: configuration.now, logger: logger)
        do {
            listener = HostListener(
                host: configuration.host, port: configuration.port, context: try configuration.transport.context(),
                header: configuration.dialect.header, desk: desk, group: group)
        } catch {
            throw LabError(.hostListen, "The TLS material of the host simulator cannot be used: \(error)")
        }
    }

    /// Listens, and says on which port.
    @discardableResult
    public func start() async throws(LabError) -> Int { try await listener.start() }

    /// Closes listener and connections. The books stay readable.
    public func stop() async { await listener.stop() }

    /// Done when it returns: the next message meets it, and with `refuse` nobody is connected any more.
    public func apply(_ change: HostChange) async throws(LabError) {
        desk.apply(change)
        guard let mode = change.mode else { return }
        if mode == .refuse {
            await listener.refuse()
        } else {
            try await listener.admit()
        }
    }

    public var ledger: HostLedger { desk.ledger }
    public var faults: HostFaults { desk.faults }
    /// `host` of `GET /lab/state`.
    public var state: JSONValue { HostControl.state(desk.faults, desk.keys, dialect) }

    /// What a change of the MAC key has left beside the ledger.
    private static func keys(_ path: String?) throws(LabError) -> HostMACKeys? {
        guard let path else { return nil }
        do {
            guard let lines = try PrivateFile.read(path) else { return nil }
            guard let keys = HostMACKeys(lines: lines) else { throw LabError(.badFile, "\(path) does not hold the terminal's MAC keys.") }
            return keys
        } catch let error as LabError { throw error } catch { throw LabError(.badFile, "\(error)") }
    }
}
