import Glibc
import ISO8583
import JSON
import Keys
import Logging
import NIOPosix
import Service

/// `countertop-lab host`: the simulator with its part of the control interface.
public final class StandaloneHost: Sendable {
    public struct Options: Sendable {
        public var port: Int
        public var dialect: String
        public var ledger: String?
        public var controlPort: Int
        public var isPlain: Bool
        public var tlsFolder: String?

        public init(port: Int, dialect: String, ledger: String?, controlPort: Int, isPlain: Bool, tlsFolder: String?) {
            self.port = port
            self.dialect = dialect
            self.ledger = ledger
            self.controlPort = controlPort
            self.isPlain = isPlain
            self.tlsFolder = tlsFolder
        }
    }

    private let simulator: HostSimulator
    private let control: LoopbackServer
    /// One line of JSON: where it listens and which authority to trust.
    public let readyLine: String

    private init(simulator: HostSimulator, control: LoopbackServer, readyLine: String) {
        self.simulator = simulator
        self.control = control
        self.readyLine = readyLine
    }

    public static func start(_ options: Options, logger: Logger) async throws -> StandaloneHost {
        let group = MultiThreadedEventLoopGroup.singleton
        var authorityFile: String?
        var transport = HostTransport.plain
        if !options.isPlain {
            let folder = try options.tlsFolder ?? TemporaryFolder.make()
            let now = Int64(time(nil))
            let authority = try SiteCertificateAuthority.open(directory: folder, now: now)
            let names = try CertificateNames(hosts: ["localhost"], addresses: ["127.0.0.1"])
            transport = .tls(try authority.serverCertificate(directory: folder, names: names, now: now))
            authorityFile = folder + "/ca.pem"
        }
        var configuration = HostSimulator.Configuration(dialect: try Dialect.named(options.dialect), transport: transport)
        configuration.port = options.port
        configuration.ledgerPath = options.ledger
        let simulator = try HostSimulator(configuration, on: group, logger: logger)
        let port = try await simulator.start()
        let control = try await LoopbackServer.start(port: options.controlPort, on: group) { await answer($0, simulator) }
        let ready: JSONValue = [
            "ready": true, "host": .string("127.0.0.1:\(port)"), "ca": authorityFile.map(JSONValue.string) ?? .null,
            "control": .string("http://127.0.0.1:\(control.port)/"),
        ]
        return StandaloneHost(simulator: simulator, control: control, readyLine: ready.text)
    }

    public func stop() async {
        await control.close()
        await simulator.stop()
    }

    private static func answer(_ request: LoopbackRequest, _ simulator: HostSimulator) async -> LoopbackResponse {
        do {
            switch (request.method, request.path) {
            case ("GET", "/lab/host/ledger"): return LoopbackResponse(contentType: "application/json", body: simulator.ledger.json.bytes)
            case ("GET", "/lab/host"): return LoopbackResponse(contentType: "application/json", body: simulator.state.bytes)
            case ("POST", "/lab/host"):
                try await simulator.apply(try HostControl.change(try JSONValue(parsing: request.body)))
                return LoopbackResponse(contentType: "application/json", body: JSONValue(dictionaryLiteral: ("ok", true)).bytes)
            default: throw LabError(.notFound, "There is no \(request.method) \(request.path).")
            }
        } catch {
            let status = (error as? LabError)?.code == .notFound ? 404 : 400
            let message = (error as? LabError)?.message ?? "\(error)"
            return LoopbackResponse(
                status: status, contentType: "application/json", body: JSONValue(dictionaryLiteral: ("error", .string(message))).bytes)
        }
    }
}
