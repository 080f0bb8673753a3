import ArgumentParser
import Service

/// The production program.
@main
struct Countertop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "countertop",
        abstract: "A payment terminal on a Linux machine with USB card readers.",
        subcommands: [Serve.self, DevicesCommand.self, EMVCommand.self, JournalCommand.self, Version.self])
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    func run() { print("countertop \(Product.version)") }
}
