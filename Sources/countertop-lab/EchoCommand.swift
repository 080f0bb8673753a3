import ArgumentParser
import Service
import TerminalAPI

struct EchoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "The terminal's WebSocket stack as an echo server, for conformance suites.")

    @Option(help: "Port on loopback; 0 for any.") var port = 9001

    func run() async throws {
        let ended = Task { await TerminationSignals.wait() }
        let server = try await EchoServer(port: port)
        say("echo ws://127.0.0.1:\(server.port)/")
        await ended.value
        await server.shutdown()
    }
}
