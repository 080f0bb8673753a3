import ArgumentParser
import Logging
import Service

/// The rehearsal program: everything that must never ship on a production terminal.
@main
struct CountertopLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "countertop-lab",
        abstract: "A whole store on one machine: virtual readers, cards and host for Countertop.",
        version: Product.version,
        subcommands: [
            Demo.self, TerminalCommand.self, HostCommand.self, DevicesCommand.self, CardsCommand.self, CampaignCommand.self,
            CertifyCommand.self, EchoCommand.self,
        ])
}

/// Standard output is for results; logs go to standard error.
func makeLogger(_ label: String, level: Logger.Level = .notice) -> Logger {
    var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = level
    return logger
}
