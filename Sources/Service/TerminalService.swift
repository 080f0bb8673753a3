import Devices
import EMV
import Glibc
import ISO8583
import Keys
import Logging
import Money
import PaymentHost
import Terminal
import TerminalAPI
import USB

/// One terminal, put together from its configuration: buses, registry, host link, journal, engine, POS server. What `countertop serve` runs,
/// and `countertop-lab terminal` with one more bus.
public final class TerminalService: Sendable {
    public struct Options: Sendable {
        /// Buses besides the system's own USB.
        public var buses: [any USBBus] = []
        public var display: any CardholderDisplay = NoDisplay()
        public var pointReached: @Sendable (TransactionPoint) -> Void = { _ in }
        /// Ends the process; called when a journal commit failed (pos-protocol, section 5).
        public var exit: @Sendable (Int32) -> Void = { code in Glibc.exit(code) }

        public init() {}
    }

    private let buses: [any USBBus]
    private let registry: DeviceRegistry
    private let link: HostLink
    private let engine: TerminalEngine
    private let server: POSServer
    private let registryTask: Task<Void, Never>
    private let logger: Logger

    /// Makes what is missing in the data folder: site key, certificates, journal.
    public init(configuration: Configuration, options: Options = Options(), logger: Logger) async throws(ServiceError) {
        self.logger = logger
        let files = try TerminalFiles(directory: configuration.dataDirectory)
        let assembly = Assembly(configuration: configuration, files: files, logger: logger)
        buses = options.buses + [try assembly.systemBus()].compactMap { $0 }
        registry = DeviceRegistry(buses: buses, roles: assembly.roles, logger: logger.labelled("devices"))
        link = try assembly.hostLink()
        let serverBox = ServerBox()
        engine = try assembly.engine(registry: registry, link: link, options: options) { error in
            logger.critical("journal failed, the process ends: \(error)")
            Task {
                await serverBox.server?.shutdown(.journalFailed)
                options.exit(1)
            }
        }
        server = try assembly.server(terminal: engine)
        serverBox.set(server)
        let registry = registry
        registryTask = Task { await registry.run() }
    }

    /// Opens the journal, connects to the host, listens.
    public func start() async throws(ServiceError) -> POSServer.Ports {
        do {
            try await engine.start()
            await link.start()
            let ports = try await server.start()
            logger.notice("listening", metadata: ["port": "\(ports.port ?? 0)", "tlsPort": "\(ports.tlsPort ?? 0)"])
            return ports
        } catch {
            throw ServiceError(.listen, "The terminal could not start: \(error)")
        }
    }

    /// Closes in order: connections with 1001, the running transaction by its rules, the host link with a sign-off, devices, journal.
    public func shutdown() async {
        await server.shutdown(.restart)
        await engine.shutdown()
        await link.shutdown()
        registryTask.cancel()
        await registryTask.value
        for bus in buses { await bus.close() }
    }
}

/// A terminal without a display: prompts reach the cardholder through the cashier.
public struct NoDisplay: CardholderDisplay {
    public init() {}
    public func show(_ message: DisplayMessage) async {}
}
