import ArgumentParser
import Foundation
import TerminalAPI

/// Writes the protocol documents from the tables of the code.
struct ProtocolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "protocol", abstract: "Write the JSON Schemas, the AsyncAPI file and the pages of the POS protocol.")

    @Option(help: "The folder to write to.")
    var to = "docs/protocol"

    func run() throws {
        for file in ProtocolDocuments.files {
            let path = URL(filePath: to).appending(path: file.path)
            try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.content.utf8).write(to: path)
        }
        print("\(ProtocolDocuments.files.count) files written to \(to).")
    }
}
