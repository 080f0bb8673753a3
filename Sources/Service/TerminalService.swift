import Devices
import EMV
import Glibc
import ISO8583
import Keys
import Logging
import Money
import PaymentHost
import Synchronization
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
        /// Where the logger writes; kept for NUMLOGDAYS.
        public var logs: LogFolder?
        public var pointReached: @Sendable (TransactionPoint) -> Void = { _ in }
        /// Ends the process; called when a journal commit failed (pos-protocol, section 5).
        public var exit: @Sendable (Int32) -> Void = { code in Glibc.exit(code) }

        /// Ends the process in order, to be started again by whoever watches over it (`Restart`).
        public var restart: @Sendable () -> Void = { kill(getpid(), SIGTERM) }

        public init() {}
    }

    private let buses: [any USBBus]
    private let registry: DeviceRegistry
    private let link: HostLink
    private let engine: TerminalEngine
    private let server: POSServer
    private let registryTask: Task<Void, Never>
    /// The cardholder display page and the port it was asked to be on.
    private let page: (display: CardholderPage, port: Int)?
    private let watches: [Task<Void, Never>]
    private let logger: Logger
    private let journalCheck: JournalCheck

    /// Makes what is missing in the data folder: site key, certificates. Nothing listens yet.
    public init(configuration: Configuration, options: Options = Options(), logger: Logger) throws(ServiceError) {
        self.logger = logger
        let assembly = Assembly(
            configuration: configuration, files: try TerminalFiles(directory: configuration.dataDirectory), logger: logger)
        let buses = options.buses + [assembly.systemBus()].compactMap { $0 as (any USBBus)? }
        let registry = DeviceRegistry(
            buses: buses, roles: configuration.devices,
            drivers: DeviceRegistry.standardDrivers(negotiatesRates: configuration.negotiatesRates), logger: logger.labelled("devices"))
        let parts = LateParts()
        link = try assembly.hostLink { () throws in try await parts.engine().nextSTAN() }
        let parameters = try assembly.parameters()
        if let logs = options.logs { logs.keep { Int(parameters.number("NUMLOGDAYS")) } }
        let events = TerminalEvents()
        page = configuration.displayPort.map { (CardholderPage(language: configuration.merchant.language), $0) }
        let display = page.map { DisplayPair(options.display, $0.display) as any CardholderDisplay } ?? options.display
        engine = try assembly.engine(
            registry: registry, link: link, display: display, parameters: parameters, events: events, point: options.pointReached
        ) { error in
            logger.critical("The journal failed; the process ends: \(error)")
            // Nothing more is told, connections close 1011, and the next start decides (pos-protocol, section 5).
            Task {
                await parts.server()?.shutdown(.journalFailed)
                options.exit(1)
            }
            // Whatever a connection does: a process that may tell nothing more must not stay.
            Task {
                try await Task.sleep(for: .seconds(5))
                options.exit(1)
            }
        }
        let current = CurrentPrinter()
        let stripes = StripeCardSource()
        let certificates = ServerCertificates(assembly) { material throws(POSServerError) in try await parts.server()?.replaceTLS(material)
        }
        let operations = assembly.operations(
            engine: engine, display: display, parameters: parameters, events: events, printer: { current.printer }, cards: stripes,
            certificates: certificates,
            diagnosis: Diagnosis(registry: registry, link: link, engine: engine, configuration: configuration), restart: options.restart)
        server = try assembly.server(terminal: engine, operations: operations, link: link)
        parts.set(engine: engine, server: server)
        journalCheck = JournalCheck(path: configuration.dataDirectory + "/journal.sqlite", logger: logger.labelled("journal"))
        self.buses = buses
        self.registry = registry
        registryTask = Task { await registry.run() }
        let link = link
        watches = [
            Task { for await printer in registry.printers() { current.set(printer) } },
            Task { for await reader in registry.stripeReaders() { stripes.set(reader) } },
            Task { for await change in registry.changes() { events.tell(.device(.init(change.device))) } },
            Task { for await state in link.states() { events.tell(.host(state)) } },
        ]
    }

    /// Opens the journal, connects to the host, listens.
    public func start() async throws(ServiceError) -> POSServer.Ports {
        do {
            if let page {
                let port = try await page.display.open(port: page.port)
                logger.notice("cardholder display", metadata: ["page": "http://127.0.0.1:\(port)/"])
            }
            await engine.start()
            journalCheck.begin()
            link.start()
            let ports = try await server.start()
            // The link's first messages are out by then; a sale that comes meanwhile only maps its pages again.
            Task {
                try await Task.sleep(for: .seconds(1))
                StartupPages.release()
            }
            logger.notice("listening", metadata: ["port": "\(ports.port ?? 0)", "tlsPort": "\(ports.tlsPort ?? 0)"])
            return ports
        } catch {
            throw ServiceError(.listen, "The terminal could not start: \(error)")
        }
    }

    /// Closes in order: connections with 1001, the running transaction by its rules, the host link with a sign-off, devices, journal.
    public func shutdown() async {
        for watch in watches { watch.cancel() }
        await server.shutdown(.restart, announcing: .maintenance("The terminal restarts."))
        await engine.shutdown()
        await link.shutdown()
        await page?.display.close()
        registryTask.cancel()
        await registryTask.value
        for bus in buses { await bus.close() }
    }
}

/// Engine and server need each other and the link needs the engine: what is made later is found here.
private final class LateParts: Sendable {
    private let parts = Mutex<(engine: TerminalEngine, server: POSServer)?>(nil)

    func set(engine: TerminalEngine, server: POSServer) { parts.withLock { $0 = (engine, server) } }
    func server() -> POSServer? { parts.withLock { $0?.server } }
    func engine() throws(ServiceError) -> TerminalEngine {
        guard let engine = parts.withLock({ $0?.engine }) else { throw ServiceError(.journal, "The terminal is not put together yet.") }
        return engine
    }
}

/// The printer in service now.
private final class CurrentPrinter: Sendable {
    private let current = Mutex<(any Printer)?>(nil)

    var printer: (any Printer)? { current.withLock { $0 } }
    func set(_ printer: (any Printer)?) { current.withLock { $0 = printer } }
}

/// A terminal without a display: prompts reach the cardholder through the cashier.
public struct NoDisplay: CardholderDisplay {
    public init() {}
    public func show(_ message: DisplayMessage) async {}
}
