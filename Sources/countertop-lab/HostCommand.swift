import ArgumentParser
import Lab
import Service

struct HostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Runs the host simulator by itself, with /lab/host and /lab/host/ledger on its control port.")

    @Option(help: "Port; 0 for any.") var port = 8583
    @Option(help: "Name of a built-in dialect, or a dialect file.") var dialect = "iso8583-1993"
    @Option(help: "File of the ledger; in memory if left out.") var ledger: String?
    @Option(help: "Port of the control interface; 0 for any.") var controlPort = 8481
    @Flag(help: "Without TLS.") var plain = false
    @Option(help: "Folder of the TLS authority and certificate; a new temporary one if left out.") var tls: String?

    func run() async throws {
        let ended = Task { await TerminationSignals.wait() }
        let host = try await StandaloneHost.start(
            .init(port: port, dialect: dialect, ledger: ledger, controlPort: controlPort, isPlain: plain, tlsFolder: tls),
            logger: makeLogger("host"))
        say(host.readyLine)
        await ended.value
        await host.stop()
    }
}
