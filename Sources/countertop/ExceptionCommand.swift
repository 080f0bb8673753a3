import ArgumentParser
import Service

/// Makes entries of the exception file, so that no card number need ever be in it.
struct ExceptionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exception", abstract: "Makes an entry of the exception file of each card number on standard input.",
        discussion: "Only the terminal with this configuration's site key knows the cards by them. Exit code 65: a line is no card number.")

    @Option(help: "The terminal's configuration file.") var config: String

    func run() throws {
        let configuration: Configuration
        do { configuration = try Configuration(contentsOf: config) } catch {
            print("\(error)")
            throw ExitCode(ConfigurationError.exitCode)
        }
        var number = 0
        while let line = readLine() {
            number += 1
            if line.allSatisfy(\.isWhitespace) { continue }
            guard let entry = try ExceptionFile.entry(for: line, configuration: configuration) else {
                print("line \(number): this is no card number")
                throw ExitCode(DecodeEMVCommand.undecodable)
            }
            print(entry)
        }
    }
}
