import Hex
import Keys
import SmartCard
import Yams

extension CardProfile {
    /// Reads one profile. Every key must be known and every value usable: `badFile` says which is not.
    public init(yaml: String) throws {
        guard let root = try Yams.compose(yaml: yaml) else { throw LabError(.badFile, "the card profile is empty") }
        var fields = try ProfileFields(root, "profile")
        name = try fields.text("name")
        summary = try fields.text("summary")
        guard let pan = PAN(try fields.text("pan")) else { throw fields.bad("pan", "8 to 19 digits") }
        self.pan = pan
        panSequenceNumber = try fields.optionalText("panSequenceNumber").map { text in
            guard let number = Int(text), (0...99).contains(number) else { throw fields.bad("panSequenceNumber", "0 to 99") }
            return number
        }
        effective = try fields.digits("effective", 6...6)
        expiry = try fields.digits("expiry", 6...6)
        cardholder = try fields.text("cardholder")
        guard (2...26).contains(cardholder.utf8.count) else { throw fields.bad("cardholder", "2 to 26 characters") }
        serviceCode = try fields.digits("serviceCode", 3...3)
        pin = fields.has("pin") ? SecretBytes(try fields.digits("pin", 4...12).utf8) : nil
        country = try fields.digits("country", 3...3)
        currency = try fields.digits("currency", 3...3)
        issuerIdentification = fields.has("issuerIdentification") ? try fields.digits("issuerIdentification", 6...6) : nil
        language = try fields.optionalText("language") ?? "en"
        paymentSystemEnvironment = try fields.flag("paymentSystemEnvironment", default: true)
        blocked = try fields.flag("blocked", default: false)
        chip = try fields.choice(try fields.optionalText("chip") ?? "works", "chip")
        applications = try fields.list("applications").map { try Application($0) }
        guard applications.isEmpty == (chip != .works) else { throw fields.bad("applications", "at least one, if the chip works") }
        try fields.finish()
    }
}

extension CardProfile.Application {
    init(_ node: Node) throws {
        var fields = try ProfileFields(node, "application")
        aid = try fields.bytes("aid", 5...16)
        label = try fields.text("label")
        guard (1...16).contains(label.utf8.count) else { throw fields.bad("label", "1 to 16 characters") }
        preferredName = try fields.optionalText("preferredName")
        guard (1...16).contains(preferredName?.utf8.count ?? 1) else { throw fields.bad("preferredName", "1 to 16 characters") }
        let priority = try fields.optionalText("priority") ?? "1"
        guard let value = UInt8(priority), value <= 15 else { throw fields.bad("priority", "0 to 15") }
        self.priority = value
        confirmation = try fields.flag("confirmation", default: false)
        blocked = try fields.flag("blocked", default: false)
        pdol = try DataObjectList.parse(try fields.bytes("pdol", 0...252, default: []))
        cdol1 = try DataObjectList.parse(try fields.bytes("cdol1", 2...252))
        cdol2 = try DataObjectList.parse(try fields.bytes("cdol2", 2...252))
        supports = Set(try fields.list("supports").map { try fields.choice($0.string ?? "", "supports") as CardProfile.Feature })
        cvmList = try fields.bytes("cvmList", 10...252)
        actionCodeDefault = try fields.bytes("actionCodeDefault", 5...5)
        actionCodeDenial = try fields.bytes("actionCodeDenial", 5...5)
        actionCodeOnline = try fields.bytes("actionCodeOnline", 5...5)
        usageControl = try fields.bytes("usageControl", 2...2, default: [0xFF, 0x00])
        version = try fields.bytes("version", 2...2)
        switch try fields.text("cryptogramVersion") {
        case "10": cryptogramVersion = .cvn10
        case "18": cryptogramVersion = .cvn18
        default: throw fields.bad("cryptogramVersion", "10 or 18")
        }
        switch try fields.text("responseFormat") {
        case "1": responseFormat = 1
        case "2": responseFormat = 2
        default: throw fields.bad("responseFormat", "1 or 2")
        }
        keys = try fields.choice(try fields.text("keys"), "keys")
        firstApproval = try fields.choice(try fields.optionalText("firstApproval") ?? "online", "firstApproval")
        onlineRequest = try fields.choice(try fields.optionalText("onlineRequest") ?? "online", "onlineRequest")
        secondApproval = try fields.choice(try fields.optionalText("secondApproval") ?? "approve", "secondApproval")
        issuerAuthenticationMandatory = try fields.flag("issuerAuthenticationMandatory", default: false)
        muteAt = try fields.optionalText("muteAt").map { try fields.choice($0, "muteAt") }
        acceptsScripts = try fields.flag("acceptsScripts", default: true)
        if fields.has("offlineLimits") {
            let limits = try fields.bytes("offlineLimits", 2...2)
            offlineLimits = (limits[0], limits[1])
        }
        fault = try fields.optionalText("fault").map { try fields.choice($0, "fault") }
        try fields.finish()
    }
}

/// One mapping of a profile; remembers which keys were asked for, so that a misspelt one is found.
private struct ProfileFields {
    private let mapping: Node.Mapping
    private let place: String
    private var known: Set<String> = []

    init(_ node: Node, _ place: String) throws {
        guard let mapping = node.mapping else { throw LabError(.badFile, "the \(place) is no mapping") }
        self.mapping = mapping
        self.place = place
    }

    /// The error for a value that is not `rule`; never shows the value.
    func bad(_ key: String, _ rule: String) -> LabError { LabError(.badFile, "\(place).\(key) must be \(rule)") }

    mutating func has(_ key: String) -> Bool {
        known.insert(key)
        return mapping[Node(key)] != nil
    }

    mutating func optionalText(_ key: String) throws -> String? {
        known.insert(key)
        guard let node = mapping[Node(key)] else { return nil }
        guard let text = node.scalar?.string, !text.isEmpty else { throw bad(key, "a text") }
        return text
    }

    mutating func text(_ key: String) throws -> String {
        guard let text = try optionalText(key) else { throw bad(key, "there") }
        return text
    }

    mutating func digits(_ key: String, _ length: ClosedRange<Int>) throws -> String {
        let text = try text(key)
        guard length.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw bad(key, "\(length) digits")
        }
        return text
    }

    mutating func flag(_ key: String, default fallback: Bool) throws -> Bool {
        switch try optionalText(key) {
        case nil: return fallback
        case "true": return true
        case "false": return false
        default: throw bad(key, "true or false")
        }
    }

    mutating func bytes(_ key: String, _ length: ClosedRange<Int>, default fallback: [UInt8]? = nil) throws -> [UInt8] {
        if let fallback, mapping[Node(key)] == nil { return fallback }
        guard let bytes = [UInt8](hex: try text(key)), length.contains(bytes.count) else {
            throw bad(key, "\(length) bytes in hexadecimal")
        }
        return bytes
    }

    mutating func list(_ key: String) throws -> [Node] {
        known.insert(key)
        guard let sequence = mapping[Node(key)]?.sequence else { throw bad(key, "a list") }
        return Array(sequence)
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(_ text: String, _ key: String) throws -> Value {
        guard let value = Value(rawValue: text) else { throw bad(key, "one of \(Value.allCases.map(\.rawValue).joined(separator: " "))") }
        return value
    }

    func finish() throws {
        for (key, _) in mapping where !known.contains(key.string ?? "") {
            throw LabError(.badFile, "\(place).\(key.string ?? "?") is not known")
        }
    }
}
