import ArgumentParser
import EMV
import Glibc

struct EMVCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "emv", abstract: "Runs a transaction on the attached reader, or decodes what cards and terminals exchange.",
        subcommands: [RunEMVCommand.self, DecodeEMVCommand.self, ExceptionCommand.self], defaultSubcommand: RunEMVCommand.self)
}

struct DecodeEMVCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Says what the bytes mean, with card data masked.",
        discussion: "Without --as the kind is guessed and the guess is said. Exit code 65: the bytes cannot be decoded.")

    /// EX_DATAERR of sysexits.h.
    static let undecodable: Int32 = 65

    @Argument(help: "Hexadecimal text; several arguments are one after another.") var hex: [String]
    @Option(name: .customLong("as"), help: "What the bytes are.") var kind: DecodedObject.Kind?

    func run() throws {
        do throws(DecodingFailure) { print(try EMVDecoder.decode(hex: hex.joined(separator: " "), as: kind).text) } catch {
            var message = "countertop emv decode: \(error.message)\n"
            message.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
            throw ExitCode(Self.undecodable)
        }
    }
}

extension DecodedObject.Kind: ExpressibleByArgument {}
