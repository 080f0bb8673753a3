import JSON
import Terminal

/// The terminal itself: information, parameters, events, restart, diagnosis, certificates.
extension OperationDefinition {
    static let terminal: [OperationDefinition] = [
        OperationDefinition(
            "GetInformation", alwaysAnswered: true, "What the terminal is and how it is; also the light heartbeat.",
            response: [Field("information", .object(InformationFields.all), required: true, "One consistent snapshot.")],
            results: [.completed], example: ["operation": "GetInformation"]
        ) { _, _ in .getInformation },
        OperationDefinition(
            "GetParameter", "Reads parameters; without any named, all of them.", request: [keys], response: [answered],
            results: [.completed],
            example: ["operation": "GetParameter", "parameters": [["key": "LANG"]]]
        ) { fields, _ throws(FieldError) in
            var names: [String] = []
            for entry in try fields.objects(keys) ?? [] { names.append(try entry.required(key)) }
            return .operation(.getParameters(keys: names))
        },
        OperationDefinition(
            "SetParameter", "Sets all the parameters named, or none. Keys that are not known are stored and named in errorMessage.",
            request: [settings], response: [answered], results: [.completed, .applicationError, .notAllowed],
            example: ["operation": "SetParameter", "parameters": [["key": "HWVENDORID", "value": "ABCD1234"]]]
        ) { fields, _ throws(FieldError) in .operation(.setParameters(try readSettings(fields))) },
        OperationDefinition(
            "Subscribe", "Sends Event notifications on this connection from now on; an empty list ends them.", request: [events],
            results: [.completed], example: ["operation": "Subscribe", "events": ["device", "host"]]
        ) { fields, _ throws(FieldError) in .subscribe(Set((try fields.words(events) ?? []).compactMap(TerminalEvent.Topic.init))) },
        OperationDefinition(
            "Restart", needsTrust: true, "Restarts the terminal; connections are closed with 1001.", request: [when],
            results: [.completed, .notAllowed], example: ["operation": "Restart", "when": "idle"]
        ) { fields, _ throws(FieldError) in .operation(.restart(try fields.text(when).flatMap(RestartMoment.init) ?? .idle)) },
        OperationDefinition(
            "Diagnose", alwaysAnswered: true,
            "Devices, host link, reversals, disk, clock and certificates, with what is wrong and what to do.",
            response: [
                Field(
                    "diagnosis", .object(DiagnosisFields.all),
                    "As countertop diagnose --json writes it, and what only a terminal at work knows.")
            ], results: [.completed, .busy, .timeout],
            example: ["operation": "Diagnose"]
        ) { _, _ in .operation(.diagnose) },
    ]

    /// `Event`: what happened, for a POS that subscribed.
    static let event: [Field] = [
        Field("operation", .choice(["Event"]), required: true, "Always Event."),
        Field("event", .choice(TerminalEvent.Topic.allCases.map(\.rawValue)), required: true, "What it is about."),
        Field("device", .object(InformationFields.device), "The device, of a device event."),
        Field("hostState", InformationFields.hostState.format, "Of a host event."),
        Field("card", .choice(["present", "absent"]), "Of a card event."),
        Field("message", .string(pattern: nil), "For people."),
    ]

    private static let key = Field("key", .text(1...32, .identifier), required: true, "Name of the parameter.")
    private static let keys = Field("parameters", .list(0...64, .object([key])), "Which; all unless given.")
    private static let value = Field("value", .prose(atMost: TerminalParameters.valueLimit), "The value; empty for the standard one.")
    private static let settings = Field("parameters", .list(1...64, .object([key, value])), required: true, "What to set.")
    private static let answered = Field(
        "parameters",
        .list(
            0...1000,
            .object([key, Field("value", .string(pattern: nil), required: true, "The value now.")])), "The parameters and their values.")
    private static let events = Field("events", .words(TerminalEvent.Topic.allCases.map(\.rawValue)), "What to be told of.")
    private static let when = Field("when", .choice(RestartMoment.allCases.map(\.rawValue)), "idle unless given: when no operation runs.")

    private static func readSettings(_ fields: FieldReader) throws(FieldError) -> [TerminalParameters.Setting] {
        var read: [TerminalParameters.Setting] = []
        for entry in try fields.objects(settings) ?? [] {
            let name = try entry.required(key)
            guard !read.contains(where: { $0.key == name }) else { throw entry.error(key, "may stand only once") }
            read.append(.init(key: name, value: try entry.parameterValue(value) ?? ""))
        }
        return read
    }

    static let certificates: [OperationDefinition] = [
        OperationDefinition(
            "GenerateCsr", needsTrust: true, "Makes a new key pair and a certificate request for it; the key never leaves.",
            request: [commonName, alternativeNames] + subjectParts, response: [Field("csr", pem, "PKCS #10 request, PEM.")],
            results: [.completed, .applicationError, .notAllowed],
            example: [
                "operation": "GenerateCsr", "commonName": "till-1.shop.example",
                "subjectAltNames": [["type": "dns", "value": "till-1.shop.example"]],
            ]
        ) { fields, _ throws(FieldError) in .operation(.generateCertificateRequest(try subject(fields))) },
        OperationDefinition(
            "ImportCertificate", needsTrust: true,
            "Puts the certificate for the last request in use, for new connections and without a restart.", request: [certificate],
            response: certificateAnswer, results: [.completed, .applicationError, .notAllowed],
            example: ["operation": "ImportCertificate", "certificate": "-----BEGIN CERTIFICATE-----\n…"]
        ) { fields, _ throws(FieldError) in .operation(.importCertificate(try fields.required(certificate))) },
        OperationDefinition(
            "InstallTrustCertificate", needsTrust: true, "Trusts client certificates that this authority signed, for new connections.",
            request: [certificate], response: certificateAnswer, results: [.completed, .applicationError, .notAllowed],
            example: ["operation": "InstallTrustCertificate", "certificate": "-----BEGIN CERTIFICATE-----\n…"]
        ) { fields, _ throws(FieldError) in .operation(.installTrust(try fields.required(certificate))) },
    ]

    private static let pem = FieldFormat.string(pattern: "^-----BEGIN ")
    private static let certificate = Field("certificate", .pem(atMost: 32_768), required: true, "PEM.")
    private static let certificateAnswer = [
        Field("fingerprint", .string(pattern: "^[0-9A-F]{64}$"), "SHA-256 of the certificate."),
        Field("expires", .string(pattern: InformationFields.dateTimePattern), "When it ends, RFC 3339."),
    ]
    private static let commonName = Field("commonName", .text(1...64, .printable), required: true, "Name of the terminal.")
    private static let alternativeNames = Field(
        "subjectAltNames", .list(0...16, .object([nameType, nameValue])), "Names and addresses that the terminal is reached by.")
    private static let nameType = Field("type", .choice(["dns", "ip"]), required: true, "What the value is.")
    private static let nameValue = Field("value", .text(1...253, .printable), required: true, "A host name or an address.")
    private static let subjectParts =
        ["organization", "organizationalUnit", "locality", "state"].map {
            Field($0, .text(1...64, .printable), "Of the subject.")
        } + [Field("country", .text(2...2, .alphanumeric), "Two letters of ISO 3166-1.")]

    private static func subject(_ fields: FieldReader) throws(FieldError) -> CertificateSubject {
        var subject = CertificateSubject(commonName: try fields.required(commonName))
        for entry in try fields.objects(alternativeNames) ?? [] {
            let name = try entry.required(nameValue)
            if try entry.required(nameType) == "ip" {
                guard IPAddress(name) != nil else { throw entry.error(nameValue, "an IPv4 or IPv6 address") }
                subject.addresses.append(name)
            } else {
                guard name.utf8.allSatisfy({ FieldFormat.Alphabet.identifier.holds($0) || $0 == UInt8(ascii: "*") }) else {
                    throw entry.error(nameValue, "a host name")
                }
                subject.hosts.append(name)
            }
        }
        let parts: [WritableKeyPath<CertificateSubject, String?>] = [
            \.organization, \.organizationalUnit, \.locality, \.state, \.country,
        ]
        for (path, field) in zip(parts, subjectParts) { subject[keyPath: path] = try fields.text(field) }
        return subject
    }
}
