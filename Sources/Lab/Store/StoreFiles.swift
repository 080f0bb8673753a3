import FoundationEssentials
import Keys
import Service

/// What a store keeps on disk, and the configuration it writes for its terminal.
struct StoreFiles: Sendable {
    let directory: String

    var configuration: String { directory + "/terminal.yaml" }
    var terminalData: String { directory + "/terminal" }
    var authority: String { terminalData + "/tls/ca.pem" }
    var terminalLog: String { directory + "/terminal.log" }
    var ledger: String { directory + "/host-ledger.jsonl" }
    var hostTLS: String { directory + "/host-tls" }
    var hostAuthority: String { hostTLS + "/ca.pem" }
    var macKey: String { directory + "/mac.key" }
    var keyEncryptionKey: String { directory + "/key-encryption.key" }
    var cards: String { directory + "/cards.yaml" }
    var authorityKeys: String { directory + "/authority-keys.json" }

    init(directory: String) throws(LabError) {
        self.directory = directory
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try KeyFile.write(LabKeys.hostMAC, to: macKey)
            try KeyFile.write(LabKeys.keyProtection, to: keyEncryptionKey)
            // JSON is YAML, and JSON quotes what YAML could take for a number.
            try JSONEncoder().encode(try TestCertificationAuthority.terminalKeys()).write(
                to: URL(filePath: authorityKeys), options: .atomic)
            try Data(Self.cardTable.utf8).write(to: URL(filePath: cards), options: .atomic)
        } catch {
            throw LabError(.badFile, "The folder \(directory) cannot be used: \(error)")
        }
    }

    /// The built-in table with what `mc-offline` is about: Mastercards may approve less than 50.00 by themselves.
    static let cardTable = CardTable.builtInText.replacing(
        "brand: MASTERCARD\n    type: credit\n", with: "brand: MASTERCARD\n    type: credit\n    floorLimit: 5000\n")

    struct Terminal {
        var posPort, tlsPort, consolePort: Int
        var displayPort: Int?
        var host: String
        var hostAuthority: String?
        var hostIsPlain: Bool
        var changesKey: Bool
    }

    /// The same keys that an integrator would write, no others.
    func writeConfiguration(_ terminal: Terminal) throws(LabError) {
        let text = """
            # Written by countertop-lab; see docs/configuration.md.
            terminal:
              id: "LAB00001"
              merchantID: "LABMERCHANT0001"
              merchantName: Corner Shop
              merchantLocation: 1 Main Street, Springfield
              acquirerID: "000001"
              serialNumber: "CT000001"
            pos:
              port: \(terminal.posPort)
              tlsPort: \(terminal.tlsPort)
              origins: ["null", "http://127.0.0.1:\(terminal.consolePort)", "http://localhost:\(terminal.consolePort)"]
            host:
              primary: \(terminal.host)
              tls: \(!terminal.hostIsPlain)
              macKey: mac.key
            \(terminal.changesKey ? "  keyEncryptionKey: key-encryption.key" : "")
            \(terminal.hostAuthority.map { "  ca: \($0)" } ?? "")
            \(terminal.displayPort.map { "display: { port: \($0) }" } ?? "")
            emv:
              authorityKeys: authority-keys.json
              cards: cards.yaml
            data: \(terminalData)
            log:
              level: debug

            """
        do { try Data(text.utf8).write(to: URL(filePath: configuration), options: .atomic) } catch {
            throw LabError(.badFile, "\(configuration) cannot be written.")
        }
    }

    func log() -> [UInt8] { FileManager.default.contents(atPath: terminalLog).map(Array.init) ?? [] }
}
