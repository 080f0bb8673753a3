import ArgumentParser
import Foundation
import Lab
import NIOPosix
import Service

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a terminal with virtual devices and a host simulator.",
        discussion: "The first line of standard output is JSON and says where everything is. Ends on Ctrl-C.")

    @Option(help: "Folder for the terminal's data, the host's ledger and logs; a new temporary one if left out.") var data: String?
    @Option(help: "WebSocket port of the terminal; 0 for any.") var posPort = 8442
    @Option(help: "TLS-only port of the terminal; 0 for any.") var tlsPort = 8443
    @Option(help: "Port of the host simulator; 0 for any.") var hostPort = 8583
    @Option(help: "Port of the console and control interface; 0 for any.") var consolePort = 8480
    @Option(help: "An outside host (HOST:PORT) instead of the simulator.") var host: Endpoint?
    @Flag(help: "Talk to the outside host without TLS (loopback only).") var hostPlain = false
    @Option(help: "PEM file of the authority of the outside host's certificate.") var hostCa: String?
    @Option(help: "Present this card whenever the terminal asks.") var card: String?
    @Flag(help: "Make one sale, print it, end with 0 when it was approved.") var once = false
    @Flag(help: "Make one sale, print it, stay up.") var sale = false

    func run() async throws {
        let logger = makeLogger("countertop-lab")
        var options = StoreOptions(dataDirectory: try data.map(Self.absolute) ?? TemporaryFolder.make())
        options.posPort = posPort
        options.tlsPort = tlsPort
        options.hostPort = hostPort
        options.consolePort = consolePort
        options.outsideHost = host
        options.outsideHostIsPlain = hostPlain
        options.outsideHostAuthority = hostCa.map(Self.absolute)
        options.automaticCard = card ?? (once || sale ? "visa-credit" : nil)
        let ended = Task { await TerminationSignals.wait() }
        let store = try Store(options, logger: logger)
        do {
            let ready = try await store.open()
            say(ready.text)
            if once || sale {
                let port =
                    ready["pos"]?.string.flatMap {
                        Int($0.drop { $0 != ":" }.dropFirst(3).drop { $0 != ":" }.dropFirst().prefix { $0 != "/" })
                    } ?? 0
                let approved = try await DemonstrationSale.run(
                    port: port, amount: 1250, on: MultiThreadedEventLoopGroup.singleton, print: say)
                if once {
                    await store.close()
                    throw approved ? ExitCode.success : ExitCode.failure
                }
                say("\nThe console is \(ready["console"]?.string ?? ""); a POS connects to \(ready["pos"]?.string ?? ""). Ctrl-C ends.")
            }
            await ended.value
        } catch let error where !(error is ExitCode) {
            await store.close()
            throw error
        }
        await store.close()
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}

/// Whole lines, at once: whoever reads may be a program.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

extension Endpoint: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
