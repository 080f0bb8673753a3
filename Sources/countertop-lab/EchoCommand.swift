import ArgumentParser
import Lab
import Service
import TerminalAPI

struct EchoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "The terminal's POS port as an echo server, for conformance suites.")

    @Option(help: "Port on loopback; 0 for any.") var port = 9001
    @Option(help: "Folder of an authority (ca.pem) and a certificate, made when missing; then wss:// works on the port too.") var tls:
        String?

    func run() async throws {
        let ended = Task { await TerminationSignals.wait() }
        let server = try await EchoServer(port: port, tls: try tls.map { try LabCertificates.tls(in: $0) })
        say("echo ws://127.0.0.1:\(server.port)/")
        await ended.value
        await server.shutdown()
    }
}
