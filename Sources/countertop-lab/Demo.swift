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
    @Option(help: "Port of the terminal's cardholder display page; no page if left out.") var displayPort: Int?
    @Option(help: "An outside host (HOST:PORT) instead of the simulator.") var host: Endpoint?
    @Flag(help: "Talk to the outside host without TLS (loopback only).") var hostPlain = false
    @Option(help: "PEM file of the authority of the outside host's certificate.") var hostCa: String?
    @Option(help: "Present this card whenever the terminal asks.") var card: String?
    @Flag(help: "Have the host change the MAC key after each start of the terminal.") var keyChange = false
    @Flag(help: "Make one sale, print it, end with 0 when it was approved.") var once = false
    @Flag(help: "Make one sale, print it, stay up.") var sale = false

    func run() async throws {
        let logger = makeLogger("countertop-lab")
        var options = StoreOptions(dataDirectory: try data.map(Self.absolute) ?? TemporaryFolder.make())
        options.posPort = posPort
        options.tlsPort = tlsPort
        options.hostPort = hostPort
        options.consolePort = consolePort
        options.displayPort = displayPort
        options.outsideHost = host
        options.outsideHostIsPlain = hostPlain
        options.outsideHostAuthority = hostCa.map(Self.absolute)
        options.changesKey = keyChange
        options.automaticCard = card ?? (once || sale ? "visa-credit" : nil)
        let store = try Store(options, logger: logger)
        let approved: Bool
        do { approved = try await show(store) } catch {
            await store.close()
            throw error
        }
        await store.close()
        if once, !approved { throw ExitCode.failure }
    }

    /// Opens the store, sells if asked to, and waits for the end; whether the sale was approved.
    private func show(_ store: Store) async throws -> Bool {
        let ready = try await store.open()
        say(ready.text)
        var approved = false
        if once || sale {
            let pos = await store.posPort
            approved = try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await DemonstrationSale.run(port: pos, amount: 1250, on: MultiThreadedEventLoopGroup.singleton, print: say)
                }
                group.addTask {
                    await TerminationSignals.wait()
                    return false
                }
                defer { group.cancelAll() }
                return try await group.next() ?? false
            }
            guard !once else { return approved }
            say("\nThe console is \(ready["console"]?.string ?? ""); a POS connects to \(ready["pos"]?.string ?? ""). Ctrl-C ends.")
        }
        await TerminationSignals.wait()
        return approved
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
