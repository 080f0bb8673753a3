import ArgumentParser
import Glibc
import Lab
import Logging
import Service

struct TerminalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terminal", abstract: "Runs the terminal as its own process, with the lab's devices on one more bus.")

    @Option(help: "The terminal's configuration file.") var config: String
    @Option(help: "Unix socket on which `demo` or `devices` serves the devices.") var bus: String

    func run() async throws {
        do {
            let configuration = try Configuration(contentsOf: config)
            try await LabTerminal.run(
                configuration: configuration, bus: bus, log: configuration.logger(label: "terminal"))
        } catch let error as ConfigurationError {
            makeLogger("terminal").critical("\(error)")
            throw ExitCode(ConfigurationError.exitCode)
        }
    }
}
