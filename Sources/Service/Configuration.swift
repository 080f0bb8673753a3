import Devices
import EMV
import Money
import USB

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The configuration of one terminal, read from one YAML file; `docs/configuration.md` explains every key.
public struct Configuration: Sendable {
    public struct Merchant: Sendable {
        public var terminalID, merchantID, name, location, categoryCode, acquirerID: String
        public var currency: Currency
        public var countryCode: Int
        public var serialNumber: String
        public var language: String
    }

    public struct PointOfSale: Sendable {
        public enum ClientCertificates: String, Sendable { case off, optional, required }
        public enum ConnectionLost: String, Sendable { case reverse, complete }

        public var address: String
        public var port, tlsPort: Int
        public var plainFromAnywhere: Bool
        public var allow: [String]
        public var allowCertificates: [String]
        public var origins: [String]
        public var clientCertificates: ClientCertificates
        public var clientCA, certificate, key: String?
        public var names: [String]
        public var connections, messageBytes: Int
        public var connectionLost: ConnectionLost
        public var clearRanges: [String]
    }

    public struct Host: Sendable {
        public var primary: Endpoint
        public var secondary: Endpoint?
        public var dialect: String
        public var tls: Bool
        public var ca, serverName, certificate, key: String?
        public var pins: [String]
        public var macKey: String?
        public var keyEncryptionKey: String?
    }

    public struct Kernel: Sendable {
        public var terminalType: TerminalType
        public var pinBypass, cardholderSelection: Bool
        /// Parts of ISO/IEC 8859.
        public var codeTables: [Int]
    }

    public struct Limits: Sendable {
        public var card, cardholder, host: Duration
    }

    public var file: String
    public var merchant: Merchant
    public var pos: PointOfSale
    public var host: Host
    public var devices: DeviceRoles
    /// `devices.chip.rates: negotiated`
    public var negotiatesRates: Bool
    public var limits: Limits
    /// `nil` for no page.
    public var displayPort: Int?
    public var kernel: Kernel
    public var cardsFile, exceptionsFile, authorityKeysFile, dataObjectsFile: String?
    /// The daily restart is the machine's.
    public var reboots: Bool
    public var dataDirectory: String
    public var logLevel: String
    public var logDirectory: String

    public init(contentsOf path: String) throws(ConfigurationError) {
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError(.unreadable, file: path, "The configuration file is not there or cannot be read as UTF-8 text.")
        }
        try self.init(yaml: text, file: path)
    }

    /// - Parameter file: used in messages, and for the folder that relative paths start from.
    public init(yaml: String, file: String) throws(ConfigurationError) {
        let values = try ConfigurationFile(yaml: yaml, file: file)
        func text(_ key: String) -> String { values.entries[key]?.texts.first ?? "" }
        func optional(_ key: String) -> String? { values.entries[key]?.texts.first }
        func list(_ key: String) -> [String] { values.entries[key]?.texts ?? [] }
        func number(_ key: String) -> Int { Int(text(key)) ?? 0 }
        func path(_ key: String) -> String? {
            optional(key).map { $0.hasPrefix("/") ? $0 : Self.directory(of: file) + "/" + $0 }
        }
        func refuse(_ key: String, _ message: String) -> ConfigurationError {
            ConfigurationError(.badValue, file: file, line: values.entries[key]?.line, "\(key): \(message)")
        }

        guard let currency = Currency(text("terminal.currency")) else {
            let codes = Currency.table.map(\.alphabeticCode).joined(separator: ", ")
            throw refuse("terminal.currency", "this currency is not known. Allowed: \(codes).")
        }
        guard let primary = Endpoint(text("host.primary")) else { throw refuse("host.primary", "Allowed: HOST:PORT.") }
        self.file = file
        merchant = Merchant(
            terminalID: text("terminal.id"), merchantID: text("terminal.merchantID"), name: text("terminal.merchantName"),
            location: text("terminal.merchantLocation"), categoryCode: text("terminal.merchantCategory"),
            acquirerID: text("terminal.acquirerID"),
            currency: currency, countryCode: number("terminal.country"), serialNumber: text("terminal.serialNumber"),
            language: text("terminal.language"))
        pos = PointOfSale(
            address: text("pos.address"), port: number("pos.port"), tlsPort: number("pos.tlsPort"),
            plainFromAnywhere: text("pos.plainFromAnywhere") == "true", allow: list("pos.allow"),
            allowCertificates: list("pos.allowCertificates"),
            origins: list("pos.origins"), clientCertificates: .init(rawValue: text("pos.clientCertificates")) ?? .off,
            clientCA: path("pos.clientCA"),
            certificate: path("pos.certificate"), key: path("pos.key"), names: list("pos.names"), connections: number("pos.connections"),
            messageBytes: number("pos.messageBytes"), connectionLost: .init(rawValue: text("pos.connectionLost")) ?? .reverse,
            clearRanges: list("pos.clearRanges"))
        host = Host(
            primary: primary, secondary: optional("host.secondary").flatMap { Endpoint($0) }, dialect: text("host.dialect"),
            tls: text("host.tls") == "true", ca: path("host.ca"), serverName: optional("host.serverName"),
            certificate: path("host.certificate"),
            key: path("host.key"), pins: list("host.pins"), macKey: path("host.macKey"),
            keyEncryptionKey: path("host.keyEncryptionKey"))
        negotiatesRates = text("devices.chip.rates") == "negotiated"
        devices = DeviceRoles()
        for kind in DeviceDescription.Kind.allCases {
            if let path = optional("devices.\(kind.rawValue).path") {
                devices.selectors[kind] = .path(USBBusPath(path))
            } else if let serial = optional("devices.\(kind.rawValue).serial") {
                devices.selectors[kind] = .serialNumber(serial)
            }
        }
        limits = Limits(
            card: .seconds(number("limits.cardTimeout")), cardholder: .seconds(number("limits.cardholderTimeout")),
            host: .seconds(number("limits.hostTimeout")))
        displayPort = optional("display.port").flatMap { Int($0) }
        kernel = Kernel(
            terminalType: TerminalType(rawValue: UInt8(text("emv.terminalType"), radix: 16) ?? 0x22),
            pinBypass: text("emv.pinBypass") == "true", cardholderSelection: text("emv.cardholderSelection") == "true",
            codeTables: list("emv.codeTables").compactMap { Int($0) })
        cardsFile = path("emv.cards")
        exceptionsFile = path("emv.exceptions")
        authorityKeysFile = path("emv.authorityKeys")
        dataObjectsFile = path("emv.dataObjects")
        reboots = text("reboot") == "true"
        dataDirectory = path("data") ?? "/var/lib/countertop"
        logLevel = text("log.level")
        logDirectory = path("log.directory") ?? dataDirectory + "/log"
        if (pos.certificate == nil) != (pos.key == nil) { throw refuse("pos.certificate", "goes with pos.key: give both or none.") }
        if (host.certificate == nil) != (host.key == nil) { throw refuse("host.certificate", "goes with host.key: give both or none.") }
        if pos.clientCertificates != .off, pos.clientCA == nil {
            throw refuse("pos.clientCertificates", "\(pos.clientCertificates.rawValue) needs pos.clientCA.")
        }
    }

    private static func directory(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }
}
