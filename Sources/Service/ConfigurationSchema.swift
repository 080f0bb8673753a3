import Devices

/// What one key of the configuration file may hold.
enum ConfigurationKind: Sendable {
    /// Printable characters, at most so many.
    case text(atMost: Int)
    /// Decimal digits, exactly or between so many.
    case digits(ClosedRange<Int>)
    case integer(ClosedRange<Int>)
    case boolean
    case choice([String])
    /// `HOST:PORT`, an IPv6 address in brackets.
    case endpoint
    /// A file or folder; a relative one is taken from the folder of the configuration file.
    case path
    case hex(bytes: Int)
    /// A YAML list of texts, each of the kind named.
    case list(ListElement)

    enum ListElement: String, Sendable {
        case addressRange = "address ranges such as 192.168.1.0/24 or ::1/128"
        case fingerprint = "SHA-256 fingerprints, 64 hexadecimal digits"
        case origin = "origins such as https://pos.example"
        case name = "host names or addresses"
        case codeTable = "numbers from 1 to 10"
        case cardPrefix = "leading digits of card numbers, 1 to 12; not 3 to 6, nor any of 2221 to 2720"
    }

    /// What a person is told when a value does not fit, and what the documentation says.
    var allowed: String {
        switch self {
        case .text(let atMost): "text of 1 to \(atMost) characters"
        case .digits(let range) where range.lowerBound == range.upperBound: "\(range.lowerBound) digits"
        case .digits(let range): "\(range.lowerBound) to \(range.upperBound) digits"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .choice(let choices): choices.joined(separator: ", ")
        case .endpoint: "HOST:PORT"
        case .path: "a path"
        case .hex(let bytes): "\(bytes * 2) hexadecimal digits"
        case .list(let element): "a list of \(element.rawValue)"
        }
    }
}

/// One key of the file with everything that checks, defaults and documents it.
struct ConfigurationKey: Sendable {
    enum Presence: Sendable, Equatable {
        case required
        case optional
        case standard(String)
    }

    var path: String
    var kind: ConfigurationKind
    var presence: Presence
    var meaning: String

    init(_ path: String, _ kind: ConfigurationKind, _ presence: Presence, _ meaning: String) {
        self.path = path
        self.kind = kind
        self.presence = presence
        self.meaning = meaning
    }
}

/// All keys. `docs/configuration.md` is written from this table, and a test holds the two together.
enum ConfigurationSchema {
    static let keys: [ConfigurationKey] = terminal + pos + host + devices + limits + other

    private static let terminal: [ConfigurationKey] = [
        .init("terminal.id", .text(atMost: 8), .required, "Terminal id given by the acquirer; ISO 8583 field 41, EMV 9F1C."),
        .init("terminal.merchantID", .text(atMost: 15), .required, "Merchant id given by the acquirer; field 42, EMV 9F16."),
        .init("terminal.merchantName", .text(atMost: 40), .required, "Name on receipts and in field 43."),
        .init("terminal.merchantLocation", .text(atMost: 40), .standard("-"), "Street and city on receipts and in field 43."),
        .init("terminal.merchantCategory", .digits(4...4), .standard("5999"), "Merchant category code; field 26, EMV 9F15."),
        .init("terminal.acquirerID", .digits(6...11), .standard("000000"), "Acquirer id; field 32, EMV 9F01."),
        .init("terminal.currency", .text(atMost: 3), .standard("USD"), "Currency of all amounts, three letters of ISO 4217."),
        .init("terminal.country", .digits(3...3), .standard("840"), "Country, three digits of ISO 3166-1; EMV 9F1A."),
        .init(
            "terminal.serialNumber", .text(atMost: 16), .standard("COUNTERTOP"),
            "Serial number shown to the POS; its first 8 characters are EMV 9F1E."),
        .init(
            "terminal.language", .choice(["en", "fr", "es"]), .standard("en"),
            "Language of prompts until the card or the POS asks for another."),
    ]

    private static let pos: [ConfigurationKey] = [
        .init("pos.address", .text(atMost: 45), .standard("127.0.0.1"), "Address to listen on; 0.0.0.0 or :: for all."),
        .init(
            "pos.port", .integer(0...65535), .standard("8442"), "Port that takes TLS and, from loopback, plain WebSocket. 0: any free port."
        ),
        .init("pos.tlsPort", .integer(0...65535), .standard("8443"), "Port that takes TLS only."),
        .init(
            "pos.plainFromAnywhere", .boolean, .standard("false"),
            "Accept unencrypted connections from other machines too. Everyone on the network can then read and change the conversation."),
        .init("pos.allow", .list(.addressRange), .standard("127.0.0.0/8 ::1/128"), "Who may connect."),
        .init("pos.allowCertificates", .list(.fingerprint), .standard(""), "Client certificates that may connect from anywhere."),
        .init("pos.origins", .list(.origin), .standard(""), "Web pages, besides our own, whose scripts may connect."),
        .init("pos.clientCertificates", .choice(["off", "optional", "required"]), .standard("off"), "Mutual TLS."),
        .init("pos.clientCA", .path, .optional, "PEM file of the authority that signed the POS certificates."),
        .init(
            "pos.certificate", .path, .optional,
            "PEM chain of our own; without it a site authority and a certificate are made in the data folder."),
        .init("pos.key", .path, .optional, "PEM private key that belongs to pos.certificate."),
        .init("pos.names", .list(.name), .standard(""), "Further names and addresses for the certificate we make."),
        .init("pos.connections", .integer(1...64), .standard("8"), "Connections at the same time."),
        .init("pos.messageBytes", .integer(1024...1_048_576), .standard("65536"), "Longest message taken."),
        .init(
            "pos.connectionLost", .choice(["reverse", "complete"]), .standard("reverse"),
            "An approval that arrives when no POS is connected any more: reverse it, or keep it for LastTransaction."),
        .init(
            "pos.clearRanges", .list(.cardPrefix), .standard(""),
            "Cards whose whole number ReadCard tells, such as loyalty cards; none that a payment card could begin with."),
    ]

    private static let host: [ConfigurationKey] = [
        .init("host.primary", .endpoint, .required, "The payment host."),
        .init("host.secondary", .endpoint, .optional, "Tried when the primary cannot be reached."),
        .init("host.dialect", .text(atMost: 64), .standard("iso8583-1993"), "Name of a built-in dialect, or the path of a dialect file."),
        .init("host.tls", .boolean, .standard("true"), "TLS to the host; false is possible on loopback only."),
        .init(
            "host.ca", .path, .optional, "PEM file of the authority that signed the host's certificate; the system's authorities otherwise."
        ),
        .init("host.serverName", .text(atMost: 253), .optional, "Name expected in the host's certificate, if not that of host.primary."),
        .init("host.certificate", .path, .optional, "PEM chain for mutual TLS with the host."),
        .init("host.key", .path, .optional, "PEM private key that belongs to host.certificate."),
        .init("host.pins", .list(.fingerprint), .standard(""), "Certificates of the host to accept, and no others."),
        .init(
            "host.macKey", .path, .optional,
            "File (mode 0600) with the MAC key as hexadecimal digits; without it messages carry no MAC and transactions answer 83."),
        .init(
            "host.keyEncryptionKey", .path, .optional,
            "File (mode 0600) with the AES key under which the host sends new MAC keys; with it the terminal asks for one after each start."
        ),
    ]

    private static let devices: [ConfigurationKey] =
        selectors + [
            .init(
                "devices.chip.rates", .choice(["default", "negotiated"]), .standard("default"),
                "Speed between reader and card: EMV's default, or, with readers that can, the faster one that the card offers (PPS).")
        ]

    private static let selectors: [ConfigurationKey] = DeviceDescription.Kind.allCases.flatMap { kind -> [ConfigurationKey] in
        [
            .init(
                "devices.\(kind.rawValue).path", .text(atMost: 64), .optional,
                "Bus path of the \(kind.text) to use, as `countertop devices` prints it."),
            .init(
                "devices.\(kind.rawValue).serial", .text(atMost: 126), .optional, "Serial number of the \(kind.text) to use."),
        ]
    }

    private static let limits: [ConfigurationKey] = [
        .init("limits.cardTimeout", .integer(5...60), .standard("60"), "Seconds to wait for a card (CARDTIMEOUT)."),
        .init(
            "limits.cardholderTimeout", .integer(5...75), .standard("75"), "Seconds for all that the cardholder does (CARDHOLDERTIMEOUT)."),
        .init(
            "limits.hostTimeout", .integer(5...30), .standard("30"),
            "Seconds from the end of the card phase to the host's answer (HOSTTIMEOUT)."),
    ]

    private static let other: [ConfigurationKey] = [
        .init(
            "display.port", .integer(0...65535), .optional,
            "Port on loopback of the cardholder display page, for a kiosk browser on this machine; 0 for any free one. Without it there is no page."
        ),
        .init(
            "emv.authorityKeys", .path, .optional,
            "Public keys of the payment systems' certification authorities, and revoked certificates (`keys`, `revoked`). Without it the terminal claims no offline data authentication (EMV 9F33)."
        ),
        .init("emv.cards", .path, .optional, "Brands, applications (AIDs), number ranges and limits; the built-in table otherwise."),
        .init(
            "emv.dataObjects", .path, .optional,
            "Data objects of field 55 and of receipts, default DDOL and TDOL; what the file does not say is built in."),
        .init("emv.exceptions", .path, .optional, "Exception file: cards that are not approved without their issuer."),
        .init(
            "emv.terminalType", .choice(["21", "22", "23", "24", "25", "26"]), .standard("22"),
            "EMV 9F35, a merchant's terminal: attended online only, both, offline only (21 to 23), unattended the same (24 to 26)."),
        .init("emv.pinBypass", .boolean, .standard("false"), "Whether a cardholder may leave the PIN out at an attended terminal."),
        .init(
            "emv.cardholderSelection", .boolean, .standard("true"),
            "Whether the cardholder chooses among several applications; if not, the card's first priority is taken."),
        .init(
            "emv.codeTables", .list(.codeTable), .standard("1"),
            "Parts of ISO/IEC 8859 in which display and receipt printer can show names that cards give (EMV 9F40)."),
        .init(
            "reboot", .boolean, .standard("false"),
            "The daily restart restarts the whole machine, through systemd; systemd/countertop-reboot.rules lets the terminal ask for it."),
        .init("data", .path, .standard("/var/lib/countertop"), "Folder of the journal, keys and certificates."),
        .init(
            "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error"]), .standard("info"),
            "Least important lines to log."),
        .init(
            "log.directory", .path, .optional,
            "Folder of the log files, one a day, kept NUMLOGDAYS days besides today; `log` in the data folder otherwise."),
    ]
}
