import ArgumentParser
import Foundation
import JSON
import Lab
import Service

struct CertifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certify", abstract: "Plays the terminal to a point of sale and judges it.",
        discussion: """
            Point the POS at the address, let it sell until everything was played, and report what it told its cashier of each sale with \
            POST /certify/outcome on the control port. Ends with 0 when every point passed, 1 when one failed, 2 when one was not seen. \
            See docs/certify.md.
            """)

    @Option(help: "Address and port for the POS, plain and TLS; port 0 for any.") var listen = "127.0.0.1:8442"
    @Option(help: "Port on loopback for reports of outcomes; 0 for any.") var controlPort = 8481
    @Option(help: "Write the report as JSON to this file.") var json: String?
    @Option(help: "How long one unit of the pauses is, in milliseconds; shorter for automatic tests.") var unit = 1000
    @Option(help: "Seconds without a message after which the POS has left.") var patience = 180
    @Option(help: "Folder of the TLS authority and certificate; a new temporary one if left out.") var tls: String?

    /// Unlike an endpoint to connect to, the port may be 0.
    private var address: (host: String, port: Int)? {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]), (0...65535).contains(port)
        else {
            return nil
        }
        return (String(listen[..<colon]), port)
    }

    func validate() throws {
        guard address != nil else { throw ValidationError("--listen is ADDRESS:PORT.") }
        guard (1...60_000).contains(unit), (1...86_400).contains(patience) else {
            throw ValidationError("--unit is 1 to 60000, --patience 1 to 86400.")
        }
    }

    func run() async throws {
        guard let address else { return }
        let server = try await CertificationServer.start(
            address: address.host, port: address.port, controlPort: controlPort, tlsFolder: try tls ?? TemporaryFolder.make())
        let ready: JSONValue = [
            "ready": true, "pos": .string("ws://\(address.host):\(server.port)/"),
            "posTLS": .string("wss://\(address.host):\(server.port)/"),
            "ca": .string(server.authorityFile), "control": .string("http://127.0.0.1:\(server.controlPort)/"),
        ]
        say(ready.text)
        let signals = Task {
            await TerminationSignals.wait()
            server.end()
        }
        var certification = Certification()
        certification.unit = .milliseconds(unit)
        certification.patience = .seconds(patience)
        let report = await server.run(certification) { line in FileHandle.standardError.write(Data((line + "\n").utf8)) }
        signals.cancel()
        say(report.text)
        if let json { try Data(report.json.prettyText.utf8).write(to: URL(filePath: json)) }
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }
}
