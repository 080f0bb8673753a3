import Devices
import ISO8583
import JSON
import Keys
import Logging
import NIOCore
import NIOPosix
import Service
import USB

/// A whole store on one machine: the terminal as a child process, its virtual devices, the cardholder, the host, and the control interface that
/// moves them.
public actor Store {
    struct Ready {
        var port: Int
        var tlsPort: Int
    }

    let options: StoreOptions
    let files: StoreFiles
    let logger: Logger
    let group: any EventLoopGroup
    /// The devices, as they are plugged in …
    let bus = MemoryBus()
    /// … and as the terminal process sees them.
    let socket: SocketBusServer
    let socketPath: String
    let devices = StoreDevices()
    private let busFolder: String

    var host: HostSimulator?
    private var hostPort = 0
    private var control: LoopbackServer?
    private var consolePort = 0

    var process: TerminalProcess?
    private var ports: Ready?
    private var readyWaiters: [CheckedContinuation<Ready?, Never>] = []
    private var armWaiters: [CheckedContinuation<Bool, Never>] = []
    /// Stays armed over restarts until it is reached.
    var armedPoint: String?

    var display = DisplayMessage(.welcome, text: "")
    var automaticCard: String?
    var insertedCard: String?
    var plugged: Set<StoreDeviceName> = []
    /// Pressed on the PIN pad after the display asked for a PIN and before the reader did.
    var earlyKeys: [PINPadKey] = []
    var cards: [String: any VirtualCard] = [:]

    public init(_ options: StoreOptions, logger: Logger, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) throws {
        self.options = options
        self.logger = logger
        self.group = group
        files = try StoreFiles(directory: options.dataDirectory)
        busFolder = try TemporaryFolder.make()
        socketPath = busFolder + "/bus"
        socket = try SocketBusServer(serving: bus, at: socketPath, logger: logger)
        automaticCard = options.automaticCard
    }

    /// Opens everything; returns when the terminal listens, with the line that `demo` prints first.
    public func open() async throws -> JSONValue {
        if let automaticCard { _ = try card(named: automaticCard) }
        for name in StoreDeviceName.onCounter { try plug(name) }
        devices.chip.onPINEntry { [weak self] in Task { await self?.pinIsAsked() } }
        let side = socket.sideMessages()
        Task { [weak self] in
            for await bytes in side { await self?.received(bytes) }
        }
        try await openHost()
        let control = try await LoopbackServer.start(port: options.consolePort, on: group) { [weak self] request in
            await self?.answer(request) ?? LoopbackResponse(status: 503, contentType: "text/plain", body: [])
        }
        self.control = control
        consolePort = control.port
        try writeConfiguration(posPort: options.posPort, tlsPort: options.tlsPort)
        let ready = try await startTerminal()
        // From now on the terminal comes back on the same ports.
        try writeConfiguration(posPort: ready.port, tlsPort: ready.tlsPort)
        return [
            "ready": true, "pos": .string(posAddress), "posTLS": .string(posTLSAddress),
            "ca": .string(files.authority), "console": .string("http://127.0.0.1:\(consolePort)/"), "host": .string(hostAddress),
            "data": .string(files.directory), "terminalPID": .integer(Int64(process?.pid ?? 0)),
        ]
    }

    /// Ends the terminal in order, then everything else.
    public func close() async {
        isClosing = true
        await process?.terminate()
        await control?.close()
        await host?.stop()
        await socket.close()
        await bus.close()
        TemporaryFolder.remove(busFolder)
    }

    // MARK: Host

    private func openHost() async throws {
        guard options.outsideHost == nil else { return }
        let now = Int64(time(nil))
        let authority = try SiteCertificateAuthority.open(directory: files.hostTLS, now: now)
        let certificate = try authority.serverCertificate(
            directory: files.hostTLS, names: try CertificateNames(hosts: ["localhost"], addresses: ["127.0.0.1"]), now: now)
        var configuration = HostSimulator.Configuration(dialect: try Dialect.named("iso8583-1993"), transport: .tls(certificate))
        configuration.port = options.hostPort
        configuration.ledgerPath = files.ledger
        let host = try HostSimulator(configuration, on: group, logger: logger)
        hostPort = try await host.start()
        self.host = host
    }

    /// The plain WebSocket port of the terminal.
    public var posPort: Int { ports?.port ?? 0 }

    var posAddress: String { "ws://127.0.0.1:\(ports?.port ?? 0)/" }
    var posTLSAddress: String { "wss://127.0.0.1:\(ports?.tlsPort ?? 0)/" }

    private var hostAddress: String { options.outsideHost?.description ?? "127.0.0.1:\(hostPort)" }

    private func writeConfiguration(posPort: Int, tlsPort: Int) throws(LabError) {
        try files.writeConfiguration(
            .init(
                posPort: posPort, tlsPort: tlsPort, consolePort: consolePort, displayPort: options.displayPort, host: hostAddress,
                hostAuthority: options.outsideHost == nil ? files.hostAuthority : options.outsideHostAuthority,
                hostIsPlain: options.outsideHost != nil && options.outsideHostIsPlain, changesKey: options.changesKey))
    }

    // MARK: Terminal

    /// Starts the child and waits until it listens.
    func startTerminal() async throws(LabError) -> Ready {
        guard process == nil else { throw LabError(.badRequest, "The terminal is running.") }
        let started = try TerminalProcess.start(
            arguments: ["terminal", "--config", files.configuration, "--bus", socketPath], log: files.terminalLog)
        process = started
        Task { [weak self] in
            let status = await started.exitStatus
            await self?.ended(started, status)
        }
        let ready = await withCheckedContinuation { readyWaiters.append($0) }
        guard let ready else {
            throw LabError(.terminalNotReady, "The terminal ended before it was ready; its log is \(files.terminalLog).")
        }
        return ready
    }

    private func ended(_ process: TerminalProcess, _ status: Int32) {
        guard self.process === process else { return }
        self.process = nil
        // Killed while a point was armed, and not by us: the point was reached.
        if status & 0x7F == SIGKILL, !isKilling { armedPoint = nil }
        isKilling = false
        resumeWaiters(with: nil)
        // A terminal that ends in order by itself was asked to restart: whoever watches over it, here the lab, starts it again.
        if status == 0, !isClosing { Task { try? await startTerminal() } }
    }

    private var isKilling = false
    private var isClosing = false

    func killTerminal() async {
        guard let process else { return }
        isKilling = true
        await process.kill()
        ended(process, SIGKILL)
    }

    /// Returns when the terminal has armed the point.
    func arm(_ point: String) async throws(LabError) {
        guard process != nil else { throw LabError(.badRequest, "The terminal is not running.") }
        armedPoint = point
        socket.sendSide(LabMessage.arm(point).bytes)
        let armed = await withCheckedContinuation { armWaiters.append($0) }
        guard armed else { throw LabError(.badRequest, "The terminal ended before it armed the point.") }
    }

    func press(_ button: String) { answer(CardholderAnswer(.pressed(button), screen: display.screen)) }

    /// The cardholder answers at the display.
    func answer(_ answer: CardholderAnswer) { socket.sendSide(LabMessage.answer(answer).bytes) }

    private func received(_ bytes: [UInt8]) async {
        guard let message = LabMessage(bytes) else { return logger.warning("side message not understood") }
        switch message {
        case .ready(let port, let tlsPort):
            ports = Ready(port: port, tlsPort: tlsPort)
            if let armedPoint { socket.sendSide(LabMessage.arm(armedPoint).bytes) } else { resumeWaiters(with: ports) }
        case .armed:
            for waiter in armWaiters { waiter.resume(returning: true) }
            armWaiters = []
            resumeWaiters(with: ports)
        case .display(let shown):
            display = shown
            followAutomatically(shown)
        case .arm, .answer: logger.warning("side message for the other side")
        }
    }

    private func resumeWaiters(with ready: Ready?) {
        for waiter in readyWaiters { waiter.resume(returning: ready) }
        readyWaiters = []
        guard ready == nil else { return }
        for waiter in armWaiters { waiter.resume(returning: false) }
        armWaiters = []
    }
}
