import ArgumentParser
import Logging
import Service

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the terminal.",
        discussion: "Ends in order on SIGTERM or Ctrl-C. Exit code 78: the configuration is at fault; the log says where.")

    @Option(help: "The configuration file; docs/configuration.md explains every key.") var config = "/etc/countertop/countertop.yaml"
    @Flag(help: "Only check the configuration.") var check = false

    func run() async throws {
        let settings: Configuration
        do { settings = try Configuration(contentsOf: config) } catch {
            makeLogger(level: .info).critical("\(error)")
            throw ExitCode(ConfigurationError.exitCode)
        }
        if check {
            do throws(ServiceError) { try settings.checkTables() } catch {
                makeLogger(level: .info).critical("\(error)")
                throw ExitCode(ConfigurationError.exitCode)
            }
            return print("\(config): in order")
        }
        let (logger, folder) = settings.logger(label: "countertop")
        var options = TerminalService.Options()
        options.logs = folder
        let ended = Task { await TerminationSignals.wait() }
        do throws(ServiceError) {
            let service = try TerminalService(configuration: settings, options: options, logger: logger)
            _ = try await service.start()
            SystemNotification.send("READY=1\nSTATUS=listening")
            await ended.value
            SystemNotification.send("STOPPING=1")
            await service.shutdown()
        } catch {
            logger.critical("\(error)")
            throw error.code == .table ? ExitCode(ConfigurationError.exitCode) : ExitCode.failure
        }
    }
}

/// Standard output is for results; logs go to standard error.
func makeLogger(level: Logger.Level) -> Logger {
    var logger = Logger(label: "countertop") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = level
    return logger
}
